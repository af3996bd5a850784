"""The alarms that wake a fleet of no hosts, or of one that hangs, and what they do: one host more.

They are the net for jobs that no client announces, such as files in the drop folder. CloudWatch learns of a
queue's messages a minute late, and up to 15 minutes late where the queue was idle:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

A host that hangs is in service all the same. What tells it is the queue: jobs are visible, and for minutes
nobody receives any or has any in hand.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ansible.module_utils.scaling.changes import Changes

PERIOD_SECONDS = 60
# For so long a host that was just launched may be missing in the metrics: another one would come beside it.
COOLDOWN_SECONDS = 180

# A host that boots receives nothing either. So many minutes are waited for it at least, and as long as three
# boots take.
SILENT_MINUTES = 5
SILENT_BOOTS = 3

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html
METRICS_MAX = 10

# What DescribeAlarms adds to what PutMetricAlarm was told is left out of the comparison.
_METRIC = ("Id", "Expression", "Label", "ReturnData", "MetricStat")


class WakeAlarm:
    """The alarms of one stack, and the scaling policy that they set off."""

    def __init__(self, autoscaling: Any, cloudwatch: Any, stack: str, changes: Changes) -> None:
        self._autoscaling, self._cloudwatch, self._changes = autoscaling, cloudwatch, changes
        self._policy, self._waiting, self._silent = f"{stack}-wake", f"{stack}-waiting", f"{stack}-silent"

    def ensure(self, queue: str, groups: list[str], tags: dict[str, str], boot: float) -> None:
        """Have them watch `queue` and all of `groups`; the first of them gets the host.

        `boot` is how many seconds a host takes to its first job.
        """
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
        arn = policy["PolicyARN"] if policy else ""
        self._ensure_alarm(waiting_alarm(self._waiting, queue, groups, arn), tags)
        self._ensure_alarm(silent_alarm(self._silent, queue, groups, arn, boot), tags)

    def remove(self) -> None:
        """Delete the alarms; the policy goes with its group."""
        for name in (self._waiting, self._silent):
            self._remove_alarm(name)

    def _remove_alarm(self, name: str) -> None:
        self._changes.ensure(
            f"alarm {name}", name if self._held_alarm(name) else None, None,
            partial(self._cloudwatch.delete_alarms, AlarmNames=[name]),
        )  # fmt: skip

    def _ensure_alarm(self, wanted: dict[str, Any], tags: dict[str, str]) -> None:
        watched = sum("MetricStat" in one for one in wanted["Metrics"])
        if watched > METRICS_MAX:
            # One that watches the groups of another day would act on what is no more.
            self._remove_alarm(wanted["AlarmName"])
            self._changes.warnings.append(
                f"There is no alarm {wanted['AlarmName']} ({wanted['AlarmDescription']}) It would watch "
                f"{watched} metrics, and CloudWatch takes {METRICS_MAX}. Fewer groups that scale bring it."
            )
            return
        held = self._held_alarm(wanted["AlarmName"])
        now = held and {key: held.get(key) for key in wanted}
        if now:
            now["Metrics"] = sorted(map(_as_told, now["Metrics"] or []), key=lambda one: str(one["Id"]))
        listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        # Tags are taken only with a new alarm.
        tagged = {} if held else {"Tags": listed}
        self._changes.ensure(
            f"alarm {wanted['AlarmName']}", now, wanted,
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

    def _held_alarm(self, name: str) -> dict[str, Any] | None:
        found = self._cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])
        return dict(found["MetricAlarms"][0]) if found.get("MetricAlarms") else None


def waiting_alarm(name: str, queue: str, groups: list[str], policy: str) -> dict[str, Any]:
    """Return the alarm: jobs are visible in `queue`, and none of `groups` has a host that runs."""
    running, metrics = _running(groups)
    metrics.append(_of_queue("visible", "ApproximateNumberOfMessagesVisible", "Maximum", queue))
    asleep = f"IF(visible > 0 AND {running} < 1, 1, 0)"
    words = "Jobs wait and no worker runs: wakes the fleet."
    return _alarm(
        name, words, policy, 1, [_decides("asleep", asleep, "jobs wait and no host runs"), *metrics]
    )


def silent_alarm(name: str, queue: str, groups: list[str], policy: str, boot: float) -> dict[str, Any]:
    """Return the alarm: jobs are visible, one host runs, and for minutes it has received and held none.

    Where two hosts or more run, it stays as it is: hosts that are broken for good shall cost one more, and
    not one more every three minutes.
    """
    running, metrics = _running(groups)
    metrics += [
        _of_queue("visible", "ApproximateNumberOfMessagesVisible", "Maximum", queue),
        _of_queue("held", "ApproximateNumberOfMessagesNotVisible", "Maximum", queue),
        _of_queue("received", "NumberOfMessagesReceived", "Sum", queue),
    ]
    nobody = f"IF(visible > 0 AND ({running}) == 1 AND (FILL(held, 0) + FILL(received, 0)) < 1, 1, 0)"
    words = "Jobs wait and the only host does not work: starts another."
    minutes = max(SILENT_MINUTES, math.ceil(SILENT_BOOTS * boot / PERIOD_SECONDS))
    label = "jobs wait and nobody receives them"
    return _alarm(name, words, policy, minutes, [_decides("silent", nobody, label), *metrics])


def _running(groups: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Return how many hosts of all groups are in service, as an expression, and the metrics that it names."""
    ids = ["running"] if len(groups) == 1 else [f"running{at}" for at in range(len(groups))]
    metrics = [
        _measured(
            one, "AWS/AutoScaling", "GroupInServiceInstances", "Maximum", ("AutoScalingGroupName", group)
        )
        for one, group in zip(ids, groups, strict=True)
    ]
    return " + ".join(f"FILL({one}, 0)" for one in ids), metrics


def _decides(name: str, expression: str, label: str) -> dict[str, Any]:
    return {"Id": name, "Expression": expression, "Label": label, "ReturnData": True}


def _alarm(name: str, words: str, policy: str, minutes: int, metrics: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "AlarmDescription": words,
        "ActionsEnabled": True,
        "AlarmActions": [policy] if policy else [],
        "Metrics": sorted(metrics, key=lambda one: str(one["Id"])),
        "EvaluationPeriods": minutes,
        "DatapointsToAlarm": minutes,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }


def _of_queue(name: str, metric: str, statistic: str, queue: str) -> dict[str, Any]:
    return _measured(name, "AWS/SQS", metric, statistic, ("QueueName", queue))


def _measured(
    name: str, namespace: str, metric: str, statistic: str, dimension: tuple[str, str]
) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": dimension[0], "Value": dimension[1]}],
            },
            "Period": PERIOD_SECONDS,
            "Stat": statistic,
        },
        "ReturnData": False,
    }


def _as_told(held: dict[str, Any]) -> dict[str, Any]:
    """Return a metric of an alarm as PutMetricAlarm takes it."""
    return {key: held[key] for key in _METRIC if key in held}
