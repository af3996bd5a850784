"""What is told of a message that is no request. Nothing is stored of it, so no AWS stands behind it."""

from types import SimpleNamespace
from typing import Any, cast

from jobfleet_jobs.errors import BadJob
from jobfleet_worker.aws.queues import Message
from jobfleet_worker.job.attempt import HEAD_CHARACTERS, Attempts
from jobfleet_worker.job.in_hand import JobInHand

CANARY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"


def told(body: str) -> str:
    settings = SimpleNamespace(worker_id="w", names=SimpleNamespace(replies_prefix="s-reply-"))
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    tools = SimpleNamespace(settings=settings, clock=clock, storage=None, queues=None, breaker=None)
    nothing = cast("Any", None)
    lease = SimpleNamespace(message=Message(body, "receipt", 1), begun=None)
    job = JobInHand(cast("Any", lease), nothing, None, BadJob("bad-request", "the message is not JSON"))
    head = Attempts(cast("Any", tools), nothing, nothing, nothing).make(job).line["head"]
    assert isinstance(head, str)
    return head


def test_the_beginning_of_an_unreadable_message_is_told() -> None:
    assert told("hello" * 100) == ("hello" * 100)[:HEAD_CHARACTERS]


def test_a_secret_at_the_end_of_the_beginning_is_not_told_by_half() -> None:
    filling = "x" * (HEAD_CHARACTERS - 30)
    assert told(f"{filling} {CANARY} and more") == f"{filling} <hidden> and more"
