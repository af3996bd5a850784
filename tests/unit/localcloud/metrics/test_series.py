"""Data points by their times: the statistics of periods, and what is seen when."""

import math

import pytest

from localcloud.metrics.series import MetricStore, Point, Statistics, is_percentile, metric, together

DEPTH = metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": "jobs"})


def point(time: float, value: float, seen_from: float = 0) -> Point:
    return Point(time, seen_from, Statistics.of(value), "Count")


def store_with(*points: Point) -> MetricStore:
    store = MetricStore()
    for one in points:
        store.put(DEPTH, one)
    return store


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("Average", 2), ("Sum", 6), ("Minimum", 1), ("Maximum", 3), ("SampleCount", 3)],
)
def test_a_period_s_statistics_are_those_of_all_its_points(statistic: str, value: float) -> None:
    store = store_with(point(0, 1), point(60, 2), point(120, 3), point(300, 99))

    found = store.periods(DEPTH, 0, 300, 300, now=1_000)

    assert {time: one.get(statistic) for time, one in found.items()} == {0: value}


def test_periods_begin_where_it_is_asked_from() -> None:
    store = store_with(point(60, 1), point(120, 2), point(180, 4))

    found = store.periods(DEPTH, 60, 300, 120, now=1_000)

    assert {time: one.total for time, one in found.items()} == {60: 3, 180: 4}


def test_a_point_is_not_seen_before_it_was_published() -> None:
    store = store_with(point(0, 1, seen_from=120))

    assert store.periods(DEPTH, 0, 60, 60, now=119) == {}
    assert store.metrics(119) == []
    assert list(store.periods(DEPTH, 0, 60, 60, now=120)) == [0]
    assert store.metrics(120) == [DEPTH]


def test_a_metric_of_other_dimensions_or_another_unit_is_another() -> None:
    store = store_with(point(0, 1))

    assert store.periods(metric("AWS/SQS", DEPTH.name, {}), 0, 60, 60, now=1) == {}
    assert store.periods(DEPTH, 0, 60, 60, now=1, unit="Seconds") == {}
    assert store.unit(DEPTH) == "Count"


def test_the_oldest_points_are_forgotten() -> None:
    store = store_with(*(point(60 * index, 1) for index in range(2_000)))

    assert len(store.periods(DEPTH, 0, 120_000, 60, now=0)) == 1_440


def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed() -> None:
    values = together(Statistics.of(value) for value in (5.0, 1.0, 3.0, 2.0, 4.0))

    assert [values.get(name) for name in ("p0", "p20", "p50", "p90", "p100")] == [1, 1, 3, 5, 5]
    assert math.isnan(together([values, Statistics(2, 3, 1, 2)]).get("p50"))


def test_percentiles_are_between_0_and_100() -> None:
    assert all(map(is_percentile, ("p0", "p99", "p99.99", "p100")))
    assert not any(map(is_percentile, ("p", "p101", "tm99", "p-1", "50")))
