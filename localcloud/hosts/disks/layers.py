"""The layers that disks are made of: the base image, and what was frozen of hosts' disks as own images.

A layer holds what a host had changed of the layers below it: files, and the marks that overlayfs leaves for
what was deleted (https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories). It is
never written again.
"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import LocalcloudError
from localcloud.hosts.disks.mounts import mount_overlay, unmount_below

# Each layer costs a look-up wherever a file is opened, and the kernel takes at most 4 KiB of paths.
# Where there would be more, all are copied into one.
MAX_LAYERS = 8

Stack = tuple[Path, ...]
"""Layers, the uppermost first."""


@dataclass(frozen=True)
class LateBase:
    """A base image that few clouds need: `ensure` makes it at `folder`, unless it is there."""

    folder: Path
    ensure: Callable[[], object]


class Layers:
    """The layers of one cloud, and who stands on which. Safe for several threads."""

    def __init__(self, base: Path, folder: Path, others: Mapping[str, LateBase] | None = None) -> None:
        """Keep layers in `folder`; all of them stand on the image at `base`, which always stays.

        Those of images named in `others` stand on these, which stay likewise.
        """
        self._base = base
        self._others = dict(others or {})
        self._folder = folder
        self._stacks: dict[str, Stack] = {}
        self._lock = threading.Lock()

    def stack(self, holder: str) -> Stack:
        """Return what a host or an image stands on: a base alone, unless `hold` said otherwise."""
        other = self._others.get(holder)
        return self._stacks.get(holder, (other.folder if other else self._base,))

    def ensure_base(self, holder: str) -> None:
        """Make the base that a host or an image stands on, if it is one that is made when it is needed.

        Raises `LocalcloudError` or `OSError`.
        """
        for other in self._others.values():
            if other.folder == self.stack(holder)[-1]:
                other.ensure()

    def hold(self, holder: str, stack: Stack) -> None:
        """Keep the layers of `stack` for a host or an image, in the place of those that it held before."""
        self._replace(holder, stack)

    def release(self, holder: str) -> None:
        """Keep nothing for a host or an image any more; layers that nobody stands on are removed."""
        self._replace(holder, ())

    def place(self, name: str) -> Path:
        """Return where a new layer called `name` is to be put; whoever does not `hold` it then removes it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / name

    def merged(self, stack: Stack) -> Stack:
        """Return a stack with the same files that is not too high: the same one, or a copy in one layer.

        The copy takes seconds. Raises `LocalcloudError` or `OSError`.
        """
        if len(stack) <= MAX_LAYERS:
            return stack
        whole, view = (self.place(f"{stack[0].name}-{word}") for word in ("whole", "view"))
        view.mkdir()
        try:
            mount_overlay(view, stack)
            copy_tree(view, whole)
        finally:
            unmount_below(view)
            view.rmdir()
        return (whole,)

    def _replace(self, holder: str, stack: Stack) -> None:
        with self._lock:
            before = self._stacks.pop(holder, ())
            if stack:
                self._stacks[holder] = stack
            bases = {self._base, *(other.folder for other in self._others.values())}
            held = bases.union(*self._stacks.values())
            doomed = set(before) - held
        for layer in doomed:
            shutil.rmtree(layer)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder to one that does not exist yet, with owners, times, hard links and extended attributes.

    Files that go while it works are left out: a running host may remove some. Raises `LocalcloudError`, and
    leaves no half of a copy.
    """
    copied = subprocess.run(  # noqa: S603  the arguments are our own
        [  # noqa: S607  where it lies differs
            "cp",
            "--recursive",
            "--no-dereference",
            "--preserve=mode,ownership,timestamps,links,xattr",
            "--reflink=auto",
            "--no-target-directory",
            source,
            target,
        ],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    problems = [line for line in copied.stderr.splitlines() if not line.endswith("No such file or directory")]
    if copied.returncode != 0 and (problems or not target.is_dir()):
        shutil.rmtree(target, ignore_errors=True)
        raise LocalcloudError(f"the disk cannot be copied: {(problems or [copied.stderr.strip()])[0]}")
