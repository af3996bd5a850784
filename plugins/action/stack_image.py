"""The module `stack_image` in Ansible's own process."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from ansible.plugins.loader import action_loader

InProcessAws = action_loader.get("in_process_aws", class_only=True)

from ansible.module_utils.account.aws_session import preload
from ansible.module_utils.account.lab_limits import LabLimits
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.images import stock
from ansible.module_utils.images.builder import Builders
from ansible.module_utils.process.failure import Failure
from ansible.module_utils.project.project_module import project_module

preload("ec2", "s3")

LOOK_SECONDS = 5


class ActionModule(InProcessAws):
    """The action."""

    TROUBLE = "Could not make or remove an image"
    REQUIRED_IF = (("state", "present", ("name", "hash", "content", "base", "instance")),)

    def ask(self) -> dict[str, Any]:
        """Make the image, or remove those that are too many, or all."""
        ec2, stack = self.client("ec2"), self.params["stack"]
        if self.params["state"] == "present":
            return self._make(ec2)
        images = stock.images_of(ec2, stack)
        going = images
        if self.params["state"] == "pruned":
            going = stock.outdated(images, stock.images_in_use(ec2, stack))
        left = stock.left_snapshots(ec2, stack, images)
        if not self.check_mode:
            for image in going:
                stock.remove(ec2, image)
            if self.params["bucket"]:
                self._forget_offers(going, [image for image in images if image not in going])
            for snapshot in left:
                stock.remove_snapshot(ec2, snapshot)
        return {"changed": bool(going or left), "removed": [one.name for one in going], "snapshots": left}

    def _forget_offers(self, going: list[stock.StackImage], kept: list[stock.StackImage]) -> None:
        """Remove from the bucket what hosts offered of images that go, or that could not be made."""
        names, s3 = project_module("jobfleet_jobs.protocol.names"), self.client("s3")
        gone, wanted = ({names.image_offer_key(one.hash) for one in of if one.hash} for of in (going, kept))
        bucket = self.params["bucket"]
        # In a teardown, the bucket may be gone.
        with stock.suppressed("NoSuchBucket"):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=names.IMAGE_OFFERS)
            listed = [one for page in pages for one in page.get("Contents", [])]
            for key in stock.offers_to_forget(listed, gone, wanted, datetime.now(UTC)):
                s3.delete_object(Bucket=bucket, Key=key)

    def _make(self, ec2: Any) -> dict[str, Any]:
        if self.check_mode:
            return {"changed": True, "id": ""}
        params = {"type": "", "wait_timeout": self.params["wait_timeout"]}
        try:
            Builders(ec2, params, LabLimits()).stop(self.params["instance"])
        except Refused as problem:
            raise Failure(str(problem)) from problem
        tags = {
            **self.params["tags"],
            "Name": self.params["name"],
            stock.STACK_TAG: self.params["stack"],
            stock.IMAGE_TAG: self.params["hash"],
            stock.CONTENT_TAG: self.params["content"],
            stock.BASE_TAG: self.params["base"],
        }
        listed = [{"Key": key, "Value": str(value)} for key, value in tags.items()]
        image = ec2.create_image(
            InstanceId=self.params["instance"],
            Name=self.params["name"],
            Description=f"jobfleet's workers of the stack {self.params['stack']}",
            TagSpecifications=[{"ResourceType": kind, "Tags": listed} for kind in ("image", "snapshot")],
        )["ImageId"]
        try:
            self._wait(ec2, image)
        except Failure:
            broken = [one for one in stock.images_of(ec2, self.params["stack"]) if one.id == image]
            for one in broken:
                stock.remove(ec2, one)
            raise
        return {"changed": True, "id": image}

    def _wait(self, ec2: Any, image: str) -> None:
        """Wait until instances can be launched from an image. Raises `Failure`."""
        end = time.monotonic() + self.params["wait_timeout"]
        while True:
            found = [one for one in stock.images_of(ec2, self.params["stack"]) if one.id == image]
            state = found[0].state if found else "not there yet"
            if state == "available":
                return
            if state in ("failed", "error", "invalid") or time.monotonic() >= end:
                raise Failure(
                    f"The image {image} is {state} after {self.params['wait_timeout']} s at most, and is "
                    "removed again. Run this again; image_wait_timeout makes it wait longer."
                )
            time.sleep(LOOK_SECONDS if state == "pending" else 1)
