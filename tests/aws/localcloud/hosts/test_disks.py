"""Disks above many layers; they are mounted, but nothing boots from them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.errors import LocalcloudError
from localcloud.hosts.disks.disk import Disk
from localcloud.hosts.disks.layers import MAX_LAYERS, Layers, copy_tree
from tests.localcloud_fixture import Hosts


@pytest.fixture
def layers(tmp_path: Path, hosts: Hosts) -> Layers:
    """Layers above a base with two files and a folder; `hosts` are where overlays can be mounted."""
    base = tmp_path / "base"
    (base / "folder").mkdir(parents=True)
    for name in ("deleted", "folder/inside"):
        (base / name).write_text("of the base")
    return Layers(base, tmp_path / "layers")


@pytest.fixture
def disk(tmp_path: Path, layers: Layers) -> Iterator[Disk]:
    made = Disk("host", tmp_path / "host", layers, "")
    made.create()
    yield made
    made.unmount()


def stored(layers: Path) -> list[str]:
    return sorted(path.name for path in layers.iterdir())


def test_a_disk_keeps_its_content_through_more_images_than_layers(
    disk: Disk, layers: Layers, tmp_path: Path
) -> None:
    disk.mount()
    (disk.root / "deleted").unlink()
    (disk.root / "folder/inside").unlink()
    (disk.root / "folder").rmdir()
    (disk.root / "folder").mkdir()
    numbers = range(MAX_LAYERS + 3)
    for number in numbers:
        disk.mount()
        (disk.root / f"file-{number}").write_text(str(number))
        os.setxattr(disk.root / f"file-{number}", "trusted.mark", b"x")
        disk.unmount()
        disk.freeze(f"image-{number}")

    other = Disk("other", tmp_path / "other", layers, f"image-{numbers[-1]}")
    other.create()
    other.mount()
    assert sorted(path.name for path in other.root.iterdir()) == sorted(
        ["folder", *(f"file-{number}" for number in numbers)]
    )
    assert list((other.root / "folder").iterdir()) == []
    assert [(other.root / f"file-{number}").read_text() for number in numbers] == [str(n) for n in numbers]
    assert os.getxattr(other.root / "file-0", "trusted.mark") == b"x"
    assert len(layers.stack("other")) <= MAX_LAYERS
    other.unmount()
    other.destroy()
    disk.destroy()
    for number in numbers:
        layers.release(f"image-{number}")
    assert stored(tmp_path / "layers") == []


def test_layers_stay_as_long_as_a_host_or_an_image_stands_on_them(
    disk: Disk, layers: Layers, tmp_path: Path
) -> None:
    disk.freeze("lower")
    disk.copy("upper")
    # It is about to boot, and has no file yet.
    other = Disk("other", tmp_path / "other", layers, "upper")

    layers.release("lower")
    assert stored(tmp_path / "layers") == ["lower", "upper"], "the host and `upper` stand on it"
    disk.destroy()
    assert stored(tmp_path / "layers") == ["lower", "upper"]
    layers.release("upper")
    assert stored(tmp_path / "layers") == ["lower", "upper"]
    other.destroy()
    assert stored(tmp_path / "layers") == []


def test_a_copy_that_fails_leaves_no_half_and_the_disk_as_it_was(
    disk: Disk, layers: Layers, tmp_path: Path
) -> None:
    disk.mount()
    (disk.root / "file").write_text("written")
    # Something lies where the copy is to go.
    layers.place("image").write_text("in the way")

    with pytest.raises((LocalcloudError, OSError)):
        disk.copy("image")

    assert (disk.root / "file").read_text() == "written"
    disk.unmount()
    layers.place("image").unlink(missing_ok=True)
    disk.freeze("image")
    disk.mount()
    assert (disk.root / "file").read_text() == "written"


def test_files_that_vanish_while_they_are_copied_are_left_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "stays").write_text("x")

    copy_tree(source, tmp_path / "target")
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["stays"]
    with pytest.raises(LocalcloudError, match="cannot be copied"):
        copy_tree(tmp_path / "missing", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
