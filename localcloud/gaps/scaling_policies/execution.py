"""The execution of scaling policies: by alarms, and by users.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html: a simple policy
waits for the activity under way and for the cooldown after it. A step policy goes on meanwhile, and does not
count what still warms up (https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html).
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.scaling_policies import adjustment
from localcloud.gaps.scaling_policies.policy import SIMPLE, TARGET, Policy, Warming
from localcloud.gaps.scaling_policies.records import policy_with_arn
from localcloud.gaps.timing import seconds_on_aws
from localcloud.scaling_groups import activities, wishes
from localcloud.scaling_groups.group import ScalingGroup

_AGGREGATE: dict[str, Callable[[Sequence[float]], float]] = {"Average": fmean, "Minimum": min, "Maximum": max}


class NotExecuted(Exception):
    """The message says why a policy was not executed."""


class Busy(NotExecuted):
    """A scaling activity or a cooldown is under way; the message says which."""


@dataclass(frozen=True)
class Alarmed:
    """The alarm that demands an execution: its state, and by what it came."""

    name: str
    state: str
    values: tuple[float, ...]
    """The data points that counted, the newest first."""
    threshold: float


def execute_for_alarm(arn: str, alarm: Alarmed) -> None:
    """Execute the policy. A group that listens to no alarm, or is scaling, leaves it be, as on AWS.

    Raises `NotExecuted` where it cannot be executed at all.
    """
    policy = policy_with_arn(arn)
    if policy is None:
        raise NotExecuted("there is no such scaling policy any more")
    who = f"a monitor alarm {alarm.name} in state {alarm.state} triggered policy {policy.name}"
    with engine.changing(policy.place) as groups:
        group = groups.get(policy.group)
        if group is None or group.arn != policy.group_arn or group.being_deleted:
            raise NotExecuted(f"there is no Auto Scaling group {policy.group} any more")
        if not group.allows("AlarmNotification") or not policy.enabled:
            return
        if policy.kind == SIMPLE and wishes.is_cooling(engine, group):
            return
        value = _AGGREGATE[policy.aggregation](alarm.values) if alarm.values else None
        _execute(policy, group, who, value, alarm.threshold)


def execute_for_user(
    policy: Policy, *, honor_cooldown: bool, value: float | None, threshold: float | None
) -> None:
    """Execute the policy, as ExecutePolicy does. Raises `NotExecuted`."""
    with engine.changing(policy.place) as groups:
        group = groups[policy.group]
        if honor_cooldown and policy.kind == SIMPLE and wishes.is_cooling(engine, group):
            raise Busy("Group in cooldown, or a scaling activity is in progress")
        _execute(policy, group, f"a user request executed policy {policy.name}", value, threshold)


def _execute(
    policy: Policy, group: ScalingGroup, who: str, value: float | None, threshold: float | None
) -> None:
    if policy.kind == SIMPLE:
        amount = policy.amount or 0
        target = adjustment.wanted(_kind(policy), amount, group.desired, least=policy.least)
        _change(group, target, who, group.cooldown if policy.cooldown is None else policy.cooldown)
        return
    if value is None or threshold is None:
        raise NotExecuted("MetricValue and BreachThreshold are needed: there was no data")
    if policy.kind == TARGET:
        _change(group, _tracked(policy, group, value), who)
    else:
        _take_step(policy, group, who, value - threshold)


def _kind(policy: Policy) -> str:
    return str(policy.adjustment_type)


def _take_step(policy: Policy, group: ScalingGroup, who: str, distance: float) -> None:
    step = adjustment.step_for(policy.steps, distance)
    if step is None:
        raise NotExecuted(f"no step adjustment is for a metric {distance:g} from the threshold")
    now = seconds_on_aws(time.time())
    warming = policy.warming if policy.warming is not None and policy.warming.until > now else None
    before = group.desired if warming is None else min(warming.before, group.desired)
    target = adjustment.wanted(_kind(policy), step.amount, before, least=policy.least)
    if warming is not None:
        # What warms up counts as added already, and nothing is taken away meanwhile.
        target = max(target, group.desired)
    capacity = group.desired
    _change(group, target, who)
    if group.desired > capacity:
        policy.warming = Warming(now + _warmup(policy, group), before)


def _warmup(policy: Policy, group: ScalingGroup) -> float:
    """Return for how many seconds on AWS's clock a new instance warms up."""
    if policy.warmup is not None:
        return policy.warmup
    return float(group.more.get("DefaultInstanceWarmup", group.cooldown))


def _tracked(policy: Policy, group: ScalingGroup, value: float) -> int:
    """Return the capacity with which the metric would be at its target, if it is shared evenly."""
    wanted = float((policy.target or {})["TargetValue"])
    fitting = math.ceil(group.desired * value / wanted) if wanted > 0 else group.desired
    if value > wanted:
        return max(fitting, group.desired + 1)
    no_scale_in = (policy.target or {}).get("DisableScaleIn")
    return group.desired if no_scale_in else min(fitting, group.desired)


def _change(group: ScalingGroup, target: int, who: str, cooldown: float | None = None) -> None:
    """Set the capacity within the group's bounds; a cooldown follows simple scaling only."""
    after = min(max(target, group.minimum), group.maximum)
    moment = activities.stamp(engine.clock.moment())
    cause = f"At {moment} {who} changing the desired capacity from {group.desired} to {after}."
    wishes.want(group, after, cause, cooldown)
