"""What requests want of a group as a whole: its bounds, its capacity, its end."""

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.scaling_groups import activities, waiting
from localcloud.scaling_groups.engine import GroupEngine
from localcloud.scaling_groups.group import GOING, GroupError, ScalingGroup, in_progress, invalid, no_group


@dataclass(frozen=True)
class GroupSize:
    """How large a group may be and is to be."""

    minimum: int
    maximum: int
    desired: int

    def check(self) -> None:
        """Raise `GroupError` where they do not fit together."""
        if min(self.minimum, self.maximum, self.desired) < 0:
            raise invalid("Min size, max size and desired capacity must not be negative")
        if self.minimum > self.maximum:
            raise invalid(
                f"Max bound, {self.maximum}, must be greater than or equal to min bound, {self.minimum}"
            )
        if not self.minimum <= self.desired <= self.maximum:
            raise invalid(
                f"Desired capacity:{self.desired} must be between the specified min size:{self.minimum} and "
                f"max size:{self.maximum}"
            )


def look(groups: Mapping[str, ScalingGroup], name: str) -> ScalingGroup:
    """Return the group of a name, even one that is being deleted. Raises `GroupError`."""
    group = groups.get(name)
    if group is None:
        raise no_group(name)
    return group


def find(groups: Mapping[str, ScalingGroup], name: str) -> ScalingGroup:
    """Return the group of a name, to be changed. Raises `GroupError`."""
    group = look(groups, name)
    if group.being_deleted:
        raise in_progress(f"AutoScalingGroup '{name}' is pending delete")
    return group


def add(engine: GroupEngine, groups: dict[str, ScalingGroup], group: ScalingGroup) -> None:
    """Let a new group begin. Raises `GroupError`."""
    known = groups.get(group.name)
    if known is not None:
        state = "is pending delete" if known.being_deleted else "already exists"
        raise GroupError(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {group.name} {state}",
        )
    GroupSize(group.minimum, group.maximum, group.desired).check()
    group.cause = activities.created(engine.clock.moment(), group.desired)
    group.scales_with_cooldown = group.cooldown if group.desired else None
    groups[group.name] = group


def set_bounds(
    engine: GroupEngine, group: ScalingGroup, minimum: int | None, maximum: int | None, desired: int | None
) -> None:
    """Change bounds and capacity; a capacity that is not said is brought within the bounds.

    Raises `GroupError`. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
    """
    lowest = group.minimum if minimum is None else minimum
    highest = group.maximum if maximum is None else maximum
    wanted = min(max(group.desired, lowest), highest) if desired is None else desired
    GroupSize(lowest, highest, wanted).check()
    group.minimum, group.maximum = lowest, highest
    cause = activities.updated(engine.clock.moment(), (lowest, highest), group.desired, wanted)
    want(group, wanted, cause, group.cooldown)


def set_desired(engine: GroupEngine, group: ScalingGroup, desired: int, *, honors_cooldown: bool) -> None:
    """SetDesiredCapacity. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html
    """
    if desired > group.maximum:
        raise invalid(
            f"New SetDesiredCapacity value {desired} is above max value {group.maximum} for the "
            "AutoScalingGroup."
        )
    if desired < group.minimum:
        raise invalid(
            f"New SetDesiredCapacity value {desired} is below min value {group.minimum} for the "
            "AutoScalingGroup."
        )
    if honors_cooldown and is_cooling(engine, group):
        raise in_progress(
            "You cannot set the desired capacity with HonorCooldown while a scaling activity is in progress "
            f"or the cooldown of {group.cooldown} s is not over"
        )
    cause = activities.asked_by_user(engine.clock.moment(), group.desired, desired)
    want(group, desired, cause, group.cooldown)


def is_cooling(engine: GroupEngine, group: ScalingGroup) -> bool:
    """Tell whether the group scales, or did so a moment ago.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html
    """
    return group.scales_with_cooldown is not None or engine.clock.now() < group.cools_until


def delete(engine: GroupEngine, group: ScalingGroup, *, force: bool) -> None:
    """DeleteAutoScalingGroup: instances have to be gone, unless it is forced. Raises `GroupError`.

    Forced, no hook is waited for, and the group is to be seen until its last instance is terminated.
    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html
    """
    if not force:
        if any(member.activity for member in group.members.values()):
            raise in_progress(
                "You cannot delete an AutoScalingGroup while there are scaling activities in progress for "
                "that group."
            )
        if group.members:
            raise GroupError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
                "request(s) still in the group.",
            )
    group.being_deleted = True
    group.desired = 0
    why = f"At {activities.stamp(engine.clock.moment())} a user request force deleted the AutoScalingGroup."
    for member in list(group.members.values()):
        if member.stage in GOING:
            waiting.let_go(member)
        else:
            engine.lifecycle.take_out(group, member, why, with_hooks=False)


def rebalance(engine: GroupEngine, group: ScalingGroup) -> list[str]:
    """Launch as AZRebalance does before it terminates, unless it is suspended; return the new instances.

    It may exceed the group's maximum by one instance or a tenth:
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#AutoScalingBehavior.InstanceUsage
    """
    if not group.allows("AZRebalance", "Launch") or not group.desired:
        return []
    number = min(group.desired, max(1, group.maximum // 10))
    return engine.capacity.launch_beyond(group, number)


def want(group: ScalingGroup, desired: int, cause: str, cooldown: float | None) -> None:
    """Set the desired capacity, which has to be within the bounds; `cause` says why in a sentence.

    A cooldown of so many seconds on AWS follows the scaling, none if it is None.
    """
    if desired == group.desired:
        return
    group.desired, group.cause, group.scales_with_cooldown = desired, cause, cooldown
    # Who asks anew is tried anew.
    group.retry_at, group.failures = 0.0, 0
