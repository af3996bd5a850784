"""The two alarms that AWS makes for a policy of target tracking, and removes with it.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html: the high one goes off
after three minutes above the target, the low one after fifteen minutes below nine tenths of it. The metrics
of instances and load balancers, which AWS has for it, do not exist here: then both have no data.
"""

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from localcloud.gaps.scaling_policies.policy import Policy

_HIGH_MINUTES, _LOW_MINUTES, _LOW_SHARE = 3, 15, 0.9
_PREDEFINED = {
    "ASGAverageCPUUtilization": ("AWS/EC2", "CPUUtilization"),
    "ASGAverageNetworkIn": ("AWS/EC2", "NetworkIn"),
    "ASGAverageNetworkOut": ("AWS/EC2", "NetworkOut"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget"),
}


def watch(policy: Policy) -> None:
    """Make the alarms of a policy, or set them anew."""
    target = policy.target or {}
    wanted = float(target["TargetValue"])
    _put(policy, "AlarmHigh", "GreaterThanThreshold", wanted, _HIGH_MINUTES)
    if not target.get("DisableScaleIn"):
        _put(policy, "AlarmLow", "LessThanThreshold", wanted * _LOW_SHARE, _LOW_MINUTES)


def unwatch(policy: Policy) -> None:
    """Remove the alarms of a policy."""
    _backend(policy).delete_alarms([_name(policy, word) for word in ("AlarmHigh", "AlarmLow")])


def _name(policy: Policy, word: str) -> str:
    return f"TargetTracking-{policy.group}-{word}-{policy.id}"


def _backend(policy: Policy) -> CloudWatchBackend:
    return cloudwatch_backends[policy.place.account][policy.place.region]


def _put(policy: Policy, word: str, comparison: str, threshold: float, minutes: int) -> None:
    _backend(policy).put_metric_alarm(
        _name(policy, word),
        **_metric(policy),
        comparison_operator=comparison,
        evaluation_periods=minutes,
        period=60,
        threshold=threshold,
        description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        alarm_actions=[policy.arn],
    )


def _metric(policy: Policy) -> dict[str, Any]:
    target = policy.target or {}
    own = {"Name": "AutoScalingGroupName", "Value": policy.group}
    if custom := target.get("CustomizedMetricSpecification"):
        return {
            "namespace": custom.get("Namespace"),
            "metric_name": custom.get("MetricName"),
            "dimensions": custom.get("Dimensions") or [],
            "statistic": custom.get("Statistic"),
        }
    kind = target.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    namespace, name = _PREDEFINED.get(kind, ("AWS/EC2", "CPUUtilization"))
    return {"namespace": namespace, "metric_name": name, "dimensions": [own], "statistic": "Average"}
