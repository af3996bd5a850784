"""Jobs that this worker does not do: whether another one does, and how it gets them.

A request is passed on as a copy that comes after a while, and the one in hand is deleted once the copy is
safe; a worker that dies in between leaves two with one id, which have one effect. A copy is a new message
to SQS, so passing it on takes nothing off the receives that the queue allows a request; what was taken
before is carried along.
"""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from jobfleet_jobs.credentials.redaction import cut, shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.heartbeat import Heartbeat

from jobfleet_worker.aws.queues import Message, Passed
from jobfleet_worker.clock import Clock
from jobfleet_worker.offers.offer import Offer

# What others offer is read again after this, and whenever nobody seems to offer what is asked for.
KEPT_SECONDS = 45.0

# Who gave a heartbeat in this time counts, even if it was that it stops: workers are restarted one after
# another, and are back before long.
RECENT = timedelta(minutes=5)

# A copy comes after 1, 2, 3, 4, 5, 8 … s: first others are to get it, then those who offer it may be busy.
DELAY_GROWTH = 1.4
DELAY_MAX_SECONDS = 30

# Whoever offers it may have as much before it. After this the sender is told.
PASSED_ON_FOR_HOURS = 24


class NotHere(Exception):
    """Another worker does it: the message is to be `passed` on."""

    def __init__(self, passed: Passed) -> None:
        super().__init__(NotHere.__doc__)
        self.passed = passed


class Others:
    """What the other workers offer, by their heartbeats. Any number of threads may ask."""

    def __init__(self, worker: str, read: Callable[[], Sequence[Heartbeat]], clock: Clock) -> None:
        self._worker, self._read, self._clock = worker, read, clock
        self._reading = threading.Lock()
        self._read_at = float("-inf")
        self._known: dict[str, list[str]] = {}

    def offering(self, name: str) -> list[str]:
        """Return the workers that offer an operation. None is said only of heartbeats read after the call."""
        asked = self._clock.monotonic()
        known = self._known.get(name)
        if known and self._read_at > asked - KEPT_SECONDS:
            return known
        with self._reading:  # who waited here finds what was read meanwhile
            if self._read_at <= asked:
                begun = self._clock.monotonic()
                self._known, self._read_at = self._offers(self._read()), begun
            return self._known.get(name, [])

    def _offers(self, heartbeats: Sequence[Heartbeat]) -> dict[str, list[str]]:
        offers: dict[str, list[str]] = {}
        for heartbeat in heartbeats:
            operations = heartbeat.offer.get("operations")
            if heartbeat.worker not in ("", self._worker) and isinstance(operations, list):
                for name in operations:
                    offers.setdefault(str(name), []).append(heartbeat.worker)
        return offers


class ReceiveLimit(Protocol):
    """Who knows how often the queue lets a request be received."""

    def receive_limit(self) -> int | None:
        """Return that, or None if it is for ever."""


class Elsewhere:
    """Decides what becomes of a job that this worker does not do."""

    def __init__(self, offer: Offer, others: Others, queue: ReceiveLimit, clock: Clock) -> None:
        self.offer, self._others, self._queue, self._clock = offer, others, queue, clock

    def is_spent(self, message: Message) -> bool:
        """Tell whether a message that was passed on was received as often as the queue allows, in all."""
        if message.passed is None or message.attempt == 1:
            return False
        limit = self._queue.receive_limit()
        return limit is not None and message.attempt > limit

    def passed(self, name: str, message: Message) -> Passed:
        """Return what to pass the message on with. Raises `BadJob` if nobody does what it asks for."""
        now = self._clock.now().timestamp()
        before = message.passed or Passed(0, now, 0)
        offering = self._others.offering(name)
        if not offering:
            raise self._refusal(name)
        if now - before.since > PASSED_ON_FOR_HOURS * 3600:
            raise BadJob(
                "not-offered",
                f"{cut(name)} is done by {', '.join(offering[:3])}, but for {PASSED_ON_FOR_HOURS} hours "
                "no such worker took this job: run more of them, and send it again",
            )
        passed = Passed(before.times + 1, before.since, message.attempt - 1)
        try:
            passed.beside(message.body)
        except ValueError as problem:
            raise BadJob(
                "not-offered",
                f"{cut(name)} is done by {', '.join(offering[:3])}, but this worker got the job and cannot "
                f"pass it on: {problem}; put the input into the bucket",
            ) from problem
        return passed

    def _refusal(self, name: str) -> BadJob:
        if name in OPERATIONS:
            why = self.offer.lacking.get(name, "it is not done here")
            return BadJob("not-offered", f"no live worker does {name}; this one says: {why}")
        there = ", ".join(self.offer.operations)
        return BadJob(
            "unknown-operation",
            f"operation {shown(name)} is unknown; there are {there}, and no live worker offers more",
        )


def delay(times: int) -> int:
    """Return how many seconds a copy that is passed on for the `times`th time stays hidden."""
    longest = min(DELAY_MAX_SECONDS, DELAY_GROWTH ** min(times, 99))
    return max(1, round(longest * random.uniform(0.5, 1)))  # noqa: S311 - jitter
