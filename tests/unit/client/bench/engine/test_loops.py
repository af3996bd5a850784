"""The two loops before servers whose every delay is known, in virtual time."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from jobfleet.bench.engine import loops
from jobfleet.bench.engine.loops import send_phase
from jobfleet.bench.engine.samples import OK, Reply, Samples
from jobfleet.bench.scenario.scenario import Phase
from jobfleet.bench.statistics.batches import answered
from jobfleet.bench.statistics.percentiles import PERCENTILES, corrected, expected_interval, percentiles

from tests.virtual_time import in_virtual_time

QUICK, STALL_FROM, STALL_TO = 0.010, 5.0, 7.0


class StallingServer:
    """Answers after 10 ms, but from second 5 to second 7 not at all: then all that wait get their answers."""

    def __init__(self) -> None:
        self.at_once = self.most_at_once = 0

    @staticmethod
    def delay(at: float) -> float:
        """Return how long a request takes that comes at a time."""
        return (STALL_TO - at if STALL_FROM <= at < STALL_TO else 0.0) + QUICK

    async def __call__(self) -> Reply:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.delay(asyncio.get_running_loop().time()))
        self.at_once -= 1
        return Reply(OK, 7, "i-1")


def sent(phase: Phase, send: Any, end: float = 1e6, seed: int = 1) -> tuple[Samples, int]:
    """Carry out a phase; return its samples, and how many requests were never sent."""
    samples = Samples()
    skipped = in_virtual_time(
        send_phase(phase, send, samples, Random(seed), end=end, on_done=lambda: None)  # noqa: S311
    )
    return samples, skipped


def test_a_closed_loop_sends_as_many_as_asked_and_no_more_at_a_time_than_it_has_clients() -> None:
    server = StallingServer()
    samples, skipped = sent(Phase("p", requests=101, clients=7), server)
    assert (len(samples), samples.begun, skipped) == (101, 101, 0)
    assert server.most_at_once == 7
    assert samples.kind_counts() == {OK: 101}
    assert samples.place_counts() == {"i-1": 101}
    assert sum(samples.sizes) == 707


@pytest.mark.parametrize("phase", [Phase("p", duration=1.0, clients=2), Phase("p", duration=1.0, rate=200.0)])
def test_a_phase_with_a_duration_begins_nothing_after_it_and_waits_for_what_is_under_way(
    phase: Phase,
) -> None:
    samples, skipped = sent(phase, StallingServer())
    assert samples.begun == len(samples) == pytest.approx(200, rel=0.15)
    assert max(samples.due) < 1.0 < max(samples.done)
    assert skipped == 0


def test_an_open_loop_sends_when_a_request_is_due_whether_others_were_answered_or_not() -> None:
    server = StallingServer()
    samples, _ = sent(Phase("p", requests=2_000, rate=100.0), server)
    assert list(samples.sent) == pytest.approx(list(samples.due), abs=1e-6)
    assert server.most_at_once == pytest.approx(200, rel=0.3)  # all that came in the two seconds


def test_gaps_of_an_open_loop_are_those_of_a_poisson_process_and_the_same_with_the_same_seed() -> None:
    first, _ = sent(Phase("p", requests=5_000, rate=100.0), StallingServer())
    again, _ = sent(Phase("p", requests=5_000, rate=100.0), StallingServer())
    other, _ = sent(Phase("p", requests=5_000, rate=100.0), StallingServer(), seed=2)
    gaps = np.diff(np.sort(np.array(first.due)))
    assert float(gaps.mean()) == pytest.approx(0.01, rel=0.05)
    assert float(gaps.std()) == pytest.approx(float(gaps.mean()), rel=0.05)  # as exponential ones are
    assert list(first.due) == list(again.due) != list(other.due)


def test_percentiles_of_an_open_loop_are_the_truth_of_a_server_that_stalls() -> None:
    samples, _ = sent(Phase("p", requests=2_000, rate=100.0), StallingServer())
    truth = percentiles(np.array([StallingServer.delay(due) for due in samples.due]))
    part = answered(samples)
    assert percentiles(part.done - part.due) == pytest.approx(truth, rel=0.02)
    assert truth[3] > 1.5  # the stall is in the tail, or the test would say nothing


@pytest.mark.parametrize(
    ("seconds", "places", "near"),
    [
        # A stall of two seconds in 200: all percentiles but the one at its very edge.
        (200.0, (0, 1, 2, 4), 0.02),
        # In 20: the stall itself makes the mean interval a tenth longer, so that the correction falls short.
        (20.0, (2, 3, 4), 0.12),
    ],
)
def test_a_closed_loop_hides_the_stall_and_its_correction_finds_it_again(
    seconds: float, places: tuple[int, ...], near: float
) -> None:
    samples, _ = sent(Phase("p", duration=seconds, clients=1), StallingServer())
    part = answered(samples)
    measured = part.done - part.sent
    # What a client that sends each 10 ms would have met, whatever it waits for.
    truth = percentiles(np.array([StallingServer.delay(at) for at in np.arange(0.0, seconds, QUICK)]))
    assert percentiles(measured)[3] == pytest.approx(QUICK)
    found = percentiles(corrected(measured, expected_interval(seconds, 1, len(part))))
    names = list(PERCENTILES)
    assert {names[at]: found[at] for at in places} == pytest.approx(
        {names[at]: truth[at] for at in places}, rel=near
    )
    assert all(one <= true * 1.001 for one, true in zip(found, truth, strict=True))  # never too dark


def test_requests_that_must_wait_for_room_count_from_when_they_were_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "UNDER_WAY_MAX", 3)
    server = StallingServer()
    samples, _ = sent(Phase("p", requests=1_000, rate=100.0), server)
    assert server.most_at_once == 3
    part = answered(samples)
    # Only three see the stall itself; hundreds wait behind them, and that is in their time.
    assert int(np.sum(part.done - part.sent > 0.1)) == 3
    assert int(np.sum(part.done - part.due > 0.1)) > 150


@pytest.mark.parametrize(
    ("phase", "never"),
    [
        (Phase("p", requests=1_000, clients=2), lambda count: 0 < count < 1_000),
        (Phase("p", duration=10.0, clients=2), lambda count: count == 0),
        (Phase("p", requests=1_000, rate=100.0), lambda count: 700 < count < 900),
        (Phase("p", duration=10.0, rate=100.0), lambda count: 700 < count < 900),
    ],
)
def test_nothing_begins_after_the_time_limit_and_what_was_due_is_counted(
    phase: Phase, never: Callable[[int], bool]
) -> None:
    samples, skipped = sent(phase, StallingServer(), end=2.0)
    assert max(samples.sent) < 2.0
    assert never(skipped)
    if phase.requests:
        assert samples.begun + skipped == 1_000


def test_a_stuck_server_holds_an_open_loop_no_longer_than_the_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "UNDER_WAY_MAX", 3)

    async def stuck() -> Reply:
        await asyncio.sleep(60)
        return Reply("timed out")

    samples, skipped = sent(Phase("p", requests=1_000, rate=100.0), stuck, end=2.0)
    assert samples.kind_counts() == {"timed out": 3}
    assert skipped == 997
    assert max(samples.done) < 63
