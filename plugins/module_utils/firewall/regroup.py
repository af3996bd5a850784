"""Web hosts in the security group of their kind: behind a balancer, or reached by themselves.

A host changes from one to the other without a new launch, as its group in the settings does.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.fleet.plan import DEFAULT_GROUP, GROUP_TAG, WEB, InstanceGroup, role_of, tags_of
from ansible.module_utils.process.failure import Failure


def misplaced(
    instances: list[dict[str, Any]], groups: list[InstanceGroup], web: str, balanced: str
) -> dict[str, list[str]]:
    """Return by instance id the names of the security groups that it should have, where it has others.

    `web` and `balanced` are the names of the two groups; others that somebody gave an instance stay.
    """
    wanted = {one.name: balanced if one.balanced else web for one in groups if one.role == WEB}
    found = {}
    for one in instances:
        kind = wanted.get(tags_of(one).get(GROUP_TAG, DEFAULT_GROUP))
        if role_of(one) != WEB or not kind:
            continue
        held = [group["GroupName"] for group in one.get("SecurityGroups", [])]
        right = [name for name in held if name not in (web, balanced)] + [kind]
        if sorted(held) != sorted(right):
            found[one["InstanceId"]] = right
    return found


def regroup(ec2: Any, wanted: dict[str, list[str]]) -> None:
    """Give instances the security groups of these names, at once. Raises `Failure` where there is none."""
    if not wanted:
        return
    names = sorted({name for some in wanted.values() for name in some})
    named = [{"Name": "group-name", "Values": names}]
    ids = {
        one["GroupName"]: one["GroupId"]
        for one in ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    }
    if missing := sorted(set(names) - ids.keys()):
        raise Failure(f"There is no security group {', '.join(missing)}: run site.yml, which makes it.")
    for instance, groups in wanted.items():
        ec2.modify_instance_attribute(InstanceId=instance, Groups=[ids[name] for name in groups])
