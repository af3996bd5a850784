"""Scaled hosts that leave because a person says so: each drained, by the hook of its group or by systemd."""

from __future__ import annotations

import time
from typing import Any

from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.hosts import group_of
from ansible.module_utils.scaling.scaling_groups import Groups
from botocore.exceptions import WaiterError

LOOK_SECONDS = 5

OFF = ("stopping", "stopped")


class StillThere(Exception):
    """Hosts did not leave in time."""


class Leaving:
    """Ends hosts. `seconds` is how long they may take, all together."""

    def __init__(self, autoscaling: Any, ec2: Any, changes: Changes, seconds: int) -> None:
        self._autoscaling, self._ec2, self._changes, self._seconds = autoscaling, ec2, changes, seconds

    def empty(self, groups: Groups, names: list[str]) -> None:
        """End all hosts of groups that launch nothing any more, and wait. Raises `StillThere`.

        The hook of a group holds each instance until its worker has finished what it has begun.
        """
        held = groups.held(names)
        now = {
            "hosts": sorted(_instances(held)),
            "desired": sum(group["DesiredCapacity"] for group in held.values()),
        }
        self._changes.ensure(
            f"hosts of {', '.join(names)}", now, {"hosts": [], "desired": 0},
            lambda: self._empty(groups, names),
        )  # fmt: skip

    def delete(self, names: list[str]) -> None:
        """Delete groups that have no hosts, and wait until they are gone. Raises `StillThere`."""
        for name in names:
            self._changes.ensure(f"scaling group {name}", name, None, lambda name=name: self._delete(name))

    def end_plain(self, hosts: list[dict[str, Any]]) -> None:
        """Terminate hosts of no group, and wait: a shutdown stops their workers in order."""
        ids = sorted(one["InstanceId"] for one in hosts)
        self._changes.ensure("hosts without a group", ids, [], lambda: self._terminate(ids))

    def end_dead(self, hosts: list[dict[str, Any]], groups: dict[str, dict[str, Any]]) -> None:
        """End hosts that are stopped, as a lab leaves them: they count, and no scaler may run to end them.

        `groups` are those that are there. The end is not waited for: they hold no jobs.
        """
        dead = [one for one in hosts if one["State"]["Name"] in OFF]
        ids = sorted(one["InstanceId"] for one in dead)
        self._changes.ensure("hosts that were stopped", ids, [], lambda: self._end_dead(dead, groups))

    def _empty(self, groups: Groups, names: list[str]) -> None:
        deadline = time.monotonic() + self._seconds
        while hosts := _instances(held := groups.held(names)):
            if time.monotonic() >= deadline:
                raise StillThere(
                    f"{', '.join(sorted(hosts))} did not leave within {self._seconds} s (each finishes the "
                    "jobs it has begun): nothing is lost, run this again"
                )
            for group in held.values():
                self._end_all(group)
            time.sleep(LOOK_SECONDS)
        for name in names:  # hosts that never came are wanted still
            self._autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, DesiredCapacity=0)

    def _end_all(self, group: dict[str, Any]) -> None:
        left = group["DesiredCapacity"]
        for one in group["Instances"]:
            if not one["LifecycleState"].startswith("Terminat"):
                # Where its maximum was lowered, it wants fewer than it has; fewer than none it cannot want.
                self._autoscaling.terminate_instance_in_auto_scaling_group(
                    InstanceId=one["InstanceId"], ShouldDecrementDesiredCapacity=left > 0
                )
                left -= 1

    def _end_dead(self, dead: list[dict[str, Any]], groups: dict[str, dict[str, Any]]) -> None:
        left = {name: group["DesiredCapacity"] - group["MinSize"] for name, group in groups.items()}
        for one in dead:
            name = group_of(one)
            if name in left:
                # At its least size the group launches another in its place.
                self._autoscaling.terminate_instance_in_auto_scaling_group(
                    InstanceId=one["InstanceId"], ShouldDecrementDesiredCapacity=left[name] > 0
                )
                left[name] -= 1
            else:
                self._ec2.terminate_instances(InstanceIds=[one["InstanceId"]])

    def _delete(self, name: str) -> None:
        # By force: a host may have come meanwhile that no work can have reached.
        self._autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        deadline = time.monotonic() + self._seconds
        asked = {"AutoScalingGroupNames": [name]}
        while self._autoscaling.describe_auto_scaling_groups(**asked)["AutoScalingGroups"]:
            if time.monotonic() >= deadline:
                raise StillThere(f"the scaling group {name} is still being deleted: run this again")
            time.sleep(LOOK_SECONDS)

    def _terminate(self, ids: list[str]) -> None:
        self._ec2.terminate_instances(InstanceIds=ids)
        attempts = max(1, self._seconds // LOOK_SECONDS)
        try:
            self._ec2.get_waiter("instance_terminated").wait(
                InstanceIds=ids, WaiterConfig={"Delay": LOOK_SECONDS, "MaxAttempts": attempts}
            )
        except WaiterError as problem:
            raise StillThere(f"{', '.join(ids)} did not end in time: run this again") from problem


def _instances(groups: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {
        one["InstanceId"]: one["LifecycleState"] for group in groups.values() for one in group["Instances"]
    }
