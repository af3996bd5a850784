"""The needs of Auto Scaling's calls: rights on groups, and of a group's launches those of RunInstances.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
"""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from localcloud.iam.need import Context, Need, listed, on_each, request_tags, resource_tags, tags_in
from localcloud.iam.needs.iam import pass_role
from localcloud.iam.needs.launch_templates import OF_TEMPLATE
from localcloud.scaling_groups.ec2 import Place
from localcloud.scaling_groups.group import all_groups
from localcloud.wire.call import Call

_READS = ("Describe", "Get")
# They hand a launch template to the group.
_LAUNCHING = ("CreateAutoScalingGroup", "UpdateAutoScalingGroup")
_ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
_LAUNCHED = ("instance", "network-interface", "volume")

_Asked = dict[str, Any]


def needs_of(call: Call, account: str) -> list[Need]:
    """See `needs.needs_of`."""
    action, asked, place = f"autoscaling:{call.operation}", call.parameters, Place(account, call.region)
    if call.operation.startswith(_READS):
        return [Need(action)]
    names = _groups_in(asked, place)
    tags = tags_in(asked, "Tags")
    common = request_tags(tags) | _conditions(asked)
    needs = []
    for name in names:
        arn, present = _group(place, name)
        if call.operation == "CreateAutoScalingGroup":
            # What it is to have counts as what it has.
            present = tags
        needs.append(Need(action, arn, common | resource_tags(present, "autoscaling")))
    if not names:
        needs = [Need(action, _launch_configuration(asked, place), common)]
    if call.operation == "CreateAutoScalingGroup":
        needs += _to_create(account, needs[0].resource, tags)
    if call.operation in _LAUNCHING:
        needs += _to_launch(asked, place)
    return needs


def _groups_in(asked: _Asked, place: Place) -> list[str]:
    """Return the groups that a call names: by name, one of their policies, an instance or as tagged."""
    if name := asked.get("AutoScalingGroupName"):
        return [str(name)]
    _, found, after = str(asked.get("PolicyName", "")).partition(":autoScalingGroupName/")
    if found:
        return [after.partition(":policyName/")[0]]
    if instance := asked.get("InstanceId"):
        here = list(all_groups.get(place, {}).values())
        return [group.name for group in here if instance in group.members]
    tagged = [str(value) for name, value in asked.items() if name.endswith(".ResourceId")]
    return list(dict.fromkeys(tagged))


def _group(place: Place, name: str) -> tuple[str, dict[str, str]]:
    """Return a group's ARN, and its tags; of one that is not there, the ARN leaves its id open."""
    group = all_groups.get(place, {}).get(name)
    if group is None:
        where = f"arn:aws:autoscaling:{place.region}:{place.account}:autoScalingGroup"
        return f"{where}:*:autoScalingGroupName/{name}", {}
    return group.arn, {key: value for key, (value, _) in list(group.tags.items())}


def _launch_configuration(asked: _Asked, place: Place) -> str:
    if name := asked.get("LaunchConfigurationName"):
        where = f"arn:aws:autoscaling:{place.region}:{place.account}:launchConfiguration"
        return f"{where}:*:launchConfigurationName/{name}"
    return "*"


def _conditions(asked: _Asked) -> Context:
    """Return what a policy can hold a call to, as far as the call says it."""
    found: Context = {
        f"autoscaling:{name}": str(asked[name])
        for name in ("MinSize", "MaxSize", "ForceDelete", "LaunchConfigurationName")
        if name in asked
    }
    if subnets := asked.get("VPCZoneIdentifier"):
        found["autoscaling:VPCZoneIdentifiers"] = [one.strip() for one in str(subnets).split(",")]
    if targets := listed(asked, "TargetGroupARNs"):
        found["autoscaling:TargetGroupARNs"] = targets
    if _names_a_template(asked):
        version = str(asked.get("LaunchTemplate.Version", ""))
        found["autoscaling:LaunchTemplateVersionSpecified"] = str(version.isdecimal()).lower()
    return found


def _names_a_template(asked: _Asked) -> bool:
    return "LaunchTemplate.LaunchTemplateId" in asked or "LaunchTemplate.LaunchTemplateName" in asked


def _to_create(account: str, group: str, tags: dict[str, str]) -> list[Need]:
    """Return the needs of a new group's tags, and of the service's role where it is not there yet.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
    """
    needs = on_each("autoscaling:CreateOrUpdateTags", [group] if tags else [], request_tags(tags))
    roles = iam_backends[account]["aws"].roles.values()
    if all(role.name != "AWSServiceRoleForAutoScaling" for role in list(roles)):
        service: Context = {"iam:AWSServiceName": "autoscaling.amazonaws.com"}
        needs.append(Need("iam:CreateServiceLinkedRole", f"arn:aws:iam::{account}:{_ROLE}", service))
    return needs


def _to_launch(asked: _Asked, place: Place) -> list[Need]:
    """Return the needs of a launch from the template: who gives it to a group has to be allowed to launch.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    """
    if not _names_a_template(asked):
        return []
    backend = ec2_backends[place.account][place.region]
    by_id, by_name = (asked.get(f"LaunchTemplate.LaunchTemplate{word}") for word in ("Id", "Name"))
    found = [one for one in backend.launch_templates.values() if one.id == by_id or one.name == by_name]
    if not found:
        return on_each("ec2:RunInstances", ["*"])
    template = found[0]
    numbers = {str(one.number): one for one in template.versions}
    named = {"$Latest": str(template.versions[-1].number), "": str(template.default_version_number)}
    wanted = str(asked.get("LaunchTemplate.Version", "")).replace("$Default", "")
    data = numbers[named.get(wanted, wanted)].data if named.get(wanted, wanted) in numbers else {}
    where = f"arn:aws:ec2:{place.region}:{place.account}:"
    context: Context = {
        "ec2:Region": place.region,
        "ec2:InstanceType": str(data.get("InstanceType", "")),
        "ec2:LaunchTemplate": f"{where}launch-template/{template.id}",
        OF_TEMPLATE: "true",
    }
    subnets = [one.strip() for one in str(asked.get("VPCZoneIdentifier", "*")).split(",")]
    resources = [
        *(f"{where}{kind}/*" for kind in _LAUNCHED),
        f"{where}launch-template/{template.id}",
        f"arn:aws:ec2:{place.region}::image/{data.get('ImageId', '*')}",
        *(f"{where}subnet/{name}" for name in subnets),
        *(f"{where}security-group/{name}" for name in data.get("SecurityGroupIds", ["*"])),
        *([f"{where}key-pair/{data['KeyName']}"] if data.get("KeyName") else []),
    ]
    profile = data.get("IamInstanceProfile", {})
    return [
        *(Need("ec2:RunInstances", one, context | _tags_of(one, data, place)) for one in resources),
        *_to_tag(data, where, context),
        *pass_role(place.account, {f"IamInstanceProfile.{word}": name for word, name in profile.items()}),
    ]


def _tags_of(arn: str, data: _Asked, place: Place) -> Context:
    """Return the conditions on tags for a launch: those that what is made gets, or what is there has."""
    backend = ec2_backends[place.account][place.region]
    kind, _, name = arn.rpartition(":")[2].partition("/")
    for one in data.get("TagSpecifications", []):
        if one["ResourceType"] == kind:
            return request_tags({tag["Key"]: tag.get("Value", "") for tag in one.get("Tags", [])})
    if kind == "key-pair" and name in backend.key_pairs:
        name = backend.key_pairs[name].id
    return resource_tags(backend.tags.get(name) or {}, "ec2")


def _to_tag(data: _Asked, where: str, context: Context) -> list[Need]:
    needs = []
    for one in data.get("TagSpecifications", []):
        tags = {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags", [])}
        made = context | request_tags(tags) | {"ec2:CreateAction": "RunInstances"}
        needs.append(Need("ec2:CreateTags", f"{where}{one['ResourceType']}/*", made))
    return needs
