"""A group's tags, suspended processes and metrics."""

from typing import Any

from localcloud.gaps.autoscaling.answering import Asked, answering, required
from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.autoscaling.shapes import tags_of
from localcloud.scaling_groups import wishes
from localcloud.scaling_groups.ec2 import Place
from localcloud.scaling_groups.group import PROCESSES, invalid

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnableMetricsCollection.html
METRICS = (
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupStandbyCapacity",
    "GroupTerminatingCapacity",
    "GroupTotalCapacity",
)


@answering
def suspend_processes(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html."""
    when = f"{engine.clock.moment():%Y-%m-%dT%H:%M:%SZ}"
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        for process in _processes(asked):
            group.suspended.setdefault(process, f"User suspended at {when}")


@answering
def resume_processes(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ResumeProcesses.html."""
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        for process in _processes(asked):
            group.suspended.pop(process, None)
        group.retry_at, group.failures = 0.0, 0


def _processes(asked: Asked) -> list[str]:
    wanted = asked.get("ScalingProcesses") or list(PROCESSES)
    if strange := [process for process in wanted if process not in PROCESSES]:
        raise invalid(f"Invalid process {', '.join(strange)}. Valid ones are {', '.join(PROCESSES)}")
    return wanted


@answering
def describe_scaling_process_types(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingProcessTypes.html."""
    return {"Processes": [{"ProcessName": process} for process in PROCESSES]}


@answering
def enable_metrics_collection(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnableMetricsCollection.html."""
    if required(asked, "Granularity") != "1Minute":
        raise invalid(f"Granularity {asked['Granularity']} is invalid: the only one is 1Minute")
    wanted = _metrics(asked)
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        group.metrics = [name for name in METRICS if name in wanted or name in group.metrics]


@answering
def disable_metrics_collection(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DisableMetricsCollection.html."""
    unwanted = _metrics(asked)
    with engine.changing(place) as groups:
        group = wishes.find(groups, required(asked, "AutoScalingGroupName"))
        group.metrics = [name for name in group.metrics if name not in unwanted]


def _metrics(asked: Asked) -> list[str]:
    wanted = asked.get("Metrics") or list(METRICS)
    if strange := [name for name in wanted if name not in METRICS]:
        raise invalid(f"Metric {', '.join(strange)} is invalid")
    return wanted


@answering
def describe_metric_collection_types(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeMetricCollectionTypes.html."""
    return {
        "Metrics": [{"Metric": name} for name in METRICS],
        "Granularities": [{"Granularity": "1Minute"}],
    }


@answering
def create_or_update_tags(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateOrUpdateTags.html."""
    with engine.changing(place) as groups:
        found = [(wishes.find(groups, tag.get("ResourceId", "")), tag) for tag in required(asked, "Tags")]
        for group, tag in found:
            group.tags[tag["Key"]] = (tag.get("Value", ""), bool(tag.get("PropagateAtLaunch")))


@answering
def delete_tags(place: Place, asked: Asked) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteTags.html."""
    with engine.changing(place) as groups:
        for tag in required(asked, "Tags"):
            wishes.find(groups, tag.get("ResourceId", "")).tags.pop(tag["Key"], None)


@answering
def describe_tags(place: Place, asked: Asked) -> dict[str, Any]:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeTags.html."""
    names = {"auto-scaling-group": "ResourceId", "key": "Key", "value": "Value"}
    with engine.changing(place) as groups:
        found = [tag for group in groups.values() for tag in tags_of(group)]
    for wanted in asked.get("Filters") or []:
        if wanted["Name"] == "propagate-at-launch":
            words = [value.lower() for value in wanted["Values"]]
            found = [tag for tag in found if str(tag["PropagateAtLaunch"]).lower() in words]
        elif field := names.get(wanted["Name"]):
            found = [tag for tag in found if tag[field] in wanted["Values"]]
        else:
            raise invalid(f"Filter type {wanted['Name']} is not correct")
    return {"Tags": found}
