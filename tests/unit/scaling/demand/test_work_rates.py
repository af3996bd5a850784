"""What a job takes of a host, by the heartbeats' sums."""

from dataclasses import replace

import pytest
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_scaling.demand.work_rates import HEARTBEATS_MAX, PRIOR_JOBS, Rates, WorkRates

from tests.scaling_fleet import NOW, seconds

UNKNOWN = Rates()


def beat(worker: str, busy: float, done: int, slots: int = 2, **more: object) -> Heartbeat:
    told = Heartbeat(worker, started=NOW, counts={"succeeded": done}, slots=slots, busy_seconds=busy)
    return replace(told, **more)  # type: ignore[arg-type]


def rates(*heartbeats: Heartbeat, before: Rates = UNKNOWN) -> Rates:
    taken = WorkRates()
    for one in heartbeats:
        taken.take(one)
    return taken.rates(before)


def test_nobody_knows_before_a_worker_has_told() -> None:
    assert rates() == UNKNOWN
    assert rates(beat("a", 0.0, 0, slots=0)) == UNKNOWN  # of an earlier version


def test_all_workers_count_by_their_jobs() -> None:
    assert rates(beat("a", 10.0, 5), beat("b", 2.0, 1, slots=4)) == Rates(2.0, 3.0)


def test_only_what_came_lately_counts() -> None:
    beats = [beat("a", 100.0, 1)] + [beat("a", 100.0 + n, 1 + n) for n in range(HEARTBEATS_MAX)]
    assert rates(*beats).service_seconds == 1.0


def test_a_worker_that_started_anew_counts_anew() -> None:
    again = beat("a", 6.0, 2, started=NOW + seconds(60))
    assert rates(beat("a", 100.0, 50), again).service_seconds == 3.0


def test_what_jobs_waited_for_aws_is_not_what_they_take() -> None:
    told = beat("a", 10.0, 10), beat("a", 500.0, 10, paused="credentials"), beat("a", 510.0, 20)
    assert rates(*told).service_seconds == 1.0


def test_jobs_that_have_not_ended_take_at_least_what_each_took_until_now() -> None:
    assert rates(beat("a", 120.0, 0, in_flight=1)).service_seconds == 120.0
    # Of ten in hand, two are at work on each host.
    both = beat("a", 120.0, 0, in_flight=10), beat("b", 120.0, 0, in_flight=10)
    assert rates(*both).service_seconds == 60.0


def test_a_job_that_goes_on_does_not_seem_longer_each_time_somebody_looks() -> None:
    taken = WorkRates()
    taken.take(beat("a", 120.0, 0, in_flight=1))
    known = Rates(1.0, 2.0)
    for _ in range(1_000):
        known = taken.rates(known)
    assert known.service_seconds == pytest.approx(120.0)


def test_events_that_ask_for_no_job_are_none() -> None:
    assert rates(beat("a", 0.022, 0, counts={"passed-over": 1})).service_seconds == 0.0
    mixed = beat("a", 10.0, 0, counts={"succeeded": 1, "failed": 2, "broken": 2, "passed-over": 95})
    assert rates(mixed).service_seconds == 2.0


@pytest.mark.parametrize(
    ("busy", "in_flight"), [(0.065, 0), (0.5, 2)], ids=["an event that was no job", "jobs that just began"]
)
def test_what_ended_no_job_does_not_say_that_jobs_are_short(busy: float, in_flight: int) -> None:
    told = beat("a", busy, 0, in_flight=in_flight)
    assert rates(told).service_seconds == 0.0
    assert rates(told, before=Rates(5.0, 2.0)).service_seconds == 5.0


def test_what_was_known_before_counts_as_a_few_jobs() -> None:
    known = Rates(1.0, 2.0)
    assert rates(before=known) == known
    one_odd_job = rates(beat("a", 101.0, 1), before=known).service_seconds
    assert one_odd_job == (101 + PRIOR_JOBS) / (1 + PRIOR_JOBS)


def test_workers_that_are_gone_do_not_count() -> None:
    taken = WorkRates()
    taken.take(beat("a", 10.0, 1))
    taken.take(beat("b", 1.0, 1))
    taken.keep(["b"])
    assert taken.rates(UNKNOWN) == Rates(1.0, 2.0)
