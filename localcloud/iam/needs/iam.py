"""The needs of calls to IAM and STS, and of those that hand a role to somebody."""

from typing import Any

from moto.iam.models import iam_backends

from localcloud.iam.need import Need, on_each
from localcloud.wire.call import Call

# By which parameter a call names what it is about. The first that is there counts.
_NAMED = {
    "InstanceProfileName": "instance-profile",
    "PolicyArn": "",
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
}


def needs_of(call: Call, account: str) -> list[Need]:
    """See `needs.needs_of`."""
    action = f"{call.service}:{call.operation}"
    if call.service == "sts":
        return [Need(action, str(call.parameters.get("RoleArn", "*")))]
    if service := call.parameters.get("AWSServiceName"):
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
        roles = f"arn:aws:iam::{account}:role/aws-service-role/{service}/*"
        return [Need(action, roles, {"iam:AWSServiceName": str(service)})]
    for parameter, kind in _NAMED.items():
        name = call.parameters.get(parameter)
        attaches = parameter == "PolicyArn" and call.operation.startswith(("Attach", "Detach"))
        if name and not attaches:
            resource = str(name) if not kind else f"arn:aws:iam::{account}:{kind}/{name}"
            needs = [Need(action, resource)]
            if call.operation == "AddRoleToInstanceProfile":
                role = f"arn:aws:iam::{account}:role/{call.parameters.get('RoleName', '*')}"
                needs += on_each("iam:PassRole", [role])
            return needs
    return [Need(action)]


def pass_role(account: str, asked: dict[str, Any]) -> list[Need]:
    """Return the need of handing the role of the instance profile in a call's parameters to EC2."""
    for parameter, value in asked.items():
        if parameter.startswith("IamInstanceProfile."):
            name = str(value).rpartition("/")[2]
            profile = iam_backends[account]["aws"].instance_profiles.get(name)
            roles = [role.arn for role in profile.roles] if profile else [f"arn:aws:iam::{account}:role/*"]
            return on_each("iam:PassRole", roles, {"iam:PassedToService": "ec2.amazonaws.com"})
    return []
