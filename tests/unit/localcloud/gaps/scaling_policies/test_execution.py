"""The execution of policies on a group that is a record here, as what launches instances is another part."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from localcloud.gaps.scaling_policies import records
from localcloud.gaps.scaling_policies.execution import (
    Alarmed,
    Busy,
    NotExecuted,
    execute_for_alarm,
    execute_for_user,
)
from localcloud.gaps.scaling_policies.groups import NoGroups, use
from localcloud.gaps.scaling_policies.policy import Policy, read_policy

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass
class Group:
    desired: int = 0
    bounds: tuple[int, int] = (0, 10)
    arn: str = "arn of the group"
    warmup: float = 300
    default_cooldown: float = 300
    hears_alarms: bool = True
    is_scaling: bool = False
    cools_down: bool = False
    changes: list[tuple[int, str, float | None]] = field(default_factory=list)

    def change(self, desired: int, cause: str, cooldown: float | None) -> None:
        self.desired = desired
        self.changes.append((desired, cause, cooldown))


class Groups(NoGroups):
    def __init__(self, group: Group) -> None:
        self.group = group

    @contextmanager
    def changing(self, account: str, region: str) -> Iterator[Mapping[str, Any]]:
        yield {"g": self.group} if (account, region) == (ACCOUNT, REGION) else {}


@pytest.fixture
def group() -> Iterator[Group]:
    made = Group()
    use(Groups(made))
    yield made
    use(NoGroups())
    records.policies(ACCOUNT, REGION)  # forgets those whose group is gone


def policy(**asked: Any) -> Policy:
    given = {"PolicyName": "wake", "AutoScalingGroupName": "g", "AdjustmentType": "ChangeInCapacity", **asked}
    return records.put(read_policy(given, "arn of the group", REGION, ACCOUNT))


def alarm(*values: float, threshold: float = 0) -> Alarmed:
    return Alarmed("waiting", "ALARM", values, threshold)


STEPS = [
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 2},
    {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 5},
]


def test_an_alarm_executes_a_simple_policy_and_the_activity_says_so(group: Group) -> None:
    execute_for_alarm(policy(ScalingAdjustment=1, Cooldown=180).arn, alarm(1))

    ((desired, cause, cooldown),) = group.changes
    assert (desired, cooldown) == (1, 180)
    assert "a monitor alarm waiting in state ALARM triggered policy wake changing" in cause
    assert cause.endswith("the desired capacity from 0 to 1.")


@pytest.mark.parametrize(("before", "change", "after"), [(9, 5, 10), (4, -9, 2)])
def test_capacity_stays_within_minimum_and_maximum(
    group: Group, before: int, change: int, after: int
) -> None:
    group.desired, group.bounds = before, (2, 10)

    execute_for_alarm(policy(ScalingAdjustment=change).arn, alarm(1))

    assert group.desired == after
    assert group.changes[0][2] == 300, "the group's own cooldown, where the policy has none"


@pytest.mark.parametrize("state", ["is_scaling", "cools_down"])
def test_a_simple_policy_waits_for_what_is_under_way(group: Group, state: str) -> None:
    setattr(group, state, True)
    made = policy(ScalingAdjustment=1)

    execute_for_alarm(made.arn, alarm(1))
    with pytest.raises(Busy):
        execute_for_user(made, honor_cooldown=True, value=None, threshold=None)

    assert not group.changes
    execute_for_user(made, honor_cooldown=False, value=None, threshold=None)
    assert "a user request executed policy wake" in group.changes[0][1]


def test_a_group_whose_alarm_notifications_are_suspended_hears_none(group: Group) -> None:
    group.hears_alarms = False

    execute_for_alarm(policy(ScalingAdjustment=1).arn, alarm(1))

    assert not group.changes


def test_a_policy_goes_with_its_group(group: Group) -> None:
    made = policy(ScalingAdjustment=1)
    group.arn = "arn of another group of that name"

    with pytest.raises(NotExecuted, match="no Auto Scaling group g"):
        execute_for_alarm(made.arn, alarm(1))
    assert records.policies(ACCOUNT, REGION) == []
    with pytest.raises(NotExecuted, match="no such scaling policy"):
        execute_for_alarm(made.arn, alarm(1))


@pytest.mark.parametrize(("aggregation", "added"), [("Average", 5), ("Minimum", 2), ("Maximum", 5)])
def test_the_step_follows_from_the_aggregated_metric(group: Group, aggregation: str, added: int) -> None:
    made = policy(PolicyType="StepScaling", StepAdjustments=STEPS, MetricAggregationType=aggregation)

    execute_for_alarm(made.arn, alarm(65, 59, threshold=50))

    assert group.desired == added


def test_what_warms_up_counts_as_added(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    made = policy(PolicyType="StepScaling", StepAdjustments=STEPS, EstimatedInstanceWarmup=60)
    group.desired = 1

    execute_for_alarm(made.arn, alarm(55, threshold=50))
    execute_for_alarm(made.arn, alarm(56, threshold=50))
    assert group.desired == 3, "the same step again adds nothing more"
    execute_for_alarm(made.arn, alarm(70, threshold=50))
    assert group.desired == 6, "a larger step adds the difference"
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    execute_for_alarm(made.arn, alarm(55, threshold=50))
    assert group.desired == 8


def test_a_step_policy_without_data_or_step_is_not_executed(group: Group) -> None:
    made = policy(PolicyType="StepScaling", StepAdjustments=STEPS)

    with pytest.raises(NotExecuted, match="there was no data"):
        execute_for_alarm(made.arn, alarm(threshold=50))
    with pytest.raises(NotExecuted, match="-1 from the threshold"):
        execute_for_alarm(made.arn, alarm(49, threshold=50))
    assert not group.changes


def test_target_tracking_scales_in_proportion(group: Group) -> None:
    metric = {"MetricName": "m", "Namespace": "n", "Statistic": "Average"}
    target = {"TargetValue": 10, "CustomizedMetricSpecification": metric}
    made = policy(PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=target)
    group.desired = 4

    execute_for_alarm(made.arn, alarm(20, threshold=10))
    assert group.desired == 8
    execute_for_alarm(made.arn, alarm(5, threshold=9))
    assert group.desired == 4
