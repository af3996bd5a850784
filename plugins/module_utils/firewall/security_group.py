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
