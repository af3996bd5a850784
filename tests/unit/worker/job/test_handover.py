"""Whether another worker does a job, as its heartbeat says, and when nobody does."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_worker.aws.queues import Message, Passed
from jobfleet_worker.job.handover import KEPT_SECONDS, PASSED_ON_FOR_HOURS, Elsewhere, Others, delay
from jobfleet_worker.offers.offer import Offer


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        """Return the seconds."""
        self.seconds += 0.001
        return self.seconds

    def now(self) -> datetime:
        """Return the same as a time."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


class Limited:
    """A queue with a limit."""

    def receive_limit(self) -> int | None:
        """Return it."""
        return 5


class Heartbeats:
    """What others say, and how often it was read."""

    def __init__(self, **offers: Sequence[str]) -> None:
        self.offers, self.reads = offers, 0

    def __call__(self) -> Sequence[Heartbeat]:
        """Read."""
        self.reads += 1
        return [Heartbeat(name, offer={"operations": list(each)}) for name, each in self.offers.items()]


def elsewhere(signs: Any, clock: Clock, **lacking: str) -> Elsewhere:
    offer = Offer({"stats": OPERATIONS["stats"]}, lacking)
    return Elsewhere(offer, Others("me", signs, clock), Limited(), clock)


def message(attempt: int = 1, passed: Passed | None = None) -> Message:
    return Message("{}", "receipt", attempt, passed)


def test_it_is_passed_on_if_another_offers_it_and_attempts_are_carried_along() -> None:
    clock = Clock()
    there = elsewhere(Heartbeats(other=["shine"]), clock)
    first = there.passed("shine", message(2))
    assert (first.times, first.spent) == (1, 1)
    clock.seconds += 100
    again = there.passed("shine", message(3, first))
    assert again == Passed(2, first.since, 2)


def test_what_this_worker_says_of_itself_and_what_is_damaged_does_not_count() -> None:
    odd = [
        {},
        {"worker": 3, "operations": ["shine"]},
        {"worker": "x", "operations": "shine"},
        {"worker": "y"},
    ]
    said = [*odd, {"worker": "me", "operations": ["shine"]}]
    heartbeats = [Heartbeat.read(json.dumps(each)) for each in said]
    with pytest.raises(BadJob, match="'shine' is unknown; there are stats, and no live worker offers more"):
        elsewhere(lambda: heartbeats, Clock()).passed("shine", message())


def test_what_nobody_has_the_part_for_is_told_with_the_reason() -> None:
    with pytest.raises(BadJob, match="no live worker does blur; this one says: no glass") as caught:
        elsewhere(Heartbeats(), Clock(), blur="no glass").passed("blur", message())
    assert caught.value.code == "not-offered"


def test_a_yes_is_kept_for_a_while_and_a_no_never() -> None:
    clock, signs = Clock(), Heartbeats(other=["shine"])
    others = Others("me", signs, clock)
    assert others.offering("shine") == ["other"]
    assert others.offering("shine") == ["other"]
    assert signs.reads == 1
    assert others.offering("glow") == []
    signs.offers["new"] = ["glow"]
    assert others.offering("glow") == ["new"]
    assert signs.reads == 3
    del signs.offers["other"]
    clock.seconds += KEPT_SECONDS
    assert others.offering("shine") == []


def test_after_a_day_the_sender_is_told() -> None:
    clock = Clock()
    there = elsewhere(Heartbeats(other=["shine"]), clock)
    old = Passed(99, clock.now().timestamp() - PASSED_ON_FOR_HOURS * 3600 - 1, 0)
    with pytest.raises(BadJob, match="shine is done by other, but for 24 hours no such worker"):
        there.passed("shine", message(1, old))


def test_the_queues_limit_counts_attempts_before_and_after() -> None:
    there = elsewhere(Heartbeats(), Clock())
    assert not there.is_spent(message(9))  # SQS itself looks after those
    assert not there.is_spent(message(5, Passed(3, 0, 4)))
    assert there.is_spent(message(6, Passed(3, 0, 4)))


def test_delays_grow_to_half_a_minute() -> None:
    assert delay(1) == 1
    assert {2 <= delay(4) <= 4 for _ in range(50)} == {True}
    assert {15 <= delay(times) <= 30 for times in (12, 50, 10**10)} == {True}


@pytest.mark.parametrize("text", [None, "", "1 2", "1 2 3 4", "a 2 3", "-1 2 3", f"1 2 {'9' * 20}"])
def test_an_attribute_that_is_none_is_passed_over(text: str | None) -> None:
    assert Passed.read(text) is None
    assert Passed.read(str(Passed(3, 1_700_000_000.4, 2))) == Passed(3, 1_700_000_000, 2)


def test_a_message_that_leaves_no_room_to_be_passed_on_is_answered() -> None:
    body = "x" * SQS_MESSAGE_MAX_BYTES
    with pytest.raises(BadJob, match=r"word-count is done by able, .* cannot pass it on"):
        elsewhere(Heartbeats(able=["word-count"]), Clock()).passed("word-count", Message(body, "receipt", 1))
