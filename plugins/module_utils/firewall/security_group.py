"""A security group by its name: found, made so that the next call sees it, removed once nothing holds it."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.process.failure import Failure
from ansible.module_utils.process.patience import HELD_GROUP, NEW_GROUP, patiently
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code


def find(ec2: Any, name: str) -> dict[str, Any] | None:
    """Return the group of that name, None where EC2 shows none."""
    named = [{"Name": "group-name", "Values": [name]}]
    groups: list[dict[str, Any]] = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    return groups[-1] if groups else None


def make(ec2: Any, name: str, description: str, tags: dict[str, str]) -> None:
    """Make a group in the default VPC, tagged from the start, and wait until EC2 shows it."""
    told = {
        "ResourceType": "security-group",
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    try:
        ec2.create_security_group(
            GroupName=name, Description=description, TagSpecifications=[told] if tags else []
        )
    except is_boto3_error_code("InvalidGroup.Duplicate"):
        pass  # another run was quicker, or this one's look too early
    group = patiently(_shown, NEW_GROUP, ec2=ec2, name=name)
    # By its name and by its id: one machine of EC2's may know less than another.
    patiently(ec2.describe_security_groups, NEW_GROUP, GroupIds=[group["GroupId"]])


def let_go(ec2: Any, group: str, tags: dict[str, str]) -> None:
    """Remove the rules that name a group, by its id, from the groups with these tags: they hold it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    """
    tagged = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    for name, field, revoke in (
        ("ip-permission.group-id", "IpPermissions", ec2.revoke_security_group_ingress),
        ("egress.ip-permission.group-id", "IpPermissionsEgress", ec2.revoke_security_group_egress),
    ):
        naming = [*tagged, {"Name": name, "Values": [group]}]
        for one in ec2.describe_security_groups(Filters=naming)["SecurityGroups"]:
            if one["GroupId"] != group:
                revoke(GroupId=one["GroupId"], IpPermissions=_about(one[field], group))


def _about(rules: list[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    """Return the part of rules that is about a group, as EC2 told it."""
    ports = ("IpProtocol", "FromPort", "ToPort")
    return [
        {**{key: rule[key] for key in ports if key in rule}, "UserIdGroupPairs": [pair]}
        for rule in rules
        for pair in rule.get("UserIdGroupPairs", [])
        if pair["GroupId"] == group
    ]


def remove(ec2: Any, group: str) -> None:
    """Remove a group by its id. What was terminated just now may hold it for some moments more."""
    try:
        patiently(ec2.delete_security_group, HELD_GROUP, GroupId=group)
    except is_boto3_error_code("InvalidGroup.NotFound"):
        pass  # another run was quicker


def _shown(ec2: Any, name: str) -> dict[str, Any]:
    group = find(ec2, name)
    if group is None:
        raise Failure(f"EC2 made the security group {name} and does not show it (InvalidGroup.NotFound)")
    return group
