"""The policies of all groups."""

import threading

from localcloud.gaps.scaling_policies.groups import all_groups
from localcloud.gaps.scaling_policies.policy import Policy

_policies: dict[tuple[str, str, str, str], Policy] = {}
_lock = threading.Lock()


def put(policy: Policy) -> Policy:
    """Keep a policy, in the place of the group's one of the same name, whose ARN it takes over."""
    key = (policy.account, policy.region, policy.group, policy.name)
    with _lock:
        if (before := _policies.get(key)) and before.group_arn == policy.group_arn:
            policy.id = before.id
        _policies[key] = policy
    return policy


def remove(policy: Policy) -> None:
    """Forget a policy."""
    with _lock:
        _policies.pop((policy.account, policy.region, policy.group, policy.name), None)


def policies(account: str, region: str) -> list[Policy]:
    """Return the policies of a place, and forget those whose groups are gone: they go with them."""
    with all_groups().changing(account, region) as groups:
        arns = {name: group.arn for name, group in groups.items()}
    with _lock:
        here = [one for one in _policies.values() if (one.account, one.region) == (account, region)]
        for one in here:
            if arns.get(one.group) != one.group_arn:
                del _policies[account, region, one.group, one.name]
    return [one for one in here if arns.get(one.group) == one.group_arn]


def policy_with_arn(arn: str) -> Policy | None:
    """Return the policy that an alarm names, None if there is none."""
    with _lock:
        return next((one for one in _policies.values() if one.arn == arn), None)
