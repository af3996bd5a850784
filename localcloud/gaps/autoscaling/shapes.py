"""How groups, their instances, hooks and activities look in answers."""

import json
from typing import Any

from localcloud.scaling_groups.activities import Activity
from localcloud.scaling_groups.group import GroupMember, Hook, ScalingGroup


def described(group: ScalingGroup) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html."""
    subnets = [spot.subnet for spot in group.spots if spot.subnet]
    role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    return {
        "HealthCheckType": "EC2",
        "CapacityRebalance": False,
        **group.more,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "LaunchTemplate": _template(group.template),
        "MinSize": group.minimum,
        "MaxSize": group.maximum,
        "DesiredCapacity": group.desired,
        "DefaultCooldown": group.cooldown,
        "AvailabilityZones": list(dict.fromkeys(spot.zone for spot in group.spots)),
        "LoadBalancerNames": [],
        "TargetGroupARNs": [],
        "HealthCheckGracePeriod": group.grace,
        "Instances": [_instance(member) for member in group.members.values()],
        "CreatedTime": group.created,
        "SuspendedProcesses": [
            {"ProcessName": process, "SuspensionReason": why}
            for process, why in sorted(group.suspended.items())
        ],
        "VPCZoneIdentifier": ",".join(subnets),
        "EnabledMetrics": [{"Metric": name, "Granularity": "1Minute"} for name in group.metrics],
        "Tags": tags_of(group),
        "TerminationPolicies": group.termination_policies,
        "NewInstancesProtectedFromScaleIn": group.protects_new,
        "ServiceLinkedRoleARN": f"arn:aws:iam::{group.place.account}:{role}",
        "TrafficSources": [],
        **({"Status": "Delete in progress"} if group.being_deleted else {}),
    }


def tags_of(group: ScalingGroup) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TagDescription.html."""
    return [
        {
            "ResourceId": group.name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": at_launch,
        }
        for key, (value, at_launch) in sorted(group.tags.items())
    ]


def _template(template: Any) -> dict[str, Any]:
    found = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
    # AWS tells no version where none was said.
    return found | ({"Version": template.version} if template.version else {})


def _instance(member: GroupMember) -> dict[str, Any]:
    return {
        "InstanceId": member.id,
        "InstanceType": member.kind,
        "AvailabilityZone": member.zone,
        "LifecycleState": str(member.stage),
        "HealthStatus": member.health,
        "LaunchTemplate": _template(member.template),
        "ProtectedFromScaleIn": member.protected,
    }


def instance_of_group(group: ScalingGroup, member: GroupMember) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingInstanceDetails.html."""
    return {
        **_instance(member),
        "AutoScalingGroupName": group.name,
        # In capitals here, and here alone.
        "HealthStatus": member.health.upper(),
    }


def activity_of(group: ScalingGroup, activity: Activity) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html."""
    return {
        "ActivityId": activity.id,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": activity.description,
        "Cause": activity.cause[:1023],
        "StartTime": activity.start,
        "StatusCode": activity.status,
        "Progress": activity.progress,
        "Details": json.dumps(activity.details, separators=(",", ":")),
        **({"EndTime": activity.end} if activity.end else {}),
        **({"StatusMessage": activity.message[:255]} if activity.message else {}),
    }


def hook_of(group: ScalingGroup, hook: Hook) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LifecycleHook.html."""
    return {
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": group.name,
        "LifecycleTransition": hook.transition,
        "HeartbeatTimeout": hook.timeout,
        "GlobalTimeout": hook.most,
        "DefaultResult": hook.default_result,
        **hook.notes,
    }
