"""What is told of a message that is no request. Nothing is stored of it, so no AWS stands behind it."""

from types import SimpleNamespace
from typing import Any, cast

from jobfleet_jobs.errors import BadJob
from jobfleet_worker.aws.queues import Message
from jobfleet_worker.job.attempt import HEAD_CHARACTERS, Attempts
from jobfleet_worker.job.in_hand import Finished, JobInHand

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
