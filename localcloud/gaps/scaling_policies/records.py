"""The policies of all groups."""

import threading

from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.scaling_policies.policy import Policy
from localcloud.scaling_groups.ec2 import Place

_policies: dict[tuple[Place, str, str], Policy] = {}
_lock = threading.Lock()


def put(policy: Policy) -> Policy:
    """Keep a policy, in the place of the group's one of the same name, whose ARN it takes over."""
    with _lock:
        before = _policies.get((policy.place, policy.group, policy.name))
        if before is not None and before.group_arn == policy.group_arn:
            policy.id = before.id
        _policies[policy.place, policy.group, policy.name] = policy
    return policy


def remove(policy: Policy) -> None:
    """Forget a policy."""
    with _lock:
        _policies.pop((policy.place, policy.group, policy.name), None)


def policies(place: Place) -> list[Policy]:
    """Return the policies of a place, and forget those whose groups are gone: they go with them."""
    with engine.changing(place) as groups:
        arns = {name: group.arn for name, group in groups.items()}
    with _lock:
        here = [one for one in _policies.values() if one.place == place]
        for one in here:
            if arns.get(one.group) != one.group_arn:
                del _policies[place, one.group, one.name]
    return [one for one in here if arns.get(one.group) == one.group_arn]


def policy_with_arn(arn: str) -> Policy | None:
    """Return the policy that an alarm names, None if there is none."""
    with _lock:
        return next((one for one in _policies.values() if one.arn == arn), None)
