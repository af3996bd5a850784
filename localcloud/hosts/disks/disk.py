"""The disk of one host: a folder for what it writes, above layers that stay as they are."""

import os
import shutil
from pathlib import Path

from localcloud.hosts.disks.layers import Layers, copy_tree
from localcloud.hosts.disks.mounts import mount_overlay, unmount_below


class Disk:
    """A host's disk. Not for use by several threads."""

    def __init__(self, host: str, folder: Path, layers: Layers, image: str) -> None:
        """Prepare the disk of `host` in `folder`; no file is made before `create`.

        It begins as `image`: one that `freeze` or `copy` made, and a base image where none did. From now on
        the image's layers stay until `destroy`.
        """
        self._host = host
        self._folder = folder
        self._layers = layers
        layers.hold(host, layers.stack(image))

    @property
    def root(self) -> Path:
        """Where it is mounted."""
        return self._folder / "root"

    @property
    def _upper(self) -> Path:
        return self._folder / "upper"

    @property
    def _work(self) -> Path:
        return self._folder / "work"

    def create(self) -> None:
        """Make its folders, and the base that it stands on, which can take minutes.

        Raises `LocalcloudError` or `OSError`.
        """
        self._layers.ensure_base(self._host)
        for folder in (self.root, self._upper, self._work):
            folder.mkdir(parents=True)

    def mount(self) -> None:
        """Mount it, unless it is mounted."""
        if not os.path.ismount(self.root):
            mount_overlay(self.root, self._layers.stack(self._host), (self._upper, self._work))

    def unmount(self) -> None:
        """Unmount it, and all that is mounted on it."""
        unmount_below(self._folder)

    def freeze(self, image: str) -> None:
        """Make an image of the disk, which is not mounted, and go on above it; nothing is copied.

        Only where there would be too many layers, all are copied into one. Raises `LocalcloudError` or
        `OSError`; then the disk is as it was.
        """
        layer = self._layers.place(image)
        self._upper.rename(layer)
        try:
            stack = self._layers.merged((layer, *self._layers.stack(self._host)))
        except Exception:
            layer.rename(self._upper)
            raise
        # The kernel's working folder is one with the upper one.
        shutil.rmtree(self._work)
        for folder in (self._upper, self._work):
            folder.mkdir()
        self._layers.hold(image, stack)
        self._layers.hold(self._host, stack)
        if layer not in stack:
            shutil.rmtree(layer)

    def copy(self, image: str) -> None:
        """Make an image of the disk as it stands, while its host may be writing.

        Raises `LocalcloudError` or `OSError`.
        """
        layer = self._layers.place(image)
        copy_tree(self._upper, layer)
        try:
            stack = self._layers.merged((layer, *self._layers.stack(self._host)))
            self._layers.hold(image, stack)
        except Exception:
            shutil.rmtree(layer)
            raise
        if layer not in stack:
            shutil.rmtree(layer)

    def destroy(self) -> None:
        """Remove it; layers that were only its own go too."""
        for folder in (self.root, self._upper, self._work):
            # A host that failed before it was made has none.
            if folder.exists():
                shutil.rmtree(folder)
        self._layers.release(self._host)
