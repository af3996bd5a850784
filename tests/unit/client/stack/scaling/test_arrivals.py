"""When jobs came, by what the log says was done and lay in the queue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet.stack.scaling.arrivals import arrivals_of
from jobfleet_scaling.documents.scaling_line import ScalingLine

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def decided(seconds: float, **numbers: Any) -> ScalingLine:
    return ScalingLine(NOON + timedelta(seconds=seconds), "i-1", "decided", **numbers)


def after_noon(*lines: ScalingLine) -> list[float]:
    return [at - NOON.timestamp() for at in arrivals_of(lines).times]


def test_what_was_done_and_what_the_queue_holds_more_has_come_and_is_spread_over_the_time_between() -> None:
    lines = (decided(0, visible=5, in_flight=1), decided(10, visible=4, in_flight=2, done=4))
    assert after_noon(*lines) == [2.5, 5.0, 7.5, 10.0]


def test_what_lay_there_at_first_is_not_counted() -> None:
    assert after_noon(decided(0, visible=100)) == []
    assert after_noon() == []


def test_counts_that_are_late_make_no_arrivals() -> None:
    assert after_noon(decided(0, visible=9), decided(10, visible=2, done=3)) == []


def test_after_a_sleep_all_in_the_queue_has_come_at_once() -> None:
    lines = (decided(0, visible=3), decided(900, visible=2, in_flight=1))
    assert after_noon(*lines) == [900.0] * 3


def test_the_time_of_a_job_is_the_mean_over_jobs() -> None:
    lines = [
        decided(0, service_seconds=9.0, slots=2.0),
        decided(10, done=3, service_seconds=2.0),
        decided(20, done=1, service_seconds=6.0, slots=4.0),
    ]
    found = arrivals_of(lines)
    assert (found.service_seconds, found.slots) == (pytest.approx(3.0), 4.0)
    assert arrivals_of(lines[:1]).service_seconds == 9.0
