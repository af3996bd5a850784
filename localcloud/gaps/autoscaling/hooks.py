"""Lifecycle hooks, and the actions that instances wait for."""

from typing import Any

from localcloud.gaps.autoscaling.answering import Asked, answering, required
from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.autoscaling.shapes import hook_of
from localcloud.scaling_groups import members, waiting, wishes
from localcloud.scaling_groups.ec2 import Place
from localcloud.scaling_groups.group import ABANDON, CONTINUE, LAUNCHING, TERMINATING, Hook, Wait, invalid

_NOTES = ("NotificationTargetARN", "RoleARN", "NotificationMetadata")
_LEAST_TIMEOUT, _MOST_TIMEOUT = 30, 7200
_MOST_HOOKS = 50


@answering
def put_lifecycle_hook(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html."""
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        hook = read_hook(asked, group.hooks.get(required(asked, "LifecycleHookName")))
        if hook.name not in group.hooks and len(group.hooks) >= _MOST_HOOKS:
            raise invalid(f"A group can have at most {_MOST_HOOKS} lifecycle hooks")
        group.hooks[hook.name] = hook


def read_hook(asked: Asked, known: Hook | None = None) -> Hook:
    """Return the hook of a request; what it does not say stays as `known` has it. Raises `GroupError`."""
    transition = asked.get("LifecycleTransition") or (known.transition if known else None)
    if transition not in (LAUNCHING, TERMINATING):
        raise invalid(f"Lifecycle transition {transition!r} is unknown: valid are {LAUNCHING}, {TERMINATING}")
    timeout = asked.get("HeartbeatTimeout") or (known.timeout if known else Hook.timeout)
    if not _LEAST_TIMEOUT <= timeout <= _MOST_TIMEOUT:
        raise invalid(
            f"HeartbeatTimeout {timeout} must be between {_LEAST_TIMEOUT} and {_MOST_TIMEOUT} seconds"
        )
    default = asked.get("DefaultResult") or (known.default_result if known else Hook.default_result)
    notes = {note: asked[note] for note in _NOTES if asked.get(note)}
    return Hook(asked["LifecycleHookName"], transition, timeout, _result(default), notes)


def _result(said: str) -> str:
    if said not in (CONTINUE, ABANDON):
        raise invalid(f"The result {said!r} is unknown: valid are {CONTINUE} and {ABANDON}")
    return said


@answering
def describe_lifecycle_hooks(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLifecycleHooks.html."""
    names = asked.get("LifecycleHookNames")
    with engine.changing(place) as groups:
        group = wishes.look(groups, required(asked, "AutoScalingGroupName"))
        found = [hook_of(group, hook) for name, hook in group.hooks.items() if not names or name in names]
    return {"LifecycleHooks": found}


@answering
def describe_lifecycle_hook_types(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLifecycleHookTypes.html."""
    return {"LifecycleHookTypes": [LAUNCHING, TERMINATING]}


@answering
def delete_lifecycle_hook(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteLifecycleHook.html."""
    name = required(asked, "LifecycleHookName")
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        if name not in group.hooks:
            raise invalid(f"No Lifecycle Hook found with name {name} for Auto Scaling group {group.name}")
        waiting.drop_hook(group, name)


@answering
def complete_lifecycle_action(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html."""
    result = _result(required(asked, "LifecycleActionResult"))
    with engine.changing(place):
        _wait(place, asked).result = result


@answering
def record_lifecycle_action_heartbeat(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html."""
    with engine.changing(place):
        waiting.record_heartbeat(_wait(place, asked), engine.clock)


def _wait(place: Place, asked: Asked) -> Wait:
    hook = required(asked, "LifecycleHookName")
    token, instance = asked.get("LifecycleActionToken"), asked.get("InstanceId")
    if not token and not instance:
        raise invalid("Either LifecycleActionToken or InstanceId has to be said")
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        return members.active_wait(group, hook, instance, token)
