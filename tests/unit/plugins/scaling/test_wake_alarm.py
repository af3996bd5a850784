"""When the alarms go off, minute by minute, in CloudWatch's own arithmetic as the embedded AWS does it."""

from typing import Any

import pytest
from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.wake_alarm import SILENT_MINUTES, WakeAlarm, silent_alarm, waiting_alarm

from localcloud.metrics.evaluation import ALARM, OK, AlarmCondition, judge
from localcloud.metrics.queries import ExpressionQuery, MetricQuery, Query, QueryAnswers
from localcloud.metrics.series import metric

LONG = 10


def state(alarm: dict[str, Any], minutes: int, **figures: list[float | None] | float | None) -> str:
    """Return the state of an alarm after so many minutes of figures by their ids; None is not published."""
    times = [60.0 * minute for minute in range(minutes)]
    lists = {name: told if isinstance(told, list) else [told] * minutes for name, told in figures.items()}
    series = {
        name: {at: value for at, value in zip(times, told, strict=True) if value is not None}
        for name, told in lists.items()
    }
    queries: dict[str, Query] = {}
    for one in alarm["Metrics"]:
        name = one["Id"]
        queries[name] = (
            ExpressionQuery.of(one["Expression"])
            if "Expression" in one
            else MetricQuery(metric("", name, {}), one["MetricStat"]["Stat"], 60)
        )
    [wanted] = [one["Id"] for one in alarm["Metrics"] if one["ReturnData"]]
    found = QueryAnswers(queries, lambda query: series[query.metric.name], times).value_of(wanted)
    assert isinstance(found, dict)
    condition = AlarmCondition(
        alarm["ComparisonOperator"], alarm["Threshold"], alarm["EvaluationPeriods"],
        alarm["DatapointsToAlarm"], alarm["TreatMissingData"],
    )  # fmt: skip
    return judge(condition, [found.get(at) for at in reversed(times)], OK)


def silent(minutes: int = LONG, boot: float = 60, **figures: list[float | None] | float | None) -> str:
    usual: dict[str, Any] = {"visible": 1, "running": 1, "held": 0, "received": 0}
    return state(silent_alarm("a", "q", ["g"], "p", boot), minutes, **{**usual, **figures})


def test_what_it_watches_is_what_aws_publishes() -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    watched = {
        one["Id"]: (one["MetricStat"]["Metric"]["MetricName"], one["MetricStat"]["Stat"])
        for one in silent_alarm("a", "q", ["g"], "p", 60)["Metrics"]
        if "MetricStat" in one
    }
    assert watched == {
        "visible": ("ApproximateNumberOfMessagesVisible", "Maximum"),
        "held": ("ApproximateNumberOfMessagesNotVisible", "Maximum"),
        "received": ("NumberOfMessagesReceived", "Sum"),
        "running": ("GroupInServiceInstances", "Maximum"),
    }


def test_a_fleet_at_nothing_is_woken_by_the_first_minute() -> None:
    alarm = waiting_alarm("a", "q", ["g", "h"], "p")
    assert state(alarm, 1, visible=1, running0=0, running1=None) == ALARM
    assert state(alarm, 1, visible=0, running0=0, running1=0) == OK
    assert state(alarm, 1, visible=1, running0=0, running1=1) == OK


def test_a_host_that_hangs_beside_jobs_is_passed_by() -> None:
    assert silent() == ALARM
    # What it had in hand when it froze comes back after the visibility timeout.
    assert silent(held=[4, 4, 0, 0, 0, 0, 0, None, None, None], visible=[1.0] * 7 + [None] * 3) == ALARM
    assert silent(received=None, held=None) == ALARM


@pytest.mark.parametrize(
    "figures",
    [
        {"visible": 0},
        {"held": 3},
        {"received": [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]},
        {"running": 2},
        {"running": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]},
    ],
    ids=["nothing waits", "jobs are in hand", "one was received", "another host runs", "a host boots"],
)
def test_a_host_that_works_or_comes_is_left_alone(figures: dict[str, Any]) -> None:
    assert silent(**figures) == OK


def test_a_host_has_as_long_as_three_boots_to_begin() -> None:
    assert (silent(SILENT_MINUTES - 1), silent(SILENT_MINUTES)) == (OK, ALARM)
    assert (silent(8, boot=180), silent(9, boot=180)) == (OK, ALARM)


class Held:
    """CloudWatch and Auto Scaling that keep alarms and a policy: only what is asked of them matters here."""

    def __init__(self) -> None:
        self.alarms: dict[str, dict[str, Any]] = {}
        self.policy: dict[str, Any] = {}

    def describe_policies(self, **_: object) -> dict[str, Any]:
        return {"ScalingPolicies": [self.policy] if self.policy else []}

    def put_scaling_policy(self, **wanted: Any) -> None:
        self.policy = {**wanted, "PolicyARN": "arn"}

    def describe_alarms(self, *, AlarmNames: list[str], **_: object) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"MetricAlarms": [self.alarms[name] for name in AlarmNames if name in self.alarms]}

    def put_metric_alarm(self, **wanted: Any) -> None:
        self.alarms[wanted["AlarmName"]] = wanted

    def delete_alarms(self, *, AlarmNames: list[str]) -> None:  # noqa: N803 - AWS's name
        for name in AlarmNames:
            del self.alarms[name]


@pytest.mark.parametrize(
    ("groups", "made"), [(7, ["a-silent", "a-waiting"]), (8, ["a-waiting"]), (9, ["a-waiting"]), (10, [])]
)
def test_an_alarm_of_more_metrics_than_cloudwatch_takes_is_left_out_with_a_warning(
    groups: int, made: list[str]
) -> None:
    """In memory: an account of ten groups takes long to make. What AWS takes stands beside METRICS_MAX."""
    held, changes = Held(), Changes(dry=False)
    alarm = WakeAlarm(held, held, "a", changes)
    alarm.ensure("q", ["g0"], {}, 60)
    assert sorted(held.alarms) == ["a-silent", "a-waiting"]

    alarm.ensure("q", [f"g{at}" for at in range(groups)], {}, 60)

    assert sorted(held.alarms) == made
    assert all(sum("MetricStat" in one for one in it["Metrics"]) <= 10 for it in held.alarms.values())
    assert len(changes.warnings) == 2 - len(made)
    assert all("CloudWatch takes 10" in one for one in changes.warnings)
