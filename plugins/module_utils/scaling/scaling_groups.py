"""EC2 Auto Scaling groups as a stack wants them. How many hosts they have is the scaler's to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.process.patience import DYING_SCALING_GROUP, NEW_TEMPLATE_S_GROUP, patiently
from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.wake_alarm import COOLDOWN_SECONDS

# Who leaves gets so long between two signs of life (the agent on the host sends them), and goes then.
HOOK = {
    "LifecycleHookName": "jobfleet-drain",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    "HeartbeatTimeout": 300,
    "DefaultResult": "CONTINUE",
}
METRICS = ["GroupDesiredCapacity", "GroupInServiceInstances"]

# Balancing zones launches before it ends, beyond MaxSize: in a lab nine become ten.
ALWAYS_SUSPENDED = ("AZRebalance",)
# A lab stops instances when its session ends. The scaler ends what is dead, and it alone.
SUSPENDED_IN_A_LAB = ("ReplaceUnhealthy",)
# While the stack is stopped nothing launches. `Terminate` stays: what is there has to leave.
SUSPENDED_WHEN_STOPPED = (
    "AZRebalance", "AlarmNotification", "HealthCheck", "Launch", "ReplaceUnhealthy", "ScheduledActions",
)  # fmt: skip

GRACE_SECONDS = 120


@dataclass(frozen=True)
class WantedGroup:
    """An Auto Scaling group as it should be. `template` and `version` are those of its launch template."""

    name: str
    template: str
    version: str
    minimum: int
    maximum: int
    subnets: tuple[str, ...]

    def settings(self) -> dict[str, Any]:
        """Return what UpdateAutoScalingGroup sets, but for the desired capacity."""
        return {
            "MinSize": self.minimum,
            "MaxSize": self.maximum,
            "LaunchTemplate": {"LaunchTemplateName": self.template, "Version": self.version},
            "VPCZoneIdentifier": ",".join(self.subnets),
            "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": GRACE_SECONDS,
            # AWS's own is 300 s, and begins when the last host goes, too: the alarm would wake nobody then.
            # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html
            "DefaultCooldown": COOLDOWN_SECONDS,
            # Nobody but the scaler picks who leaves.
            "NewInstancesProtectedFromScaleIn": True,
        }


class Groups:
    """The Auto Scaling groups of one stack. `tags` are theirs and their instances'."""

    def __init__(self, autoscaling: Any, changes: Changes) -> None:
        self._api, self._changes = autoscaling, changes

    def held(self, names: list[str]) -> dict[str, dict[str, Any]]:
        """Return the groups of these names that are there and not being deleted."""
        if not names:
            return {}
        pages = self._api.get_paginator("describe_auto_scaling_groups").paginate(AutoScalingGroupNames=names)
        return _alive(pages)

    def of_stack(self, tag: str, value: str) -> dict[str, dict[str, Any]]:
        """Return the groups that carry a tag and are not being deleted."""
        return _alive(groups_of(self._api, tag, value))

    def ensure(
        self,
        wanted: WantedGroup,
        tags: dict[str, str],
        suspended: tuple[str, ...],
        patience: Callable[[Callable[[], Any]], None],
    ) -> None:
        """Make a group, or make it as it should be. `patience` makes the call that creates it."""
        held = self.held([wanted.name]).get(wanted.name)
        settings = wanted.settings()
        if held is None:
            shown = {**settings, "tags": tags}
            self._changes.ensure(
                f"scaling group {wanted.name}",
                None,
                shown,
                lambda: patience(lambda: self._make(wanted, tags)),
            )
            held = self.held([wanted.name]).get(wanted.name)
        else:
            self._mend(wanted, held)
        if held is not None:
            self._mend_parts(wanted.name, held, tags, suspended)

    def suspend(self, name: str, held: dict[str, Any], wanted: tuple[str, ...]) -> None:
        """Have just these processes suspended."""
        now = sorted(one["ProcessName"] for one in held.get("SuspendedProcesses", []))
        self._changes.ensure(
            f"suspended processes of {name}", now, sorted(wanted), lambda: self._suspend(name, now, wanted)
        )

    def close(self, name: str, held: dict[str, Any]) -> None:
        """Let a group launch nothing any more; the hosts that it has stay until somebody ends them."""
        self.suspend(name, held, SUSPENDED_WHEN_STOPPED)
        now = {key: held[key] for key in ("MinSize", "DesiredCapacity")}
        self._changes.ensure(
            f"least size of {name}", now["MinSize"], 0,
            lambda: self._api.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0),
        )  # fmt: skip

    def _make(self, wanted: WantedGroup, tags: dict[str, str]) -> None:
        patiently(
            self._api.create_auto_scaling_group, DYING_SCALING_GROUP, NEW_TEMPLATE_S_GROUP,
            AutoScalingGroupName=wanted.name,
            **wanted.settings(),
            DesiredCapacity=wanted.minimum,
            LifecycleHookSpecificationList=[HOOK],
            Tags=_tags(wanted.name, tags),
        )  # fmt: skip

    def _mend(self, wanted: WantedGroup, held: dict[str, Any]) -> None:
        settings = wanted.settings()
        template = held.get("LaunchTemplate", {})
        now = {
            **{name: held.get(name) for name in settings},
            "LaunchTemplate": {name: template.get(name) for name in ("LaunchTemplateName", "Version")},
            "VPCZoneIdentifier": ",".join(sorted(filter(None, held.get("VPCZoneIdentifier", "").split(",")))),
        }
        # Beyond new bounds it moves to them. Between them it is the scaler's, and no difference.
        desired = min(max(held["DesiredCapacity"], wanted.minimum), wanted.maximum)
        moved = {} if desired == held["DesiredCapacity"] else {"DesiredCapacity": desired}
        self._changes.ensure(
            f"scaling group {wanted.name}",
            {**now, **{key: held[key] for key in moved}},
            {**settings, **moved},
            lambda: self._api.update_auto_scaling_group(
                AutoScalingGroupName=wanted.name, **settings, **moved
            ),
        )  # fmt: skip

    def _mend_parts(
        self, name: str, held: dict[str, Any], tags: dict[str, str], suspended: tuple[str, ...]
    ) -> None:
        group = {"AutoScalingGroupName": name}
        there = {one["Key"]: one["Value"] for one in held.get("Tags", []) if one.get("PropagateAtLaunch")}
        self._changes.ensure(
            f"tags of {name}", {key: there.get(key) for key in tags}, tags,
            lambda: self._api.create_or_update_tags(Tags=_tags(name, tags)),
        )  # fmt: skip
        hooks = self._api.describe_lifecycle_hooks(**group)["LifecycleHooks"]
        ours = next((one for one in hooks if one["LifecycleHookName"] == HOOK["LifecycleHookName"]), None)
        self._changes.ensure(
            f"hook of {name}", ours and {key: ours.get(key) for key in HOOK}, HOOK,
            lambda: self._api.put_lifecycle_hook(**group, **HOOK),
        )  # fmt: skip
        measured = sorted(one["Metric"] for one in held.get("EnabledMetrics", []))
        self._changes.ensure(
            f"metrics of {name}", [one for one in measured if one in METRICS], METRICS,
            lambda: self._api.enable_metrics_collection(**group, Granularity="1Minute", Metrics=METRICS),
        )  # fmt: skip
        self.suspend(name, held, suspended)

    def _suspend(self, name: str, now: list[str], wanted: tuple[str, ...]) -> None:
        more, less = sorted(set(wanted) - set(now)), sorted(set(now) - set(wanted))
        if more:
            self._api.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=more)
        if less:
            self._api.resume_processes(AutoScalingGroupName=name, ScalingProcesses=less)


def groups_of(autoscaling: Any, tag: str, value: str) -> list[dict[str, Any]]:
    """Return the pages with the groups that carry a tag."""
    tagged = [{"Name": f"tag:{tag}", "Values": [value]}]
    return list(autoscaling.get_paginator("describe_auto_scaling_groups").paginate(Filters=tagged))


def _alive(pages: Any) -> dict[str, dict[str, Any]]:
    found = (one for page in pages for one in page["AutoScalingGroups"])
    return {one["AutoScalingGroupName"]: one for one in found if not one.get("Status")}


def _tags(group: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    of_group = {"ResourceId": group, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    return [{**of_group, "Key": key, "Value": value} for key, value in sorted(tags.items())]
