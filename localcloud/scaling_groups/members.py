"""What requests want of single instances of a group."""

from collections.abc import Iterable

from localcloud.scaling_groups import activities
from localcloud.scaling_groups.activities import Activity
from localcloud.scaling_groups.ec2 import Launched, Place, TemplateName
from localcloud.scaling_groups.engine import GroupEngine
from localcloud.scaling_groups.group import (
    GOING,
    HEALTHY,
    UNHEALTHY,
    GroupMember,
    ScalingGroup,
    Stage,
    Wait,
    in_progress,
    invalid,
)
from localcloud.scaling_groups.lifecycle import BY_USER


def of_any_group(engine: GroupEngine, place: Place, instance: str) -> tuple[ScalingGroup, GroupMember]:
    """Return an instance and its group. Raises `GroupError`."""
    found = engine.member(place, instance)
    if found is None:
        raise invalid(f"Instance Id not found - No managed instance found for instance ID: {instance}")
    return found


def of_group(group: ScalingGroup, instances: Iterable[str]) -> list[GroupMember]:
    """Return instances of one group. Raises `GroupError`."""
    ids = list(instances)
    strange = [instance for instance in ids if instance not in group.members]
    if strange:
        raise invalid(f"The instance {' '.join(strange)} is not part of Auto Scaling group {group.name}.")
    return [group.members[instance] for instance in ids]


def terminate(engine: GroupEngine, place: Place, instance: str, *, decrement: bool) -> Activity:
    """TerminateInstanceInAutoScalingGroup: through the hooks, protected or not. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html
    """
    group, member = of_any_group(engine, place, instance)
    if member.stage in GOING:
        raise in_progress(f"Instance {instance} is already being terminated")
    moment = engine.clock.moment()
    why = activities.taken_out(moment, instance, "a user request")
    if decrement:
        why = _decrement(group, 1, why)
        group.scales_with_cooldown = group.cooldown
    return engine.lifecycle.take_out(group, member, why)


def _decrement(group: ScalingGroup, number: int, why: str) -> str:
    before, after = group.desired, group.desired - number
    if after < group.minimum:
        raise invalid(
            f"Currently, desiredSize equals minSize ({group.minimum}). Terminating instance without "
            "replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity "
            "flag to false or lower group's min size."
        )
    group.desired = after
    return f"{why.removesuffix('.')}, shrinking the capacity from {before} to {after}."


def set_health(
    engine: GroupEngine, place: Place, instance: str, health: str, *, respects_grace: bool
) -> None:
    """SetInstanceHealth. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
    """
    if health not in (HEALTHY, UNHEALTHY):
        raise invalid(f"Valid instance health states are: [{HEALTHY}, {UNHEALTHY}]. Found: {health}")
    group, member = of_any_group(engine, place, instance)
    if member.stage in GOING:
        raise invalid(f"Instance {instance} is already terminating: its health cannot be set any more")
    member.health, member.unhealthy_because = health, BY_USER if health == UNHEALTHY else ""
    began = engine.clock.now() if member.in_service_since is None else member.in_service_since
    member.spared_until = began + engine.clock.real(group.grace) if respects_grace else 0.0


def protect(group: ScalingGroup, instances: Iterable[str], protected: bool) -> None:
    """SetInstanceProtection. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html
    """
    found = of_group(group, instances)
    _require(found, Stage.IN_SERVICE, Stage.STANDBY)
    for member in found:
        member.protected = protected


def _require(members: Iterable[GroupMember], *stages: Stage) -> None:
    for member in members:
        if member.stage not in stages:
            raise invalid(f"The instance {member.id} is not in {' or '.join(stages)}: it is {member.stage}.")


def detach(
    engine: GroupEngine, group: ScalingGroup, instances: Iterable[str], *, decrement: bool
) -> list[Activity]:
    """DetachInstances: they go on without the group. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachInstances.html
    """
    found = of_group(group, instances)
    _require(found, Stage.IN_SERVICE, Stage.STANDBY)
    done = _move(engine, group, found, "Detaching EC2 instance", decrement=decrement)
    for member in found:
        del group.members[member.id]
    return done


def attach(
    engine: GroupEngine, group: ScalingGroup, template: TemplateName, new: Iterable[tuple[Launched, str]]
) -> None:
    """AttachInstances, each with its zone: the desired capacity grows by them. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachInstances.html
    """
    coming = list(new)
    after = group.desired + len(coming)
    if after > group.maximum:
        raise invalid(
            f"The instances cannot be attached: the desired capacity of {after} would exceed the max size of "
            f"{group.maximum}"
        )
    now = engine.clock.now()
    for one, zone in coming:
        member = GroupMember(one.id, one.kind, zone, template, now, group.protects_new, Stage.IN_SERVICE)
        member.in_service_since = now
        group.members[one.id] = member
    group.desired = after


def enter_standby(
    engine: GroupEngine, group: ScalingGroup, instances: Iterable[str], *, decrement: bool
) -> list[Activity]:
    """EnterStandby. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnterStandby.html
    """
    found = of_group(group, instances)
    _require(found, Stage.IN_SERVICE)
    done = _move(engine, group, found, "Moving EC2 instance to Standby", decrement=decrement)
    for member in found:
        member.stage = Stage.STANDBY
    return done


def exit_standby(engine: GroupEngine, group: ScalingGroup, instances: Iterable[str]) -> list[Activity]:
    """ExitStandby: the desired capacity grows by them. Raises `GroupError`.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExitStandby.html
    """
    found = of_group(group, instances)
    _require(found, Stage.STANDBY)
    if group.desired + len(found) > group.maximum:
        raise invalid(f"The desired capacity would exceed the max size of {group.maximum}")
    group.desired += len(found)
    for member in found:
        member.stage, member.in_service_since = Stage.IN_SERVICE, engine.clock.now()
    return _move(engine, group, found, "Moving EC2 instance out of Standby", decrement=False)


def _move(
    engine: GroupEngine, group: ScalingGroup, members: list[GroupMember], words: str, *, decrement: bool
) -> list[Activity]:
    moment = engine.clock.moment()
    if decrement:
        _decrement(group, len(members), "")
    done = []
    for member in members:
        why = activities.taken_out(moment, member.id, "a user request")
        done.append(engine.lifecycle.note(group, member, f"{words}: {member.id}", why))
        done[-1].succeed(moment)
    return done


def active_wait(group: ScalingGroup, hook: str, instance: str | None, token: str | None) -> Wait:
    """Return the hook's action that an instance waits for, found by its token or the instance's id.

    Raises `GroupError`. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html
    """
    for member in group.members.values():
        for wait in member.waits:
            named = wait.token == token if token else member.id == instance
            if named and wait.hook.name == hook and wait.result is None:
                return wait
    which = f"token {token}" if token else f"instance ID {instance}"
    raise invalid(f"No active Lifecycle Action found with {which}")
