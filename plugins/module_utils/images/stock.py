"""The images that a stack has: which one is wanted, which ones stay, and how one goes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible.module_utils.fleet.plan import ALIVE, tags_of
from botocore.exceptions import ClientError

STACK_TAG = "jobfleet:stack"
IMAGE_TAG = "jobfleet:image"
CONTENT_TAG = "jobfleet:content"
BASE_TAG = "jobfleet:base"

# What hosts of an image offer is written before the image is made, by another deployment maybe.
OFFER_WAITS = timedelta(days=1)

# The present one, and the one before it, to go back to.
KEPT = 2


@dataclass(frozen=True)
class StackImage:
    """One image of the stack. `content` is the hash of what it holds, `base` the image that it stands on."""

    id: str
    name: str
    created: str
    state: str
    hash: str
    content: str
    base: str
    snapshots: tuple[str, ...]

    @property
    def can_be_launched(self) -> bool:
        """Whether EC2 launches instances from it."""
        return self.state == "available"


def images_of(ec2: Any, stack: str) -> list[StackImage]:
    """Return the stack's own images, the newest first."""
    filters = [{"Name": f"tag:{STACK_TAG}", "Values": [stack]}]
    found = ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
    return sorted(map(_read, found), key=lambda one: (one.created, one.id), reverse=True)


def _read(image: dict[str, Any]) -> StackImage:
    tags = tags_of(image)
    disks = (disk.get("Ebs", {}).get("SnapshotId") for disk in image.get("BlockDeviceMappings", []))
    return StackImage(
        id=image["ImageId"],
        name=image.get("Name", ""),
        created=str(image.get("CreationDate", "")),
        state=image.get("State", ""),
        hash=tags.get(IMAGE_TAG, ""),
        content=tags.get(CONTENT_TAG, ""),
        base=tags.get(BASE_TAG, ""),
        snapshots=tuple(filter(None, disks)),
    )


def the_wanted_one(images: Iterable[StackImage], content: str, base: str) -> StackImage | None:
    """Return the newest that holds `content` and stands on `base` (any if empty), or None."""
    fit = (one for one in images if one.can_be_launched and one.content == content)
    return next((one for one in fit if base in ("", one.base)), None)


def outdated(images: list[StackImage], in_use: Iterable[str]) -> list[StackImage]:
    """Return those of `images`, the newest first, that may go: all but two and those in use."""
    usable = [one for one in images if one.can_be_launched]
    kept = {one.id for one in usable[:KEPT]} | set(in_use)
    return [one for one in images if one.id not in kept and one.state != "pending"]


def offers_to_forget(
    listed: Iterable[dict[str, Any]], going: set[str], kept: set[str], now: datetime
) -> list[str]:
    """Return the keys of offers, as S3 has `listed` them, of images that go, or that were never made.

    `going` and `kept` are keys of images' offers.
    """
    return [
        one["Key"]
        for one in listed
        if one["Key"] not in kept and (one["Key"] in going or now - one["LastModified"] > OFFER_WAITS)
    ]


def images_in_use(ec2: Any, stack: str) -> set[str]:
    """Return the ids of the images that the stack's instances and launch templates were made of."""
    filters = [{"Name": f"tag:{STACK_TAG}", "Values": [stack]}]
    alive = [*filters, {"Name": "instance-state-name", "Values": ALIVE}]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=alive)
    used = {
        str(one.get("ImageId", ""))
        for page in pages
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
    }
    templates: list[dict[str, Any]] = []
    # Who may not look at them has made none.
    with suppressed("UnauthorizedOperation"):
        found = ec2.get_paginator("describe_launch_templates").paginate(Filters=filters)
        templates = [one for page in found for one in page["LaunchTemplates"]]
    for template in templates:
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest", "$Default"]
        )["LaunchTemplateVersions"]
        used |= {str(one["LaunchTemplateData"].get("ImageId", "")) for one in versions}
    return used - {""}


def remove(ec2: Any, image: StackImage) -> None:
    """Remove an image and the snapshots that it stands on. What is gone already is no error."""
    with suppressed("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"):
        ec2.deregister_image(ImageId=image.id)
    for snapshot in image.snapshots:
        remove_snapshot(ec2, snapshot)


def remove_snapshot(ec2: Any, snapshot: str) -> None:
    """Remove one snapshot. One that is gone already is no error."""
    with suppressed("InvalidSnapshot.NotFound"):
        ec2.delete_snapshot(SnapshotId=snapshot)


def left_snapshots(ec2: Any, stack: str, images: Iterable[StackImage]) -> list[str]:
    """Return the stack's snapshots that no image stands on: a run was ended between the two steps."""
    filters = [{"Name": f"tag:{STACK_TAG}", "Values": [stack]}]
    found: set[str] = set()
    # Who may not look does without: they cost little, and a teardown by somebody else finds them.
    with suppressed("UnauthorizedOperation"):
        pages = ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], Filters=filters)
        found = {one["SnapshotId"] for page in pages for one in page["Snapshots"]}
    return sorted(found - {snapshot for image in images for snapshot in image.snapshots})


class suppressed(suppress):  # noqa: N801 - used as `contextlib.suppress` is
    """Suppress AWS's errors of these codes."""

    def __init__(self, *codes: str) -> None:
        """Let all other errors through."""
        super().__init__(ClientError)
        self._codes = codes

    def __exit__(self, kind: Any, problem: Any, trace: Any) -> bool:
        """See `contextlib.suppress`."""
        known = isinstance(problem, ClientError) and problem.response["Error"]["Code"] in self._codes
        return known and bool(super().__exit__(kind, problem, trace))
