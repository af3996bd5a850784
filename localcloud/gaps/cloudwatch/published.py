"""The metrics that services publish by themselves, each minute."""

import time
from collections.abc import Iterator
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.sqs.models import Queue, sqs_backends

from localcloud.gaps.autoscaling.running import engine
from localcloud.gaps.cloudwatch.balancers import publish_balancers
from localcloud.gaps.cloudwatch.clock import DELAY_SECONDS, MINUTE
from localcloud.gaps.cloudwatch.records import store_of
from localcloud.gaps.sqs.traffic import Traffic, traffic_of
from localcloud.gaps.timing import seconds_on_aws
from localcloud.lateness.register import late
from localcloud.metrics.series import MetricStore, Point, Statistics, metric
from localcloud.scaling_groups.group import COMING, GOING, ScalingGroup, Stage

# "A queue stays active up to six hours":
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
IDLE_SECONDS = 6 * 3600.0


def publish(end: float) -> None:
    """Publish what there is at the end of the minute before `end`, on AWS's clock."""
    for account, region, backend in _all(sqs_backends):
        for queue in list(backend.queues.values()):
            _publish_queue(store_of(cloudwatch_backends[account][region]), queue, end)
    publish_balancers(end)
    for group in engine.everything():
        if group.metrics:
            place = group.place
            _publish_group(store_of(cloudwatch_backends[place.account][place.region]), group, end)


def _all(backends: Any) -> Iterator[tuple[str, str, Any]]:
    for account, regions in list(backends.items()):
        for region, backend in list(regions.items()):
            yield account, region, backend


def _publish_queue(store: MetricStore, queue: Queue, end: float) -> None:
    traffic = traffic_of(queue)
    with queue._messages_lock:
        line: Any = queue._messages
        visible, in_flight, delayed = line.counts()
        oldest = next(iter(line), None)
    holds_messages = oldest is not None
    active_since = _active_since(traffic, holds_messages=holds_messages, end=end)
    if active_since is None:
        return
    counts = traffic.take()
    values = {
        "ApproximateNumberOfMessagesVisible": visible,
        "ApproximateNumberOfMessagesNotVisible": in_flight,
        "ApproximateNumberOfMessagesDelayed": delayed,
        "NumberOfMessagesSent": counts.sent,
        "NumberOfMessagesReceived": counts.received,
        "NumberOfMessagesDeleted": counts.deleted,
    }
    seen_from = _seen_from(active_since, end)
    dimensions = {"QueueName": queue.name}
    for name, value in values.items():
        point = Point(end - MINUTE, seen_from, Statistics.of(float(value)), "Count")
        store.put(metric("AWS/SQS", name, dimensions), point)
    if oldest is not None:
        age = seconds_on_aws(max(0.0, time.time() - (oldest.sent_timestamp or 0) / 1000))
        point = Point(end - MINUTE, seen_from, Statistics.of(age), "Seconds")
        store.put(metric("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions), point)


def _active_since(traffic: Traffic, *, holds_messages: bool, end: float) -> float | None:
    """Return since when a queue is active, None if it is not: then SQS tells CloudWatch nothing of it.

    It stays active for up to six hours after a call or with messages, and there may be a delay of up to 15
    minutes when it becomes active again.
    """
    used_at = seconds_on_aws(traffic.used_at)
    if not holds_messages and end - used_at > IDLE_SECONDS:
        traffic.active_since = None
    elif traffic.active_since is None:
        traffic.active_since = used_at
    return traffic.active_since


def _seen_from(active_since: float, end: float) -> float:
    return max(end + DELAY_SECONDS, active_since + late.delays.metrics_after)


def _publish_group(store: MetricStore, group: ScalingGroup, end: float) -> None:
    values = group_values(group)
    for name in group.metrics:
        point = Point(end - MINUTE, end + DELAY_SECONDS, Statistics.of(float(values[name])))
        store.put(metric("AWS/AutoScaling", name, {"AutoScalingGroupName": group.name}), point)


def group_values(group: ScalingGroup) -> dict[str, int]:
    """Return the figures of a group, by their metrics' names.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
    """
    stages = [member.stage for member in list(group.members.values())]
    counts = {
        "InService": stages.count(Stage.IN_SERVICE),
        "Pending": sum(stage in COMING for stage in stages),
        "Standby": stages.count(Stage.STANDBY),
        "Terminating": sum(stage in GOING for stage in stages),
        "Total": len(stages),
    }
    # Without weights an instance is one unit of capacity.
    instances = {f"Group{name}Instances": count for name, count in counts.items()}
    capacity = {f"Group{name}Capacity": count for name, count in counts.items()}
    bounds = {
        "GroupMinSize": group.minimum,
        "GroupMaxSize": group.maximum,
        "GroupDesiredCapacity": group.desired,
    }
    return bounds | instances | capacity
