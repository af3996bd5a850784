"""A job that waits for nothing is told from one that waits."""

from datetime import UTC, datetime, timedelta

import pytest
from jobfleet.queues.queue_counts import Queue
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_web.work.jobs.job_facts import JobFacts
from jobfleet_web.work.jobs.job_views import waiting_view
from jobfleet_web.work.quiet_line import LAG, QUIET, QuietLine, is_lost

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def line(waiting: int = 0, in_flight: int = 0, delayed: int = 0) -> Queue:
    return Queue("requests", "q", "url", waiting, in_flight, delayed)


def test_only_a_line_that_was_empty_for_long_tells() -> None:
    quiet = QuietLine()
    for after, told in (
        (timedelta(0), None),
        (QUIET - SECOND, None),
        (QUIET, NOW - LAG),
        (9 * QUIET, NOW - LAG),
    ):
        quiet.look(line(), NOW + after)
        assert quiet.lost_before == told


@pytest.mark.parametrize("seen", [line(waiting=1), line(in_flight=1), line(delayed=1)])
def test_a_request_that_is_seen_anywhere_begins_the_time_anew(seen: Queue) -> None:
    quiet = QuietLine()
    quiet.look(line(), NOW)
    quiet.look(seen, NOW + QUIET)
    assert quiet.lost_before is None
    quiet.look(line(), NOW + 2 * QUIET)
    assert quiet.lost_before is None
    quiet.look(line(), NOW + 3 * QUIET)
    assert quiet.lost_before == NOW + 2 * QUIET - LAG


@pytest.mark.parametrize(
    ("seconds_before", "received", "lost"),
    [(1, None, True), (1, 0.5, True), (1, 2.0, False), (-1, None, False)],
    ids=["before", "before, with its upload", "its upload took longer", "after"],
)
def test_a_job_is_lost_if_all_of_it_was_sent_before(
    seconds_before: int, received: float | None, lost: bool
) -> None:
    facts = JobFacts(new_job_id(NOW.timestamp() - seconds_before), received=received)
    assert is_lost(waiting_view(facts), NOW.isoformat()) is lost
    assert is_lost(waiting_view(facts), None) is False
    assert is_lost(waiting_view(facts, working=True), NOW.isoformat()) is False
