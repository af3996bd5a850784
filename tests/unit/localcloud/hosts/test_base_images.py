"""Which Debian a host stands on, and when the one that few clouds need is built. Nothing boots here."""

import json
from pathlib import Path

import pytest

from localcloud.ec2 import machine_images
from localcloud.errors import HostsUnavailableError
from localcloud.hosts.disks import base_image
from localcloud.hosts.disks.base_image import BOOKWORM, RELEASES, TRIXIE, image_folder
from localcloud.hosts.disks.disk import Disk
from localcloud.hosts.disks.layers import LateBase, Layers


class Builder:
    """Makes a base, as an empty folder, and counts how often it is asked to."""

    def __init__(self, folder: Path) -> None:
        self.asked = 0
        self.base = LateBase(folder, self._make)

    def _make(self) -> None:
        self.asked += 1
        self.base.folder.mkdir(exist_ok=True)


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path / "trixie")


@pytest.fixture
def layers(tmp_path: Path, builder: Builder) -> Layers:
    (tmp_path / "bookworm").mkdir()
    return Layers(tmp_path / "bookworm", tmp_path / "layers", {"ami-13": builder.base})


def test_each_debian_has_images_that_say_which_it_is_and_all_but_the_usual_one_are_built_late(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    images = {image["ami_id"]: image for image in json.loads(machine_images.images_json())}
    late = machine_images.late_bases(tmp_path, said.append)

    for release in RELEASES:
        of_it = [
            one for one in images.values() if one["name"].startswith(f"debian-{release.number}-amd64-20")
        ]
        assert len({one["creation_date"] for one in of_it}) == 2
        for image in of_it:
            assert image["description"].startswith(f"Debian {release.number} (")
            base = late.get(image["ami_id"])
            assert (base and base.folder) == (
                None if release == BOOKWORM else image_folder(tmp_path, release)
            )
    assert len(images) == 2 * len(RELEASES)
    assert said == []
    assert image_folder(tmp_path, BOOKWORM) != image_folder(tmp_path, TRIXIE)


def test_a_late_base_is_made_for_the_first_host_of_its_image_alone(
    tmp_path: Path, layers: Layers, builder: Builder
) -> None:
    Disk("twelve", tmp_path / "twelve", layers, "ami-12").create()
    assert builder.asked == 0

    thirteen = Disk("thirteen", tmp_path / "thirteen", layers, "ami-13")
    assert builder.asked == 0, "a launch that is refused needs no base"
    thirteen.create()

    assert builder.asked == 1
    assert layers.stack("thirteen") == (tmp_path / "trixie",)
    assert layers.stack("twelve") == (tmp_path / "bookworm",)


def test_a_base_outlives_its_last_host(tmp_path: Path, layers: Layers) -> None:
    disk = Disk("thirteen", tmp_path / "thirteen", layers, "ami-13")
    disk.create()
    disk.destroy()

    assert (tmp_path / "trixie").is_dir()
    assert (tmp_path / "bookworm").is_dir()


def test_a_host_of_an_own_image_stands_on_the_base_of_that_one(
    tmp_path: Path, layers: Layers, builder: Builder
) -> None:
    first = Disk("first", tmp_path / "first", layers, "ami-13")
    first.create()
    first.freeze("ami-own")
    first.destroy()

    second = Disk("second", tmp_path / "second", layers, "ami-own")
    second.create()

    assert layers.stack("second") == (tmp_path / "layers/ami-own", tmp_path / "trixie")
    assert builder.asked == 2, "somebody may have emptied the cache"


@pytest.mark.parametrize(
    "words",
    [
        "W: GPG error: http://x trixie InRelease: not available: NO_PUBKEY 6ED0E7B82643E131",
        "Err:1 sqv returned an error code (1), error message is: Missing key 4CB5, which is needed to verify",
    ],
    ids=["gpgv", "sqv"],
)
def test_a_machine_without_the_release_s_key_is_told_which_package_brings_it(
    tmp_path: Path, words: str
) -> None:
    log = tmp_path / "image.log"
    log.write_text(f"{words}\nE: apt-get update failed\n")

    assert "the Debian 13 base image" in base_image._build_failure(log, TRIXIE)
    assert "install a newer debian-archive-keyring" in base_image._build_failure(log, TRIXIE)
    log.write_text("E: no space\n")
    assert "could not be built (E: no space)" in base_image._build_failure(log, TRIXIE)


def test_a_build_leaves_the_other_debians_and_removes_what_is_of_no_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mmdebstrap` is a script of the test's: a real build takes a minute."""
    tool = tmp_path / "bin/mmdebstrap"
    tool.parent.mkdir()
    tool.write_text(
        '#!/bin/sh\nfor folder; do :; done\nmkdir -p "$folder/etc/cloud/cloud.cfg.d" "$folder/etc/default"\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    cache, said = tmp_path / "cache", list[str]()
    (cache / "image-0123456789ab").mkdir(parents=True)

    folders = [base_image.ensure_image(cache, release, said.append) for release in RELEASES]

    assert [folder.is_dir() for folder in folders] == [True, True]
    assert sorted(cache.glob("*image-*")) == sorted(folders)
    assert said[0] == "building the Debian 12 base image (once, about 40 seconds)"
    assert said[-1] == "building the Debian 13 base image (once, about 60 seconds)"


def test_a_base_without_the_program_that_builds_it_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(HostsUnavailableError, match="run `apt-get install mmdebstrap`"):
        base_image.ensure_image(tmp_path / "cache", TRIXIE, [].append)
