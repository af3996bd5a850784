"""The execution of policies on a group of the engine, which is not started here: nothing is launched."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.scaling_policies import records
from localcloud.gaps.scaling_policies.execution import (
    Alarmed,
    Busy,
    NotExecuted,
    execute_for_alarm,
    execute_for_user,
)
from localcloud.gaps.scaling_policies.policy import Policy, read_policy
from localcloud.scaling_groups.ec2 import Place, TemplateName
from localcloud.scaling_groups.group import ScalingGroup

PLACE = Place("123456789012", "us-east-1")


@pytest.fixture
def group() -> Iterator[ScalingGroup]:
    template = TemplateName("lt-1", "g", None)
    made = ScalingGroup(PLACE, "g", "arn of the group", datetime.now(UTC), 0, 10, 0, template, [])
    with engine.changing(PLACE) as groups:
        groups["g"] = made
    yield made
    with engine.changing(PLACE) as groups:
        del groups["g"]
    assert records.policies(PLACE) == []


def policy(group: ScalingGroup, **asked: Any) -> Policy:
    given = {"PolicyName": "wake", "AdjustmentType": "ChangeInCapacity", **asked}
    return records.put(read_policy(given, group))


def alarm(*values: float, threshold: float = 0) -> Alarmed:
    return Alarmed("waiting", "ALARM", values, threshold)


STEPS = [
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 2},
    {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 5},
]


def test_an_alarm_executes_a_simple_policy_and_the_activity_says_so(group: ScalingGroup) -> None:
    execute_for_alarm(policy(group, ScalingAdjustment=1, Cooldown=180).arn, alarm(1))

    assert (group.desired, group.scales_with_cooldown) == (1, 180)
    assert "a monitor alarm waiting in state ALARM triggered policy wake changing" in group.cause
    assert group.cause.endswith("the desired capacity from 0 to 1.")


@pytest.mark.parametrize(("before", "change", "after"), [(9, 5, 10), (4, -9, 2)])
def test_capacity_stays_within_minimum_and_maximum(
    group: ScalingGroup, before: int, change: int, after: int
) -> None:
    group.minimum, group.desired = 2, before

    execute_for_alarm(policy(group, ScalingAdjustment=change).arn, alarm(1))

    assert group.desired == after
    assert group.scales_with_cooldown == 300, "the group's own cooldown, where the policy has none"


def test_a_simple_policy_waits_for_the_activity_and_the_cooldown(group: ScalingGroup) -> None:
    made = policy(group, ScalingAdjustment=1)

    execute_for_alarm(made.arn, alarm(1))
    execute_for_alarm(made.arn, alarm(1))
    with pytest.raises(Busy):
        execute_for_user(made, honor_cooldown=True, value=None, threshold=None)
    assert group.desired == 1, "the activity is under way"
    group.scales_with_cooldown, group.cools_until = None, engine.clock.now() + 60
    execute_for_alarm(made.arn, alarm(1))
    assert group.desired == 1, "the cooldown is under way"
    execute_for_user(made, honor_cooldown=False, value=None, threshold=None)

    assert group.desired == 2
    assert "a user request executed policy wake" in group.cause


def test_a_group_whose_alarm_notifications_are_suspended_hears_none(group: ScalingGroup) -> None:
    group.suspended["AlarmNotification"] = ""

    execute_for_alarm(policy(group, ScalingAdjustment=1).arn, alarm(1))

    assert group.desired == 0


def test_a_policy_goes_with_its_group(group: ScalingGroup) -> None:
    made = policy(group, ScalingAdjustment=1)
    group.arn = "arn of another group of that name"

    with pytest.raises(NotExecuted, match="no Auto Scaling group g"):
        execute_for_alarm(made.arn, alarm(1))
    assert records.policies(PLACE) == []
    with pytest.raises(NotExecuted, match="no such scaling policy"):
        execute_for_alarm(made.arn, alarm(1))


@pytest.mark.parametrize(("aggregation", "added"), [("Average", 5), ("Minimum", 2), ("Maximum", 5)])
def test_the_step_follows_from_the_aggregated_metric(
    group: ScalingGroup, aggregation: str, added: int
) -> None:
    made = policy(group, PolicyType="StepScaling", StepAdjustments=STEPS, MetricAggregationType=aggregation)

    execute_for_alarm(made.arn, alarm(65, 59, threshold=50))

    assert group.desired == added


def test_what_warms_up_counts_as_added(group: ScalingGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    made = policy(group, PolicyType="StepScaling", StepAdjustments=STEPS, EstimatedInstanceWarmup=60)
    group.desired = 1

    execute_for_alarm(made.arn, alarm(55, threshold=50))
    execute_for_alarm(made.arn, alarm(56, threshold=50))
    assert group.desired == 3, "the same step again adds nothing more"
    execute_for_alarm(made.arn, alarm(70, threshold=50))
    assert group.desired == 6, "a larger step adds the difference"
    execute_for_alarm(made.arn, alarm(55, threshold=50))
    assert group.desired == 6, "a smaller step takes nothing away"
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    execute_for_alarm(made.arn, alarm(55, threshold=50))
    assert group.desired == 8


def test_a_step_policy_without_data_or_step_is_not_executed(group: ScalingGroup) -> None:
    made = policy(group, PolicyType="StepScaling", StepAdjustments=STEPS)

    with pytest.raises(NotExecuted, match="there was no data"):
        execute_for_alarm(made.arn, alarm(threshold=50))
    with pytest.raises(NotExecuted, match="-1 from the threshold"):
        execute_for_alarm(made.arn, alarm(49, threshold=50))
    assert group.desired == 0


def test_target_tracking_scales_in_proportion(group: ScalingGroup) -> None:
    metric = {"MetricName": "m", "Namespace": "n", "Statistic": "Average"}
    target = {"TargetValue": 10, "CustomizedMetricSpecification": metric}
    made = policy(group, PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=target)
    group.desired = 4

    execute_for_alarm(made.arn, alarm(20, threshold=10))
    assert group.desired == 8
    execute_for_alarm(made.arn, alarm(5, threshold=9))
    assert group.desired == 4
