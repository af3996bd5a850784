"""What is told of a message that is no request. Nothing is stored of it, so no AWS stands behind it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Inline, Request
from jobfleet_worker.aws.queues import Message
from jobfleet_worker.job.attempt import HEAD_CHARACTERS, Attempts
from jobfleet_worker.job.in_hand import Finished, JobInHand
from jobfleet_worker.job.started_notes import StartedNotes
from jobfleet_worker.operations.outcome import Outcome

CANARY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"


def refused(body: str, why: str = "the message is not JSON") -> Finished:
    settings = SimpleNamespace(worker_id="w", names=SimpleNamespace(replies_prefix="s-reply-"))
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    tools = SimpleNamespace(settings=settings, clock=clock, storage=None, queues=None, breaker=None)
    nothing = cast("Any", None)
    lease = SimpleNamespace(message=Message(body, "receipt", 1), begun=None)
    job = JobInHand(cast("Any", lease), nothing, None, BadJob("bad-request", why))
    return Attempts(cast("Any", tools), nothing, nothing, nothing, nothing).make(job)


def test_the_beginning_of_an_unreadable_message_is_told() -> None:
    assert refused("hello" * 100).line["head"] == ("hello" * 100)[:HEAD_CHARACTERS]


def test_a_secret_at_the_end_of_the_beginning_is_not_told_by_half() -> None:
    filling = "x" * (HEAD_CHARACTERS - 30)
    assert refused(f"{filling} {CANARY} and more").line["head"] == f"{filling} <hidden> and more"


def test_no_secret_stands_beside_the_message_in_the_dead_letter_queue() -> None:
    assert refused("x", f"version {CANARY} is unknown").buried == "bad-request: version <hidden> is unknown"


def test_a_result_that_cannot_be_written_breaks_its_own_attempt_and_none_beside_it() -> None:
    settings = SimpleNamespace(
        worker_id="w", response_queue="r", names=SimpleNamespace(replies_prefix="s-reply-")
    )
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    tools: Any = SimpleNamespace(settings=settings, clock=clock, storage=None, queues=None, breaker=None)
    lease: Any = SimpleNamespace(message=Message("", "receipt", 1), begun=None)
    request = Request("0190b3a0-5d3c-7000-8000-000000000000", "stats", Inline("1"), "now")
    nothing: Any = None
    steps: Any = SimpleNamespace(take=lambda *_, **__: (Outcome({"sum": 10**5_000}), None, {}))

    with pytest.raises(ValueError, match="4300 digits"):
        Attempts(tools, nothing, steps, nothing, StartedNotes(tools)).make_small(
            JobInHand(lease, nothing, request)
        )
