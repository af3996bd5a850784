"""What services publish each minute, and what an alarm sees of it at a moment."""

from datetime import UTC, datetime

import pytest
from moto.cloudwatch.models import CloudWatchBackend

from localcloud.gaps.autoscaling.tags_and_processes import METRICS
from localcloud.gaps.cloudwatch import minute
from localcloud.gaps.cloudwatch.alarms import Watch, points_of
from localcloud.gaps.cloudwatch.published import _active_since as active_since
from localcloud.gaps.cloudwatch.published import _seen_from as seen_from
from localcloud.gaps.cloudwatch.published import group_values
from localcloud.gaps.cloudwatch.records import store_of
from localcloud.gaps.sqs.traffic import Traffic
from localcloud.lateness.register import late
from localcloud.metrics.evaluation import AlarmCondition
from localcloud.metrics.queries import ExpressionQuery, MetricQuery
from localcloud.metrics.series import Point, Statistics, metric
from localcloud.scaling_groups.ec2 import Place, TemplateName
from localcloud.scaling_groups.group import GroupMember, ScalingGroup, Stage
from localcloud.state import Delays

DEPTH = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": "jobs"})
HOUR = 3600.0


def point(time: float, value: float, seen_from: float = 0) -> Point:
    return Point(time, seen_from, Statistics.of(value), "Count")


def test_a_queue_is_active_until_it_was_idle_for_six_hours() -> None:
    traffic = Traffic()
    traffic.used_at = 1_000.0

    assert active_since(traffic, holds_messages=False, end=1_020) == 1_000
    assert active_since(traffic, holds_messages=False, end=1_000 + 6 * HOUR) == 1_000
    assert active_since(traffic, holds_messages=True, end=1_000 + 7 * HOUR) == 1_000
    assert active_since(traffic, holds_messages=False, end=1_000 + 7 * HOUR) is None
    traffic.used_at = 1_000 + 9 * HOUR
    assert active_since(traffic, holds_messages=True, end=1_030 + 9 * HOUR) == 1_000 + 9 * HOUR


def test_a_queue_that_became_active_is_told_of_late_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert seen_from(1_000, end=1_020) == 1_080

    monkeypatch.setattr(late, "delays", Delays(metrics_after=900))

    assert seen_from(1_000, end=1_020) == 1_900
    assert seen_from(1_000, end=9_000) == 9_060


def test_a_group_s_figures_count_its_instances_by_their_states() -> None:
    place, template = Place("123456789012", "us-east-1"), TemplateName("lt-1", "g", None)
    group = ScalingGroup(place, "g", "arn", datetime.now(UTC), 1, 9, 4, template, [])
    stages = (Stage.PENDING_WAIT, Stage.IN_SERVICE, Stage.IN_SERVICE, Stage.STANDBY, Stage.TERMINATING_WAIT)
    for index, stage in enumerate(stages):
        group.members[str(index)] = GroupMember(str(index), "t3.micro", "a", template, 0, False, stage)

    figures = group_values(group)

    assert {name: figures[f"Group{name}"] for name in ("MinSize", "MaxSize", "DesiredCapacity")} == {
        "MinSize": 1,
        "MaxSize": 9,
        "DesiredCapacity": 4,
    }
    words = ("Pending", "InService", "Standby", "Terminating", "Total")
    assert [figures[f"Group{word}Instances"] for word in words] == [1, 2, 1, 1, 5]
    assert set(METRICS) == set(figures)


def test_an_alarm_sees_the_periods_before_the_moment_in_which_it_looks() -> None:
    backend = CloudWatchBackend("us-east-1", "123456789012")
    for one in (point(540, 7, seen_from=660), point(480, 5, seen_from=600), point(420, 3, seen_from=540)):
        store_of(backend).put(DEPTH, one)
    depth = MetricQuery(DEPTH, "Maximum", 60)
    filled = ExpressionQuery.of("FILL(depth, 0)")
    condition = AlarmCondition("GreaterThanThreshold", 0, periods=1, needed=1)
    queries = {"depth": depth, "filled": filled}

    seen = points_of(backend, Watch(queries, "depth", 60, condition), 600)
    fills = points_of(backend, Watch(queries, "filled", 60, condition), 600)

    assert seen == [None, 5, 3], "the newest minute's figures are not there yet"
    assert fills == [0, 5, 3], "FILL puts its value in the place of what is late"


def test_a_longer_period_ends_with_the_minute_too() -> None:
    backend = CloudWatchBackend("us-east-1", "123456789012")
    for index in range(20):
        store_of(backend).put(DEPTH, point(60 * index, index))
    condition = AlarmCondition("GreaterThanThreshold", 0, periods=1, needed=1)
    watch = Watch({"depth": MetricQuery(DEPTH, "Sum", 120)}, "depth", 120, condition)

    assert points_of(backend, watch, 600) == [8 + 9, 6 + 7, 4 + 5]
    assert points_of(backend, watch, 660) == [9 + 10, 7 + 8, 5 + 6]


def test_what_a_busy_machine_missed_is_made_up_for_within_a_bound() -> None:
    assert minute._ends(600, 600) == []
    assert minute._ends(600, 720) == [660, 720]
    assert minute._ends(0, 6_000) == [5_880, 5_940, 6_000]
