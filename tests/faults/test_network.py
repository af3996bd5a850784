"""The way to the cloud breaks, dawdles, is told to slow down, or is gone."""

import pytest

from tests.faults import acts as faults
from tests.faults.calls import Act
from tests.faults.catalogue import Job
from tests.faults.harness import SOAK, VISIBILITY_TIMEOUT, Baseline, Stack

# Longer than a hold lasts, and not as long as a call may take (`signed_http.READ_TIMEOUT_SECONDS`).
STALL_SECONDS = VISIBILITY_TIMEOUT + 4


@pytest.mark.parametrize(
    "chances",
    [
        {
            "reset before the effect": (faults.reset_before, 0.06),
            "reset after it": (faults.reset_after, 0.06),
        },
        {"500": (faults.server_error, 0.12), "503": (faults.unavailable, 0.05)},
        {"throttled": (faults.throttle, 0.25)},
    ],
    ids=["resets", "server errors", "throttling"],
)
def test_failing_calls_lose_nothing(
    stack: Stack, good: list[Job], baseline: Baseline, chances: dict[str, tuple[Act, float]]
) -> None:
    stack.send(good)
    for name, (act, share) in chances.items():
        stack.proxy.inject(name, act, share=share)
    worker = stack.start()
    stack.until_done(100)
    stack.proxy.clear()

    figures = stack.check(baseline)
    assert sum(figures.faults.values()) >= 10
    assert len(stack.workers) == 1
    assert "Traceback" not in worker.path.read_text()


def test_stalls_longer_than_a_hold_lose_nothing(stack: Stack, good: list[Job], baseline: Baseline) -> None:
    jobs = good[:60]
    stack.send(jobs)
    for number, call in enumerate(("GET uploads/", "PUT outputs/", "PUT results/", "DeleteMessage")):
        stack.proxy.inject(
            f"long stall of {call}", stack.proxy.stall(STALL_SECONDS, after=bool(number % 2)), call, times=1
        )
    stack.proxy.inject("drip of GET", stack.proxy.drip(3), "GET uploads/", times=2)
    stack.start()
    stack.until_done(90)

    figures = stack.check(baseline)
    assert len(figures.faults) == 5
    assert (figures.run_again, figures.duplicate_answers) == (0, 0)


def test_an_endpoint_that_is_down_is_waited_for_and_told_of_once(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    stack.send(good)
    worker = stack.start()
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 10, 30, "the worker is at work")

    stack.proxy.down()
    stack.until(lambda: worker.told("paused"), 30, "it says so")
    said = len(worker.lines())
    # By then it has tried again, more than once.
    stack.until(lambda: not stack.depth(stack.requests)[1], VISIBILITY_TIMEOUT + 5, "all holds ran out")
    # What becomes of each message in hand is told once for each.
    of_messages = ("job", "lease-lost", "given-up")
    said_later = [line for line in worker.lines()[said:] if line["event"] not in of_messages]
    assert worker.alive
    assert stack.left(), "all was done before the endpoint went down; take more jobs"
    stack.proxy.up()
    stack.until_done(90)

    stack.check(baseline)
    assert len(said_later) <= 1, said_later
    assert len(worker.told("paused")) == len(worker.told("resumed")) == 1


@pytest.mark.skipif(SOAK == 1, reason="takes minutes; `make soak` runs it")
def test_an_endpoint_that_accepts_and_never_answers_is_given_up(
    stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    stack.send(good)
    for call in ("GET uploads/", "PUT outputs/", "SendMessageBatch", "ReceiveMessage", "ChangeMessage"):
        stack.proxy.inject(f"no answer to {call}", stack.proxy.stall(120), call, times=4)
    stack.start()
    stack.until_done(60)

    figures = stack.check(baseline)
    assert sum(figures.faults.values()) >= 10
