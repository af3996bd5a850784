"""The line of jobs in a worker: who is next, and how many messages it has places for.

What holds leases and what sees AWS's troubles is played here: nothing is received or extended.
"""

import queue
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from jobfleet_worker.service.backlog import (
    FILLED_TOGETHER,
    FILLED_TOGETHER_SECONDS,
    WAITING_PER_PROCESS,
    Backlog,
    io_threads,
)
from jobfleet_worker.service.line_room import FORGOTTEN_SECONDS
from jobfleet_worker.settings import from_mapping

NAMES = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")
PROCESSES = 2
IN_LINE_MAX = io_threads(PROCESSES) + WAITING_PER_PROCESS * PROCESSES


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backlog(clock: Clock) -> Backlog:
    settings = from_mapping({**dict.fromkeys(NAMES, "st"), "processes": PROCESSES})
    leases: Any = []
    breaker: Any = SimpleNamespace(trouble=None)
    return Backlog(settings, leases, breaker, clock)


def job(name: str) -> Any:
    return SimpleNamespace(name=name, group=name[0], in_slot=True)


def finished(seconds: float, of: Any = None) -> Any:
    """A job that is done, after so many seconds in a process."""
    return SimpleNamespace(job=of or in_hand(), seconds=seconds)


def in_hand() -> Any:
    return SimpleNamespace(in_slot=True, was_in_line=False, lease=None, request=None)


@pytest.fixture
def measured(backlog: Backlog) -> Backlog:
    """A worker that has done a short job of those that stand in line."""
    work_off(backlog, 0.01)
    return backlog


def work_off(backlog: Backlog, seconds: float, jobs: int = 1) -> None:
    """Line jobs up and do them, each for so many seconds in a process."""
    for _ in range(jobs):
        line_up(backlog, "w")
        with backlog.next_job(0) as one:
            backlog.worked(finished(seconds, one))


def receive(backlog: Backlog, most: int = 100) -> int:
    """Receive jobs for the line of a queue that has `most` left; return how many."""
    got = min(most, backlog.places())
    backlog.fill(got, got)
    line_up(backlog, *["w"] * got)
    return got


def line_up(backlog: Backlog, *names: str) -> None:
    for name in names:
        backlog.put(job(name))


def names(backlog: Backlog) -> list[str]:
    """Take all that is in line; return what each is called."""
    taken: list[str] = []
    while True:
        try:
            with backlog.next_job(0) as one:
                taken.append(one.name)  # type: ignore[attr-defined]
        except queue.Empty:
            return taken


def test_senders_take_turns(backlog: Backlog) -> None:
    line_up(backlog, "a1", "a2", "a3", "b1", "c1", "b2")
    assert names(backlog) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_no_more_is_received_than_there_are_places_in_line(measured: Backlog, clock: Clock) -> None:
    line_up(measured, "a1")
    # Four receives under way at a time get no more than that together.
    assert [measured.places() for _ in range(4)] == [10, 10, 10, 0]
    clock.seconds += FILLED_TOGETHER_SECONDS
    assert [measured.places() for _ in range(2)] == [IN_LINE_MAX - 31, 0]


def end(backlog: Backlog, jobs: int) -> None:
    """Let jobs in line come to their end."""
    for _ in range(jobs):
        with backlog.next_job(0):
            pass


def test_places_that_come_free_are_filled_by_one_receive(measured: Backlog) -> None:
    line_up(measured, *(f"a{number}" for number in range(IN_LINE_MAX)))
    assert measured.places() == 0
    with measured.next_job(0):
        assert measured.places() == 0
    end(measured, FILLED_TOGETHER - 2)
    assert measured.places() == 0
    end(measured, 1)
    assert measured.places() == FILLED_TOGETHER
    assert measured.places() == 0


def test_a_place_that_came_free_waits_not_long_for_others(measured: Backlog, clock: Clock) -> None:
    line_up(measured, *(f"a{number}" for number in range(IN_LINE_MAX)))
    for _ in range(2):
        end(measured, 1)
        assert measured.places() == 0
        clock.seconds += FILLED_TOGETHER_SECONDS
        assert measured.places() == 1
        # What came was small, and done at once: its place is free again.
        measured.fill(1, 1)
        measured.worked(finished(0))
        assert measured.places() == 0
        clock.seconds += FILLED_TOGETHER_SECONDS
        assert measured.places() == 1


def test_while_only_small_jobs_come_all_receives_are_full(measured: Backlog) -> None:
    assert [measured.places() for _ in range(5)] == [10] * 5


def test_jobs_of_unknown_length_are_no_more_than_the_slots_and_as_many_that_lie_ready(
    backlog: Backlog,
) -> None:
    assert receive(backlog) == 2 * PROCESSES
    assert receive(backlog) == 0


@pytest.mark.parametrize(
    ("seconds", "held"),
    [(0.001, IN_LINE_MAX), (0.5, IN_LINE_MAX), (1.0, 20), (2.5, 8), (5.0, 4), (9.0, 4), (600.0, 4)],
)
def test_as_many_jobs_are_held_as_the_slots_do_in_ten_seconds(
    backlog: Backlog, clock: Clock, seconds: float, held: int
) -> None:
    work_off(backlog, seconds)
    line_up(backlog, *["w"] * (PROCESSES + 1))
    got = PROCESSES + 1
    for _ in range(10):
        got += receive(backlog)
        clock.seconds += FILLED_TOGETHER_SECONDS
    assert got == held


def test_a_slot_without_a_job_waits_for_no_others(backlog: Backlog) -> None:
    work_off(backlog, 5.0)
    line_up(backlog, "w")
    assert backlog.places() == 3


def test_what_is_held_follows_the_jobs_when_they_become_longer_or_shorter(backlog: Backlog) -> None:
    def held() -> int:
        return backlog._room.in_line()

    work_off(backlog, 0.01)
    assert held() == IN_LINE_MAX
    work_off(backlog, 5.0, jobs=3)
    assert held() < 10
    work_off(backlog, 0.01, jobs=20)
    assert held() == IN_LINE_MAX


def test_small_jobs_say_nothing_of_those_in_line_but_how_many_come_at_once(backlog: Backlog) -> None:
    work_off(backlog, 5.0)
    assert backlog.places() == 4
    backlog.fill(4, 0)
    for _ in range(100):
        backlog.worked(finished(0))
    assert [backlog.places() for _ in range(4)] == [10] * 4
    backlog.fill(40, 1)
    line_up(backlog, "w")
    assert backlog._room.in_line() == 4


def test_after_a_while_without_jobs_the_next_ones_are_of_unknown_length(
    measured: Backlog, clock: Clock
) -> None:
    clock.seconds += FORGOTTEN_SECONDS - 1
    assert receive(measured) == 10
    clock.seconds += 1
    assert receive(measured) == 10  # those in line are of the same batch
    assert len(names(measured)) == 20
    assert receive(measured) == 4


def test_slots_are_busy_with_as_many_jobs_as_are_at_work_but_never_more_than_there_are(
    backlog: Backlog, clock: Clock
) -> None:
    clock.seconds += 10
    backlog.fill(0, 1)
    clock.seconds += 5
    assert backlog.busy.seconds() == 5
    backlog.fill(0, 9)
    clock.seconds += 3
    assert backlog.busy.seconds() == 5 + 3 * PROCESSES


def test_a_slot_is_free_when_a_process_is_and_for_a_small_job_when_it_is_committed(
    backlog: Backlog, clock: Clock
) -> None:
    backlog._leases = SimpleNamespace(release=lambda leases: None)  # type: ignore[assignment]
    image, small = in_hand(), in_hand()
    backlog.fill(0, 2)
    backlog.worked(finished(1.5, image))
    backlog.worked(finished(0, small))
    clock.seconds += 4
    assert backlog.busy.seconds() == 4
    for one in (image, small):
        backlog.let_go(one, worked=True)
    clock.seconds += 4
    assert backlog.busy.seconds() == 4


def test_what_is_handed_back_before_it_began_keeps_no_slot_busy(backlog: Backlog, clock: Clock) -> None:
    backlog._leases = SimpleNamespace(hand_back=lambda leases, seconds: None)  # type: ignore[assignment]
    backlog.fill(0, 2)
    leases: Any = [None, None]
    backlog.drop(leases)
    clock.seconds += 4
    assert backlog.busy.seconds() == 0
