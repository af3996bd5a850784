"""How many instances a policy wants: AWS's own examples, and what holds for all numbers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from localcloud.gaps.scaling_policies.adjustment import (
    CHANGE,
    EXACT,
    PERCENT,
    StepAdjustment,
    step_for,
    wanted,
)
from localcloud.gaps.scaling_policies.policy import read_policy
from localcloud.scaling_groups.ec2 import Place, TemplateName
from localcloud.scaling_groups.group import GroupError, ScalingGroup


@pytest.mark.parametrize(
    ("kind", "amount", "least", "before", "after"),
    [
        (CHANGE, 5, None, 3, 8),
        (CHANGE, -2, None, 3, 1),
        (EXACT, 5, None, 3, 5),
        (PERCENT, 10, None, 10, 11),
        (PERCENT, 127, None, 10, 22),  # 12.7 is rounded to 12
        (PERCENT, 5, None, 10, 11),  # .5 is rounded to 1
        (PERCENT, -5, None, 10, 9),  # -.5 to -1
        (PERCENT, -67, None, 10, 4),  # -6.7 to -6
        (PERCENT, 25, 2, 4, 6),
        (PERCENT, -25, 2, 4, 2),
        (PERCENT, 50, 2, 0, 2),
    ],
)
def test_capacity_is_adjusted_and_rounded_as_aws_documents(
    kind: str, amount: int, least: int | None, before: int, after: int
) -> None:
    assert wanted(kind, amount, before, least=least) == after


PLACE, TEMPLATE = Place("123456789012", "us-east-1"), TemplateName("lt-1", "g", None)
GROUP = ScalingGroup(PLACE, "g", "arn", datetime(2026, 1, 1, tzinfo=UTC), 0, 9, 0, TEMPLATE, [])
STEPS = (
    StepAdjustment(None, -10, -30),
    StepAdjustment(-10, 0, 0),
    StepAdjustment(0, 10, 0),
    StepAdjustment(10, 20, 10),
    StepAdjustment(20, None, 30),
)


@pytest.mark.parametrize(
    ("distance", "amount"),
    [(-11, -30), (-10, -30), (-9.5, 0), (0, 0), (9.5, 0), (10, 10), (19.5, 10), (20, 30), (999, 30)],
)
def test_bounds_belong_to_the_step_that_is_farther_from_the_threshold(distance: float, amount: int) -> None:
    step = step_for(STEPS, distance)

    assert step is not None
    assert step.amount == amount


@settings(deadline=None)
@given(some.floats(-1e6, 1e6))
def test_steps_without_gaps_hold_every_distance(distance: float) -> None:
    assert step_for(STEPS, distance) is not None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"AdjustmentType": "Twice", "ScalingAdjustment": 1}, "'Twice'"),
        ({"AdjustmentType": CHANGE}, "ScalingAdjustment is required"),
        ({"AdjustmentType": EXACT, "ScalingAdjustment": -1}, "must not be negative"),
        (
            {"AdjustmentType": CHANGE, "ScalingAdjustment": 1, "MinAdjustmentMagnitude": 2},
            "only supported with",
        ),
        ({"PolicyType": "PredictiveScaling"}, "not supported here"),
        ({"PolicyType": "TargetTrackingScaling"}, "TargetValue is required"),
        (
            {"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": {"TargetValue": 1}},
            "is required",
        ),
        ({"PolicyType": "StepScaling", "AdjustmentType": CHANGE}, "StepAdjustments is required"),
        ({"PolicyType": "StepScaling", "AdjustmentType": CHANGE, "Cooldown": 1}, "not supported"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(asked: dict[str, object], said: str) -> None:
    with pytest.raises(GroupError, match=said):
        read_policy({"PolicyName": "p", **asked}, GROUP)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([(None, None)], "both be null"),
        ([(0, 10), (20, None)], "gaps"),
        ([(0, 10), (5, None)], "overlap"),
        ([(0, 10)], "null upper bound"),
        ([(-10, 0)], "null lower bound"),
        ([(10, 0)], "less than"),
    ],
)
def test_steps_with_gaps_or_overlaps_are_refused(
    bounds: list[tuple[float | None, float | None]], said: str
) -> None:
    steps = [
        {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high, "ScalingAdjustment": 1}
        for low, high in bounds
    ]
    asked = {"PolicyName": "p", "PolicyType": "StepScaling"}

    with pytest.raises(GroupError, match=said):
        read_policy({**asked, "AdjustmentType": CHANGE, "StepAdjustments": steps}, GROUP)
