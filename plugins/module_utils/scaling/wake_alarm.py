"""The alarm that wakes a fleet of no hosts, and what it does: one host more.

It is the net for jobs that no client announces, such as files in the drop folder. CloudWatch learns of a
queue's messages a minute late, and up to 15 minutes late where the queue was idle:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.scaling.changes import Changes

PERIOD_SECONDS = 60
COOLDOWN_SECONDS = 180

# What DescribeAlarms adds to what PutMetricAlarm was told is left out of the comparison.
_METRIC = ("Id", "Expression", "Label", "ReturnData", "MetricStat")


class WakeAlarm:
    """The alarm of one stack, and the scaling policy that it sets off."""

    def __init__(self, autoscaling: Any, cloudwatch: Any, stack: str, changes: Changes) -> None:
        self._autoscaling, self._cloudwatch, self._changes = autoscaling, cloudwatch, changes
        self._policy, self._alarm, self._stack = f"{stack}-wake", f"{stack}-waiting", stack

    def ensure(self, queue: str, groups: list[str], tags: dict[str, str]) -> None:
        """Have it watch `queue` and all of `groups`; the first of them gets the host."""
        wanted = {
            "AutoScalingGroupName": groups[0],
            "PolicyName": self._policy,
            "PolicyType": "SimpleScaling",
            "AdjustmentType": "ChangeInCapacity",
            "ScalingAdjustment": 1,
            "Cooldown": COOLDOWN_SECONDS,
        }
        held = self._held_policy(groups[0])
        self._changes.ensure(
            f"scaling policy {self._policy}", held and {key: held.get(key) for key in wanted}, wanted,
            lambda: self._autoscaling.put_scaling_policy(**wanted),
        )  # fmt: skip
        policy = self._held_policy(groups[0])
        self._ensure_alarm(alarm_of(self._alarm, queue, groups, policy["PolicyARN"] if policy else ""), tags)

    def remove(self) -> None:
        """Delete the alarm; the policy goes with its group."""
        held = self._held_alarm()
        self._changes.ensure(
            f"alarm {self._alarm}", held and self._alarm, None,
            lambda: self._cloudwatch.delete_alarms(AlarmNames=[self._alarm]),
        )  # fmt: skip

    def _ensure_alarm(self, wanted: dict[str, Any], tags: dict[str, str]) -> None:
        held = self._held_alarm()
        now = held and {key: held.get(key) for key in wanted}
        if now:
            now["Metrics"] = sorted(map(_as_told, now["Metrics"] or []), key=lambda one: str(one["Id"]))
        listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        # Tags are taken only with a new alarm.
        tagged = {} if held else {"Tags": listed}
        self._changes.ensure(
            f"alarm {self._alarm}", now, wanted,
            lambda: self._cloudwatch.put_metric_alarm(**wanted, **tagged),
        )  # fmt: skip

    def _held_policy(self, group: str) -> dict[str, Any] | None:
        asked = {"AutoScalingGroupName": group, "PolicyNames": [self._policy]}
        if (
            self._changes.dry
            and not self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])[
                "AutoScalingGroups"
            ]
        ):
            return None
        found = self._autoscaling.describe_policies(**asked)["ScalingPolicies"]
        return dict(found[0]) if found else None

    def _held_alarm(self) -> dict[str, Any] | None:
        found = self._cloudwatch.describe_alarms(AlarmNames=[self._alarm], AlarmTypes=["MetricAlarm"])
        return dict(found["MetricAlarms"][0]) if found.get("MetricAlarms") else None


def alarm_of(name: str, queue: str, groups: list[str], policy: str) -> dict[str, Any]:
    """Return the alarm: jobs are visible in `queue`, and none of `groups` has a host that runs."""
    ids = ["running"] if len(groups) == 1 else [f"running{at}" for at in range(len(groups))]
    none_runs = " + ".join(f"FILL({one}, 0)" for one in ids)
    metrics = [
        {
            "Id": "asleep",
            "Expression": f"IF(visible > 0 AND {none_runs} < 1, 1, 0)",
            "Label": "jobs wait and no host runs",
            "ReturnData": True,
        },
        _measured("visible", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue),
        *(
            _measured(one, "AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", group)
            for one, group in zip(ids, groups, strict=True)
        ),
    ]
    return {
        "AlarmName": name,
        "AlarmDescription": "Jobs wait and no worker runs: wakes the fleet.",
        "ActionsEnabled": True,
        "AlarmActions": [policy] if policy else [],
        "Metrics": sorted(metrics, key=lambda one: str(one["Id"])),
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }


def _measured(name: str, namespace: str, metric: str, dimension: str, value: str) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": value}],
            },
            "Period": PERIOD_SECONDS,
            "Stat": "Maximum",
        },
        "ReturnData": False,
    }


def _as_told(held: dict[str, Any]) -> dict[str, Any]:
    """Return a metric of an alarm as PutMetricAlarm takes it."""
    return {key: held[key] for key in _METRIC if key in held}
