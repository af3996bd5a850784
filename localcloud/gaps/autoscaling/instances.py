"""Single instances of groups, and what was done with them."""

from typing import Any

from moto.ec2.models import ec2_backends

from localcloud.gaps.autoscaling.answering import Asked, answering, required
from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.autoscaling.shapes import activity_of, instance_of_group
from localcloud.scaling_groups import members, wishes
from localcloud.scaling_groups.capacity import GROUP_TAG
from localcloud.scaling_groups.ec2 import Launched, Place
from localcloud.scaling_groups.group import ScalingGroup, invalid


@answering
def describe_auto_scaling_instances(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingInstances.html."""
    wanted = asked.get("InstanceIds")
    with engine.changing(place) as groups:
        found = [
            instance_of_group(group, member)
            for group in groups.values()
            for member in group.members.values()
            if not wanted or member.id in wanted
        ]
    return {"AutoScalingInstances": found}


@answering
def terminate_instance_in_auto_scaling_group(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html."""
    instance = required(asked, "InstanceId")
    decrement = required(asked, "ShouldDecrementDesiredCapacity")
    with engine.changing(place):
        group, _ = members.of_any_group(engine, place, instance)
        activity = members.terminate(engine, place, instance, decrement=decrement)
        return {"Activity": activity_of(group, activity)}


@answering
def set_instance_health(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html."""
    instance, health = required(asked, "InstanceId"), required(asked, "HealthStatus")
    respects_grace = asked.get("ShouldRespectGracePeriod") is not False
    with engine.changing(place):
        members.set_health(engine, place, instance, health, respects_grace=respects_grace)


@answering
def set_instance_protection(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html."""
    protected = required(asked, "ProtectedFromScaleIn")
    with engine.changing(place) as groups:
        members.protect(_group(groups, asked), required(asked, "InstanceIds"), protected)


@answering
def detach_instances(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachInstances.html."""
    decrement = required(asked, "ShouldDecrementDesiredCapacity")
    ids = asked.get("InstanceIds") or []
    with engine.changing(place) as groups:
        group = _group(groups, asked)
        done = members.detach(engine, group, ids, decrement=decrement)
        ec2_backends[place.account][place.region].delete_tags(ids, {GROUP_TAG: group.name})
        return {"Activities": [activity_of(group, one) for one in done]}


@answering
def attach_instances(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachInstances.html."""
    ids = asked.get("InstanceIds") or []
    backend = ec2_backends[place.account][place.region]
    with engine.changing(place) as groups:
        group = _group(groups, asked)
        coming = []
        for name in ids:
            instance = backend.get_instance(name)
            if instance.state != "running" or engine.member(place, name):
                raise invalid(f"Instance {name} is not running, or is part of an Auto Scaling group already")
            if instance.placement.zone not in {spot.zone for spot in group.spots}:
                raise invalid(f"Instance {name} is in none of the availability zones of {group.name}")
            coming.append((Launched(name, instance.instance_type, 0), instance.placement.zone))
        members.attach(engine, group, group.template, coming)
        backend.create_tags(ids, {GROUP_TAG: group.name})


@answering
def enter_standby(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnterStandby.html."""
    decrement = required(asked, "ShouldDecrementDesiredCapacity")
    with engine.changing(place) as groups:
        group = _group(groups, asked)
        done = members.enter_standby(engine, group, asked.get("InstanceIds") or [], decrement=decrement)
        return {"Activities": [activity_of(group, one) for one in done]}


@answering
def exit_standby(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExitStandby.html."""
    with engine.changing(place) as groups:
        group = _group(groups, asked)
        done = members.exit_standby(engine, group, asked.get("InstanceIds") or [])
        return {"Activities": [activity_of(group, one) for one in done]}


def _group(groups: dict[str, ScalingGroup], asked: Asked) -> ScalingGroup:
    return wishes.find(groups, required(asked, "AutoScalingGroupName"))


@answering
def describe_scaling_activities(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html."""
    name, ids = asked.get("AutoScalingGroupName"), asked.get("ActivityIds")
    most, after = asked.get("MaxRecords") or 100, asked.get("NextToken")
    with engine.changing(place) as groups:
        if name and name not in groups:
            raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        found = [
            activity_of(group, activity)
            for group in groups.values()
            if not name or group.name == name
            for activity in group.activities
            if not ids or activity.id in ids
        ]
    found.sort(key=lambda one: one["StartTime"], reverse=True)
    if after:
        ends = [index for index, one in enumerate(found) if one["ActivityId"] == after]
        found = found[ends[0] + 1 :] if ends else []
    more = {"NextToken": found[most - 1]["ActivityId"]} if len(found) > most else {}
    return {"Activities": found[:most], **more}
