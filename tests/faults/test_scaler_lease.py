"""The scaler that decides is killed, frozen or stopped: another goes on, and never two at a time."""

import signal

import pytest
from jobfleet_jobs.protocol.names import SCALING_STATE_KEY

from tests.faults.harness import Stack
from tests.faults.scalers import ScalerProcess, Scalers, freeze_at_write


@pytest.fixture
def scalers(stack: Stack) -> Scalers:
    return Scalers(stack)


def two(scalers: Scalers) -> tuple[ScalerProcess, ScalerProcess]:
    """Start two scalers; return the one that leads, and the other when it has looked."""
    first = scalers.start("i-first")
    scalers.until_leads(first)
    second = scalers.start("i-second")
    scalers.stack.until(lambda: scalers.reads(second) >= 2, 60, "the second has looked")
    assert scalers.launches(second) == []
    return first, second


def test_when_the_leader_is_killed_the_other_takes_over_and_goes_on_with_its_state(scalers: Scalers) -> None:
    first, second = two(scalers)
    decisions = scalers.state().decisions
    first.kill()
    scalers.until_leads(second)
    assert scalers.state().decisions > decisions
    scalers.stack.until(
        lambda: any(line.event == "took-over" and line.who == second.who for line in scalers.lines()),
        60,
        "the change is in the log",
    )


def test_a_leader_that_was_frozen_beyond_its_lease_does_nothing_more_by_it(scalers: Scalers) -> None:
    first, second = two(scalers)
    # It has just written what it decided, and would launch a host next.
    scalers.stack.proxy.inject("freeze", freeze_at_write(first), f"PUT {SCALING_STATE_KEY}", times=1)
    scalers.stack.until(lambda: scalers.stack.proxy.injected["freeze"], 60, "it is frozen")
    scalers.until_leads(second)
    before, reads = len(scalers.launches(first)), scalers.reads(first)
    first.process.send_signal(signal.SIGCONT)
    scalers.stack.until(lambda: scalers.reads(first) >= reads + 3, 60, "it has looked again")
    assert len(scalers.launches(first)) == before
    assert scalers.state().holder == second.who
    assert first.alive


def test_a_leader_that_is_stopped_gives_its_lease_free_at_once(scalers: Scalers) -> None:
    first, second = two(scalers)
    assert first.stop(30) == 0
    assert scalers.state().holder in ("", second.who)
    scalers.until_leads(second)

    def took() -> list[str]:
        return [one.why for one in scalers.lines() if one.event == "took-over" and one.who == second.who]

    scalers.stack.until(took, 60, "the change is in the log")
    assert took() == ["nobody held the lease"]
    told = {line.event for line in scalers.lines() if line.who == first.who}
    assert told >= {"took-over", "decided", "refused"}
