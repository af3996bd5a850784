"""A fleet of EC2 Auto Scaling groups, one for each group of hosts.

Its scaler says how many each group shall have, and which host goes; the group decides neither.
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import error_code

from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.actors import FleetSight
from jobfleet_scaling.fleet.hosts import TERMINATED, FleetHost, Instances

DRAIN_HOOK = "jobfleet-drain"

# A call names and returns so many, which are more than a stack has.
GROUPS_MAX = 100

# When a host was launched that EC2 does not tell of any more.
_LONG_AGO = datetime.fromtimestamp(0, UTC)

# What Auto Scaling says of an instance that it does not know (any more): it is no error of its own.
_NO_SUCH_INSTANCE = ("not found", "No managed instance", "not in a valid state", "does not exist")


class GroupsFleet:
    """Groups and the instances in them. `autoscaling` returns a client."""

    def __init__(self, autoscaling: Callable[[], Any], instances: Instances) -> None:
        self._autoscaling, self._instances = autoscaling, instances
        self._seen: dict[str, Mapping[str, Any]] = {}

    def look(self, configuration: ScalingConfiguration) -> FleetSight:
        """Return what there is, by the groups and by EC2."""
        names = [group.scaling_group for group in configuration.groups]
        answer = self._autoscaling().describe_auto_scaling_groups(
            AutoScalingGroupNames=names[:GROUPS_MAX], MaxRecords=GROUPS_MAX
        )
        self._seen = {one["AutoScalingGroupName"]: one for one in answer["AutoScalingGroups"]}
        told = {one["InstanceId"]: one for group in self._seen.values() for one in group["Instances"]}
        hosts = [_with(host, told.get(host.id)) for host in self._instances.hosts()]
        hosts += self._gone(configuration, {host.id for host in hosts})
        known = [group for group in configuration.groups if group.scaling_group in self._seen]
        return FleetSight(
            hosts,
            ordered={group.name: _ordered(self._seen[group.scaling_group]) for group in known},
            most={group.name: self._seen[group.scaling_group]["MaxSize"] for group in known},
            free={group.name: _free(self._seen[group.scaling_group]) for group in known},
            missing={
                group.name: f"there is no Auto Scaling group {group.scaling_group!r}: run site.yml"
                for group in configuration.groups
                if group not in known or _is_on_its_way_out(self._seen[group.scaling_group])
            },
        )

    def _gone(self, configuration: ScalingConfiguration, there: set[str]) -> list[FleetHost]:
        """Return what groups still count as theirs and EC2 has terminated, as by hand.

        A group whose process ReplaceUnhealthy is suspended keeps it, and it takes the place of a host:
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
        """
        return [
            FleetHost(one["InstanceId"], group.name, _LONG_AGO, TERMINATED, scaling_group=group.scaling_group)
            for group in configuration.groups
            for one in _staying(self._seen.get(group.scaling_group, {"Instances": ()}))
            if one["InstanceId"] not in there and one.get("HealthStatus") == "Unhealthy"
        ]

    def order(self, group: HostGroup, count: int, decision: int) -> None:
        """Raise a group's desired capacity above what it was when it was looked at, and what it had."""
        self._set(group, _taken(self._seen[group.scaling_group]) + count)

    def take_back(self, group: HostGroup, count: int) -> None:
        """Lower it, but not below the instances that the group has: those would be picked by the group."""
        seen = self._seen[group.scaling_group]
        self._set(group, seen["DesiredCapacity"] - min(count, _ordered(seen)))

    def end(self, host: FleetHost) -> None:
        """End a host; the group does not replace it."""
        if not host.scaling_group:
            self._instances.end(host)
            return
        shrinks = self._shrinks(host)
        try:
            self._autoscaling().terminate_instance_in_auto_scaling_group(
                InstanceId=host.id, ShouldDecrementDesiredCapacity=shrinks
            )
        except ClientError as problem:
            said = str(problem.response.get("Error", {}).get("Message", ""))
            if error_code(problem) != "ValidationError" or not any(one in said for one in _NO_SUCH_INSTANCE):
                raise
            # The group knows it no more, but it may still be there.
            self._instances.end(host)
        if host.state != "running":
            # Nobody on it would answer the hook, and the group wait for its time-out.
            self._complete(host)

    def why_none_come(self, group: HostGroup) -> str:
        """Return the words of the group's last activity, if that failed."""
        answer = self._autoscaling().describe_scaling_activities(
            AutoScalingGroupName=group.scaling_group, MaxRecords=1
        )
        last: Mapping[str, Any] = next(iter(answer["Activities"]), {})
        return str(last.get("StatusMessage", "")) if last.get("StatusCode") in ("Failed", "Cancelled") else ""

    def _shrinks(self, host: FleetHost) -> bool:
        """Tell whether the group is to want one host fewer when this one goes, and note that it goes.

        A maximum that was lowered has lowered the desired capacity already, below the hosts that are there:
        https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
        """
        seen = self._seen.get(host.scaling_group)
        if seen is None:
            return True
        shrinks = int(seen["DesiredCapacity"]) >= len(_staying(seen))
        self._seen[host.scaling_group] = {
            **seen,
            "DesiredCapacity": int(seen["DesiredCapacity"]) - shrinks,
            "Instances": [one for one in seen["Instances"] if one["InstanceId"] != host.id],
        }
        return shrinks

    def _set(self, group: HostGroup, desired: int) -> None:
        self._autoscaling().set_desired_capacity(
            AutoScalingGroupName=group.scaling_group, DesiredCapacity=desired, HonorCooldown=False
        )

    def _complete(self, host: FleetHost) -> None:
        with suppress(ClientError):
            self._autoscaling().complete_lifecycle_action(
                LifecycleHookName=DRAIN_HOOK, AutoScalingGroupName=host.scaling_group, InstanceId=host.id,
                LifecycleActionResult="CONTINUE",
            )  # fmt: skip


def _ordered(group: Mapping[str, Any]) -> int:
    return max(0, int(group["DesiredCapacity"]) - len(_staying(group)))


def _free(group: Mapping[str, Any]) -> int:
    return max(0, int(group["MaxSize"]) - _taken(group))


def _taken(group: Mapping[str, Any]) -> int:
    """Return how many hosts it wants or has: protected ones stay if somebody makes it want fewer."""
    return max(int(group["DesiredCapacity"]), len(_staying(group)))


def _staying(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in group["Instances"] if not one["LifecycleState"].startswith("Terminat")]


def _is_on_its_way_out(group: Mapping[str, Any]) -> bool:
    """Tell whether it is being deleted: it has a status then, and else none."""
    return bool(group.get("Status"))


def _with(host: FleetHost, told: Mapping[str, Any] | None) -> FleetHost:
    """Return a host with what its group tells of it."""
    if told is None:
        return host
    return replace(
        host,
        version=str(told.get("LaunchTemplate", {}).get("Version") or host.version),
        is_ending=told["LifecycleState"].startswith("Terminat"),
        ill="its group says that it is unhealthy" if told.get("HealthStatus") == "Unhealthy" else "",
    )
