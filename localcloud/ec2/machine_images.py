"""The machine images moto offers: Debian 12 as Debian publishes it on AWS, and nothing else.

They are found by owner and name, like the real ones. There are two, so that taking the newest
is not left to luck; both boot the same base image.
"""

import json

# Debian's account: https://wiki.debian.org/Cloud/AmazonEC2Image/Bookworm
DEBIAN_OWNER = "136693071363"

_BUILDS = (
    # id, build date and number, as in the real names; the newest is not the last one on purpose.
    ("ami-0deb1a12202503160", "20250316-2053", "2025-03-16T06:11:58.000Z"),
    ("ami-0deb1a12202501100", "20250110-1990", "2025-01-10T06:10:20.000Z"),
)


def images_json() -> str:
    """Return the list in the form that moto reads from `MOTO_AMIS_PATH`."""
    return json.dumps([_image(*build) for build in _BUILDS], indent=1)


def _image(image_id: str, build: str, created: str) -> dict[str, object]:
    name = f"debian-12-amd64-{build}"
    return {
        "ami_id": image_id,
        "name": name,
        "description": f"Debian 12 ({build})",
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
