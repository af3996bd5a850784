"""Lifecycle hooks: instances that wait for an action to be completed, and for how long.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html
"""

import uuid

from localcloud.scaling_groups.ec2 import CloudClock
from localcloud.scaling_groups.group import ABANDON, CONTINUE, LAUNCHING, GroupMember, ScalingGroup, Wait


def begin(group: ScalingGroup, member: GroupMember, transition: str, clock: CloudClock) -> bool:
    """Let an instance wait for all hooks of a transition; tell whether there are any."""
    now = clock.now()
    member.waits = [
        Wait(hook, str(uuid.uuid4()), now + clock.real(hook.timeout), now + clock.real(hook.most))
        for hook in group.hooks.values()
        if hook.transition == transition
    ]
    return bool(member.waits)


def record_heartbeat(wait: Wait, clock: CloudClock) -> None:
    """Let it wait for the hook's time once more, from now on, up to the most that there is."""
    wait.until = min(clock.now() + clock.real(wait.hook.timeout), wait.at_most)


def let_time_pass(member: GroupMember, now: float) -> None:
    """Give the hooks whose time is over their default result."""
    for wait in member.waits:
        if wait.result is None and now >= wait.until:
            wait.result, wait.timed_out = wait.hook.default_result, True


def abandoned(member: GroupMember) -> Wait | None:
    """Return a hook's action that was abandoned: then the others are not waited for."""
    return next((wait for wait in member.waits if wait.result == ABANDON), None)


def is_over(member: GroupMember) -> bool:
    """Tell whether the instance need not wait any more."""
    return abandoned(member) is not None or all(wait.result is not None for wait in member.waits)


def drop_hook(group: ScalingGroup, name: str) -> None:
    """Take a hook away; who waits for it is let go.

    Its actions end as ABANDON for instances that are launched, as CONTINUE for those that go:
    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteLifecycleHook.html
    """
    group.hooks.pop(name, None)
    for member in group.members.values():
        for wait in member.waits:
            if wait.hook.name == name and wait.result is None:
                wait.result = ABANDON if wait.hook.transition == LAUNCHING else CONTINUE


def let_go(member: GroupMember) -> None:
    """Let an instance wait no more, whatever its hooks wanted."""
    for wait in member.waits:
        wait.result = wait.result or CONTINUE


def words_of(wait: Wait) -> str:
    """Return what AWS says of a launch that a hook ended."""
    why = "Heartbeat Timeout" if wait.timed_out else "Lifecycle Action Completed with ABANDON Result"
    return (
        "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token "
        f"{wait.token} was abandoned: {why}"
    )
