"""The machine images moto offers: Debian 12 and 13 as Debian publishes them on AWS, and nothing else.

They are found by owner and name, like the real ones. There are two of each, so that taking the newest
is not left to luck; both boot the same base image.
"""

import json
from functools import partial
from pathlib import Path

from localcloud.hosts.disks.base_image import BOOKWORM, TRIXIE, Release, Say, ensure_image, image_folder
from localcloud.hosts.disks.layers import LateBase

# Debian's account: https://wiki.debian.org/Cloud/AmazonEC2Image
DEBIAN_OWNER = "136693071363"

_BUILDS = (
    # id, release, build date and number, as in the real names; the newest is not the last one on purpose.
    ("ami-0deb1a12202503160", BOOKWORM, "20250316-2053", "2025-03-16T06:11:58.000Z"),
    ("ami-0deb1a12202501100", BOOKWORM, "20250110-1990", "2025-01-10T06:10:20.000Z"),
    ("ami-0deb1a13202510060", TRIXIE, "20251006-2257", "2025-10-06T06:12:41.000Z"),
    ("ami-0deb1a13202508140", TRIXIE, "20250814-2204", "2025-08-14T06:10:07.000Z"),
)


def images_json() -> str:
    """Return the list in the form that moto reads from `MOTO_AMIS_PATH`."""
    return json.dumps([_image(*build) for build in _BUILDS], indent=1)


def late_bases(cache: Path, say: Say) -> dict[str, LateBase]:
    """Return the bases that few clouds need, by their images' ids: each is built for its first host."""
    return {
        image_id: LateBase(image_folder(cache, release), partial(ensure_image, cache, release, say))
        for image_id, release, _, _ in _BUILDS
        if release != BOOKWORM
    }


def _image(image_id: str, release: Release, build: str, created: str) -> dict[str, object]:
    name = f"debian-{release.number}-amd64-{build}"
    return {
        "ami_id": image_id,
        "name": name,
        "description": f"Debian {release.number} ({build})",
        "owner_id": DEBIAN_OWNER,
        "creation_date": created,
        "public": True,
        "state": "available",
        "architecture": "x86_64",
        "virtualization_type": "hvm",
        "hypervisor": "xen",
        "image_type": "machine",
        "image_location": f"amazon/{name}",
        "root_device_name": "/dev/xvda",
        "root_device_type": "ebs",
        "sriov": "simple",
        "boot_mode": "uefi-preferred",
    }
