"""The host that an image is made of: launched for it, found again after a run that was killed, and ended."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible.module_utils.account.lab_limits import LabLimits, load_of, over_limit
from ansible.module_utils.fleet.change import NO_ROOM, Refused, launch_options
from ansible.module_utils.fleet.launch_network import zones_to_try
from ansible.module_utils.fleet.plan import ALIVE, IMAGE, ROLE_TAG, InstanceGroup, tags_of
from ansible.module_utils.images.stock import STACK_TAG
from ansible.module_utils.preflight.aws_limits import is_private
from ansible.module_utils.process.listed import wait_until_listed
from ansible.module_utils.process.patience import LAUNCH, patiently
from botocore.exceptions import ClientError, WaiterError

BUILDER_TAG = "jobfleet:builder"
LOOK_SECONDS = 2

# A builder ends itself after so long (roles/image/templates/user-data.yml.j2).
LIFE = timedelta(minutes=45)


def maker(folder: str) -> str:
    """Return the mark of builders that runs on this machine launch for the stack in `folder`."""
    return hashlib.sha256(f"{platform.node()} {folder}".encode()).hexdigest()[:12]


def builders_of(ec2: Any, stack: str) -> list[dict[str, Any]]:
    """Return the stack's builders that are there, whoever launched them."""
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": f"tag:{STACK_TAG}", "Values": [stack]},
            {"Name": f"tag:{ROLE_TAG}", "Values": [IMAGE]},
            {"Name": "instance-state-name", "Values": ALIVE},
        ]
    )
    return [one for page in pages for reservation in page["Reservations"] for one in reservation["Instances"]]


def at_work(builder: dict[str, Any], mark: str, now: datetime | None = None) -> bool:
    """Tell whether a run on another machine makes an image of this builder now.

    One that this machine launched (`mark`) is a killed run's, as is one that should have ended itself.
    """
    age = (now or datetime.now(UTC)) - builder["LaunchTime"]
    return tags_of(builder).get(BUILDER_TAG) != mark and age < LIFE


class Builders:
    """Launches and ends builders, with one module call's parameters."""

    def __init__(self, ec2: Any, params: dict[str, Any], most: LabLimits) -> None:
        self._ec2, self._params, self._most = ec2, params, most
        self._group = InstanceGroup("image", 1, params["type"], role=IMAGE)

    def room(self) -> None:
        """Raise `Refused` where a builder would be one instance too many for the region."""
        load = load_of(self._ec2, {self._group.type})
        if problem := over_limit(load, [self._group.type], [], self._most):
            raise Refused(f"The image needs one more instance for some minutes. {problem}.")

    def launch(self) -> str:
        """Launch one, wait until it runs, and return its id. Raises `Refused`, and leaves none then."""
        self.room()
        instance = self._run()
        try:
            self._check_again(instance)
            self._wait("instance_running", instance)
            if not wait_until_listed(self._ec2, [instance]):
                raise Refused(
                    f"AWS does not list the image's host {instance}, which runs, so nobody can make an image "
                    "of it. It is ended again: run this again"
                )
        except BaseException:
            self._ec2.terminate_instances(InstanceIds=[instance])
            raise
        return instance

    def _run(self) -> str:
        zones = zones_to_try(self._ec2, self._group, public=not is_private(self._params["ssh_from"]))
        for zone in zones:
            options = self._options(zone)
            try:
                answer = patiently(self._ec2.run_instances, LAUNCH, MinCount=1, MaxCount=1, **options)
            except ClientError as problem:
                if zone == zones[-1] or problem.response["Error"]["Code"] not in NO_ROOM:
                    raise
            else:
                return str(answer["Instances"][0]["InstanceId"])
        raise Refused("No zone of the region can launch the host that the image is made of")

    def _options(self, zone: str) -> dict[str, Any]:
        tags = {**self._params["tags"], BUILDER_TAG: maker(self._params["folder"])}
        # It needs no keys of AWS's, and so has no profile. It ends with its work, however that ends.
        params = {**self._params, "tags": tags, "instance_profile": ""}
        options = launch_options(replace(self._group, zone=zone), params)
        return {**options, "InstanceInitiatedShutdownBehavior": "terminate"}

    def _check_again(self, instance: str) -> None:
        """Raise `Refused` where others launched at the same moment, and there are too many now."""
        load = load_of(self._ec2, {self._group.type})
        # A list may lack for a moment what was launched just now.
        starting = [] if instance in load.vcpus_by_instance else [self._group.type]
        instances, vcpus = load.after(starting, [])
        too_many = self._most.instances is not None and instances > self._most.instances
        if too_many or (self._most.vcpus is not None and vcpus > self._most.vcpus):
            raise Refused(
                f"{instances} instances with {vcpus} vCPUs ran in the region once the image's host "
                "was launched, since somebody else launched at the same moment. It is ended again: run this "
                "again later"
            )

    def end(self, ids: list[str]) -> None:
        """Terminate builders and wait until they are gone."""
        if ids:
            self._ec2.terminate_instances(InstanceIds=ids)
            for one in ids:
                self._wait("instance_terminated", one)

    def stop(self, instance: str) -> None:
        """Shut a builder down in order, so that all that it wrote is on its disk."""
        self._ec2.stop_instances(InstanceIds=[instance])
        self._wait("instance_stopped", instance)

    def _wait(self, waiter: str, instance: str) -> None:
        attempts = max(1, self._params["wait_timeout"] // LOOK_SECONDS)
        try:
            self._ec2.get_waiter(waiter).wait(
                InstanceIds=[instance], WaiterConfig={"Delay": LOOK_SECONDS, "MaxAttempts": attempts}
            )
        except WaiterError as problem:
            raise Refused(f"The image's host {instance} did not get so far: {problem}") from problem
