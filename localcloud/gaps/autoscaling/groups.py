"""Groups: made, changed, described, deleted, and their capacity."""

import uuid
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from localcloud.gaps.autoscaling.answering import Asked, answering, required
from localcloud.gaps.autoscaling.hooks import read_hook
from localcloud.gaps.autoscaling.running import engine, version_of
from localcloud.gaps.autoscaling.shapes import described
from localcloud.lateness.door import AUTO_SCALING_GROUP
from localcloud.lateness.register import Thing, late
from localcloud.scaling_groups import placing, wishes
from localcloud.scaling_groups.ec2 import Place, Spot, TemplateName
from localcloud.scaling_groups.group import ScalingGroup, invalid

# What is told again as it was given, and has no effect here.
_ECHOED = ("Context", "DefaultInstanceWarmup", "DesiredCapacityType", "HealthCheckType", "PlacementGroup")
# What groups here cannot do; silence would pass for success.
_NOT_HERE = (
    "AvailabilityZoneIds",
    "CapacityRebalance",
    "CapacityReservationSpecification",
    "DeletionProtection",
    "InstanceId",
    "InstanceLifecyclePolicy",
    "InstanceMaintenancePolicy",
    "LaunchConfigurationName",
    "LoadBalancerNames",
    "MaxInstanceLifetime",
    "MixedInstancesPolicy",
    "TargetGroupARNs",
    "TrafficSources",
)
_MOST_RECORDS = 100
LINKED_ROLE, LINKED_SERVICE = "AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com"


@answering
def create_auto_scaling_group(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html."""
    name = required(asked, "AutoScalingGroupName")
    minimum, maximum = required(asked, "MinSize"), required(asked, "MaxSize")
    _refuse_what_is_not_here(asked)
    spots = _spots(place, asked)
    if not spots:
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    if not asked.get("LaunchTemplate"):
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
            "MixedInstancesPolicy parameter."
        )
    desired = asked.get("DesiredCapacity")
    where = f"arn:aws:autoscaling:{place.region}:{place.account}:autoScalingGroup"
    group = ScalingGroup(
        place=place,
        name=name,
        arn=f"{where}:{uuid.uuid4()}:autoScalingGroupName/{name}",
        created=engine.clock.moment(),
        minimum=minimum,
        maximum=maximum,
        desired=minimum if desired is None else desired,
        template=_template(place, asked["LaunchTemplate"]),
        spots=spots,
        tags={
            tag["Key"]: (tag.get("Value", ""), bool(tag.get("PropagateAtLaunch")))
            for tag in asked.get("Tags", [])
        },
    )
    for hook in map(read_hook, asked.get("LifecycleHookSpecificationList") or []):
        group.hooks[hook.name] = hook
    _take_settings(group, asked)
    _link_role(place)
    with engine.changing(place) as groups:
        wishes.add(engine, groups, group)
    late.made(Thing(place.account, AUTO_SCALING_GROUP, name))


@answering
def update_auto_scaling_group(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html."""
    _refuse_what_is_not_here(asked)
    spots = _spots(place, asked)
    template = _template(place, asked["LaunchTemplate"]) if asked.get("LaunchTemplate") else None
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        wishes.set_bounds(
            engine, group, asked.get("MinSize"), asked.get("MaxSize"), asked.get("DesiredCapacity")
        )
        _take_settings(group, asked)
        group.spots = spots or group.spots
        group.template = template or group.template
        group.retry_at, group.failures = 0.0, 0


@answering
def attach_load_balancer_target_groups(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachLoadBalancerTargetGroups.html."""
    _refuse_what_is_not_here(asked)


@answering
def describe_load_balancer_target_groups(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLoadBalancerTargetGroups.html."""
    with engine.changing(place) as groups:
        wishes.find(groups, required(asked, "AutoScalingGroupName"))
    return {"LoadBalancerTargetGroups": []}


@answering
def delete_auto_scaling_group(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html."""
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        wishes.delete(engine, group, force=bool(asked.get("ForceDelete")))
        if not group.members:
            del groups[group.name]


@answering
def set_desired_capacity(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html."""
    desired = required(asked, "DesiredCapacity")
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        wishes.set_desired(engine, group, desired, honors_cooldown=bool(asked.get("HonorCooldown")))


@answering
def describe_auto_scaling_groups(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html."""
    names, filters = asked.get("AutoScalingGroupNames") or [], asked.get("Filters") or []
    most, after = asked.get("MaxRecords") or 50, asked.get("NextToken") or ""
    if not 1 <= most <= _MOST_RECORDS:
        raise invalid(f"MaxRecords {most} must be between 1 and {_MOST_RECORDS}")
    with engine.changing(place) as groups:
        seen = [
            described(group)
            for name, group in sorted(groups.items())
            if name > after
            and (not names or name in names)
            and all(_fits(group, one) for one in filters)
            and not late.is_unseen("list of scaling groups", Thing(place.account, AUTO_SCALING_GROUP, name))
        ]
    more = {"NextToken": seen[most - 1]["AutoScalingGroupName"]} if len(seen) > most else {}
    return {"AutoScalingGroups": seen[:most], **more}


def _fits(group: ScalingGroup, wanted: dict[str, Any]) -> bool:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Filter.html."""
    name, values = wanted.get("Name", ""), wanted.get("Values", [])
    if name == "tag-key":
        return any(key in values for key in group.tags)
    if name == "tag-value":
        return any(value in values for value, _ in group.tags.values())
    if name.startswith("tag:"):
        return group.tags.get(name.removeprefix("tag:"), (None, False))[0] in values
    raise invalid(
        f"Filter type {name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>"
    )


def _refuse_what_is_not_here(asked: Asked) -> None:
    if missing := [name for name in _NOT_HERE if asked.get(name)]:
        raise invalid(f"localcloud's groups know no {missing[0]}: use LaunchTemplate and VPCZoneIdentifier")


def _take_settings(group: ScalingGroup, asked: Asked) -> None:
    policies = asked.get("TerminationPolicies")
    if strange := set(policies or ()) - set(placing.POLICIES):
        raise invalid(f"Termination policies [{', '.join(sorted(strange))}] are invalid")
    if asked.get("DefaultCooldown") is not None:
        group.cooldown = asked["DefaultCooldown"]
    if asked.get("HealthCheckGracePeriod") is not None:
        group.grace = asked["HealthCheckGracePeriod"]
    if asked.get("NewInstancesProtectedFromScaleIn") is not None:
        group.protects_new = asked["NewInstancesProtectedFromScaleIn"]
    group.termination_policies = list(policies or group.termination_policies)
    group.more |= {name: asked[name] for name in _ECHOED if asked.get(name) is not None}


def _spots(place: Place, asked: Asked) -> list[Spot]:
    """Return where a group may launch by its subnets, else by its zones; nothing where neither is said."""
    backend = ec2_backends[place.account][place.region]
    zones = asked.get("AvailabilityZones") or []
    names = [name.strip() for name in (asked.get("VPCZoneIdentifier") or "").split(",") if name.strip()]
    try:
        spots = [Spot(backend.get_subnet(name).availability_zone, name) for name in names]
    except ServiceException as error:
        raise invalid(f"The subnet ID '{', '.join(names)}' does not exist") from error
    if spots and zones and {spot.zone for spot in spots} != set(zones):
        raise invalid(
            "The availability zones of the specified subnets and the Auto Scaling group do not match"
        )
    known = {zone.name for zone in backend.describe_availability_zones()}
    if strange := sorted(set(zones) - known):
        raise invalid(f"Invalid availability zones: {', '.join(strange)}")
    return spots or [Spot(zone, None) for zone in zones]


def _template(place: Place, asked: dict[str, Any]) -> TemplateName:
    """Return the template that is named. Raises `GroupError` if it or the version is not there."""
    by_id, by_name = asked.get("LaunchTemplateId"), asked.get("LaunchTemplateName")
    if bool(by_id) == bool(by_name):
        raise invalid(
            "Valid requests must contain either launchTemplateId or LaunchTemplateName, and not both of them"
        )
    backend = ec2_backends[place.account][place.region]
    try:
        wanted = {"template_ids": [by_id]} if by_id else {"template_names": [by_name]}
        template = backend.describe_launch_templates(**wanted)[0]
        name = TemplateName(template.id, template.name, asked.get("Version"))
        version = version_of(backend, name)
    except (ServiceException, ValueError) as error:
        said = getattr(error, "message", f"the version {asked.get('Version')} is no number")
        raise invalid(
            f"You must use a valid fully-formed launch template. {said} (launch template {by_id or by_name})"
        ) from error
    for part in ("ImageId", "InstanceType"):
        if not version.data.get(part):
            raise invalid(
                "You must use a valid fully-formed launch template. The request must contain the parameter "
                f"{part}"
            )
    if version.data["ImageId"] not in backend.amis:
        raise invalid(
            "You must use a valid fully-formed launch template. The image id "
            f"'[{version.data['ImageId']}]' does not exist"
        )
    return name


def _link_role(place: Place) -> None:
    """Make the role that the service acts by, where it is not there yet.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
    """
    iam = iam_backends[place.account]["aws"]
    if all(role.name != LINKED_ROLE for role in iam.roles.values()):
        iam.create_service_linked_role(LINKED_SERVICE, "Default Service-Linked Role of Auto Scaling", "")
