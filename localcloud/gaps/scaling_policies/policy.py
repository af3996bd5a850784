"""A scaling policy: what PutScalingPolicy was given.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
"""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from localcloud.gaps.scaling_policies.adjustment import ADJUSTMENT_TYPES, EXACT, PERCENT, StepAdjustment
from localcloud.scaling_groups.ec2 import Place
from localcloud.scaling_groups.group import ScalingGroup, invalid

SIMPLE, STEP, TARGET = "SimpleScaling", "StepScaling", "TargetTrackingScaling"
_AGGREGATIONS = ("Average", "Minimum", "Maximum")


@dataclass
class Warming:
    """What a step policy has added that warms up still, until when, and on top of which capacity."""

    until: float
    before: int


@dataclass
class Policy:
    """One policy of one group."""

    name: str
    place: Place
    group: str
    group_arn: str
    """A group of the same name that is made later has another."""
    kind: str
    adjustment_type: str | None = None
    amount: int | None = None
    """By how much a simple policy scales."""
    least: int | None = None
    """By how many instances a percentage scales at least."""
    cooldown: float | None = None
    """Seconds, of a simple policy; None for the group's."""
    steps: tuple[StepAdjustment, ...] = ()
    aggregation: str = "Average"
    warmup: float | None = None
    """Seconds; None for the group's."""
    target: Mapping[str, Any] | None = None
    """The configuration of target tracking."""
    enabled: bool = True
    warming: Warming | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def arn(self) -> str:
        """Its ARN, which alarms name."""
        return (
            f"arn:aws:autoscaling:{self.place.region}:{self.place.account}:scalingPolicy:{self.id}"
            f":autoScalingGroupName/{self.group}:policyName/{self.name}"
        )

    def described(self, alarms: list[dict[str, str]]) -> dict[str, Any]:
        """Return it as DescribePolicies does."""
        found = {
            "AutoScalingGroupName": self.group,
            "PolicyName": self.name,
            "PolicyARN": self.arn,
            "PolicyType": self.kind,
            "AdjustmentType": self.adjustment_type,
            "MinAdjustmentMagnitude": self.least,
            "ScalingAdjustment": self.amount,
            "Cooldown": None if self.cooldown is None else int(self.cooldown),
            "StepAdjustments": [_described(step) for step in self.steps],
            "MetricAggregationType": self.aggregation if self.kind == STEP else None,
            "EstimatedInstanceWarmup": None if self.warmup is None else int(self.warmup),
            "TargetTrackingConfiguration": self.target,
            "Alarms": alarms,
            "Enabled": self.enabled,
        }
        return {name: value for name, value in found.items() if value is not None}


def _described(step: StepAdjustment) -> dict[str, float]:
    found = {
        "MetricIntervalLowerBound": step.lower,
        "MetricIntervalUpperBound": step.upper,
        "ScalingAdjustment": step.amount,
    }
    return {name: value for name, value in found.items() if value is not None}


def read_policy(asked: Mapping[str, Any], group: ScalingGroup) -> Policy:
    """Return the policy of a group that a request describes. Raises `GroupError`."""
    kind = asked.get("PolicyType") or SIMPLE
    policy = Policy(str(asked["PolicyName"]), group.place, group.name, group.arn, kind)
    policy.enabled = asked.get("Enabled") is not False
    policy.warmup = _seconds(asked.get("EstimatedInstanceWarmup"))
    match kind:
        case "SimpleScaling":
            _read_adjustment(policy, asked)
            _read_simple(policy, asked)
        case "StepScaling":
            _read_adjustment(policy, asked)
            _read_steps(policy, asked)
        case "TargetTrackingScaling":
            policy.target = asked.get("TargetTrackingConfiguration")
            if not policy.target or "TargetValue" not in policy.target:
                raise invalid("TargetTrackingConfiguration with a TargetValue is required")
            _check_metric(policy.target)
        case _:
            raise invalid(f"PolicyType {kind!r} is not supported here: say {SIMPLE}, {STEP} or {TARGET}")
    return policy


def _read_adjustment(policy: Policy, asked: Mapping[str, Any]) -> None:
    policy.adjustment_type = asked.get("AdjustmentType")
    if policy.adjustment_type not in ADJUSTMENT_TYPES:
        raise invalid(
            f"AdjustmentType must be one of {', '.join(ADJUSTMENT_TYPES)}, not {policy.adjustment_type!r}"
        )
    least = asked.get("MinAdjustmentMagnitude") or asked.get("MinAdjustmentStep")
    if least is not None:
        if policy.adjustment_type != PERCENT:
            raise invalid(f"MinAdjustmentMagnitude is only supported with AdjustmentType {PERCENT}")
        policy.least = int(least)


def _read_simple(policy: Policy, asked: Mapping[str, Any]) -> None:
    if asked.get("ScalingAdjustment") is None:
        raise invalid(f"ScalingAdjustment is required for policy type {SIMPLE}")
    if asked.get("StepAdjustments"):
        raise invalid(f"StepAdjustments is not supported for policy type {SIMPLE}")
    policy.amount = int(asked["ScalingAdjustment"])
    policy.cooldown = _seconds(asked.get("Cooldown"))
    _check_amount(policy, policy.amount)


def _read_steps(policy: Policy, asked: Mapping[str, Any]) -> None:
    if asked.get("ScalingAdjustment") is not None or asked.get("Cooldown") is not None:
        raise invalid(f"ScalingAdjustment and Cooldown are not supported for policy type {STEP}")
    policy.aggregation = asked.get("MetricAggregationType") or "Average"
    if policy.aggregation not in _AGGREGATIONS:
        raise invalid(f"MetricAggregationType must be one of {', '.join(_AGGREGATIONS)}")
    given = asked.get("StepAdjustments") or []
    if not given:
        raise invalid(f"StepAdjustments is required for policy type {STEP}")
    steps = [
        StepAdjustment(
            _number(one.get("MetricIntervalLowerBound")),
            _number(one.get("MetricIntervalUpperBound")),
            int(one["ScalingAdjustment"]),
        )
        for one in given
    ]
    policy.steps = tuple(sorted(steps, key=lambda step: -math.inf if step.lower is None else step.lower))
    for step in policy.steps:
        _check_amount(policy, step.amount)
    _check_steps(policy.steps)


def _check_steps(steps: tuple[StepAdjustment, ...]) -> None:
    """Raise `GroupError` unless the steps follow each other, as far as needed."""
    for step in steps:
        if step.lower is None and step.upper is None:
            raise invalid("The lower and the upper bound of a step cannot both be null")
        if step.lower is not None and step.upper is not None and step.lower >= step.upper:
            raise invalid("The lower bound of a step must be less than its upper bound")
    for before, after in pairwise(steps):
        if before.upper != after.lower or before.upper is None:
            raise invalid("StepAdjustment intervals can't overlap or have gaps between them")
    if steps[0].lower is not None and steps[0].lower < 0:
        raise invalid("A step with a negative lower bound needs one below it, with a null lower bound")
    if steps[-1].upper is not None and steps[-1].upper > 0:
        raise invalid("A step with a positive upper bound needs one above it, with a null upper bound")


def _check_amount(policy: Policy, amount: int) -> None:
    if policy.adjustment_type == EXACT and amount < 0:
        raise invalid(f"ScalingAdjustment must not be negative with AdjustmentType {EXACT}")


def _check_metric(target: Mapping[str, Any]) -> None:
    custom = target.get("CustomizedMetricSpecification")
    if custom is None and "PredefinedMetricSpecification" not in target:
        raise invalid("A PredefinedMetricSpecification or CustomizedMetricSpecification is required")
    if custom is not None and not all(custom.get(name) for name in ("MetricName", "Namespace", "Statistic")):
        raise invalid(
            "A CustomizedMetricSpecification needs MetricName, Namespace and Statistic; no maths here"
        )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _seconds(value: Any) -> float | None:
    seconds = _number(value)
    if seconds is not None and seconds < 0:
        raise invalid(f"{seconds:.0f} seconds are less than none")
    return seconds
