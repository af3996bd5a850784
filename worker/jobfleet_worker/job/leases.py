"""The leases on the messages in hand, and the threads that extend them."""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.batches import batches

from jobfleet_worker.aws.queues import Message, Queues
from jobfleet_worker.clock import Clock
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.errors import words
from jobfleet_worker.reporting.once import ToldOnce
from jobfleet_worker.settings import WorkerSettings

# Two extensions may fail before a lease is lost.
EXTENSIONS_PER_TIMEOUT = 3

# What a job may take on top of its time limit: for its input, its output and the bookkeeping.
MARGIN_SECONDS = 60.0

# The thread looks this often which leases are due.
LOOK_FOR_DUE_SECONDS = 1.0

# Extensions under way at a time: one that hangs must not cost the messages of the others.
EXTENDERS = 8

# A hand-back waits for an extension under way, but not for a dead endpoint.
LET_GO_SECONDS = 5.0


@dataclass(eq=False)
class Lease:
    """The lease on a message, until `expires`; `begun` is when its work began, both by the monotonic clock.

    `allowance` is how many seconds its job may take beyond the time limit of others. `extending` tells
    that an extension of it waits for its turn or is under way, `leaving` that its message is being taken
    off the queue.
    """

    message: Message
    expires: float
    owner: "Leases"
    begun: float | None = None
    allowance: float = 0.0
    lost: bool = False
    extending: bool = False
    leaving: bool = False

    def is_lost(self) -> bool:
        """Tell whether the message may be in other hands."""
        return self.owner.is_lost(self)


class Leases:
    """Extends the visibility timeout of every message in hand, ten a call, a third of it after the last time.

    A lease is lost when SQS refuses to extend it for good, when it ran out, or when its job took longer than
    `job_time_limit`, its own allowance and a margin: another worker may have the message now.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        queues: Queues,
        clock: Clock,
        say: Callable[..., None],
    ) -> None:
        self._queues, self._clock, self._say = queues, clock, say
        self._timeout, self._longest = settings.visibility_timeout, settings.job_time_limit + MARGIN_SECONDS
        self._leased: dict[Lease, None] = {}  # in the order they came
        self._lock = threading.Condition()  # told when an extension ends
        self._extended: set[Lease] = set()  # at the moment
        self._trouble = ToldOnce()

    def __len__(self) -> int:
        return len(self._leased)

    def take(self, messages: Iterable[Message], received_at: float) -> list[Lease]:
        """Have leases on messages from now on; `received_at` is when they were asked for."""
        taken = [Lease(message, received_at + self._timeout, self) for message in messages]
        with self._lock:
            self._leased.update(dict.fromkeys(taken))
        return taken

    def all(self) -> list[Lease]:
        """Return everything in hand."""
        with self._lock:
            return list(self._leased)

    def is_lost(self, lease: Lease) -> bool:
        """Tell whether the message may be in other hands."""
        if not lease.lost and lease.expires <= self._clock.monotonic():
            self._lose(lease, "it ran out")
        return lease.lost

    def leave(self, leases: Iterable[Lease]) -> None:
        """Take note that these are being taken off the queue. They are extended until they are released."""
        with self._lock:
            for one in leases:
                one.leaving = True

    def release(self, leases: Iterable[Lease]) -> None:
        """Extend these no more; an extension may still be under way."""
        with self._lock:
            for one in leases:
                self._leased.pop(one, None)

    def hand_back(self, leases: Collection[Lease], seconds: int) -> None:
        """Let others have these after `seconds`. What AWS does not take comes back when its lease ends."""
        with self._lock:
            now = self._clock.monotonic()
            mine = [one for one in leases if one in self._leased and not one.lost and one.expires > now]
            for one in leases:
                self._leased.pop(one, None)
            # An extension that arrived after this would hide the message again.
            self._lock.wait_for(lambda: self._extended.isdisjoint(mine), LET_GO_SECONDS)
        for batch in batches([one.message for one in mine]):
            self._queues.hide(batch, seconds)

    def extend(self, helpers: DaemonPool) -> list[Future[None]]:
        """Have helpers extend every lease that is due, a batch at a time; return what tells of their end."""
        now, due_at = self._clock.monotonic(), self._timeout * (1 - 1 / EXTENSIONS_PER_TIMEOUT)
        due = []
        for lease in self.all():
            if self.is_lost(lease):
                continue
            if lease.begun is not None and now - lease.begun > self._longest + lease.allowance:
                self._lose(lease, "its job takes too long")
            elif not lease.extending and lease.expires - now <= due_at:
                lease.extending = True
                due.append(lease)
        return [helpers.do(partial(self._extend, batch)) for batch in batches(due)]

    def run(self, stopped: threading.Event, moved: Callable[[], None]) -> None:
        """Extend until stopped."""
        helpers = DaemonPool(EXTENDERS)
        helpers.start()
        under_way: list[Future[None]] = []
        while not stopped.wait(min(LOOK_FOR_DUE_SECONDS, self._timeout / EXTENSIONS_PER_TIMEOUT / 2)):
            under_way += self.extend(helpers)
            ended = [each for each in under_way if each.done()]
            for each in ended:
                each.result()  # or a fault of our own would go unheard
            if ended or not under_way:
                moved()
            under_way = [each for each in under_way if each not in ended]
        helpers.stop()

    def _extend(self, batch: Sequence[Lease]) -> None:
        with self._lock:
            still = [one for one in batch if one in self._leased]
            self._extended.update(still)
        try:
            self._hide(still)
        finally:
            with self._lock:
                self._extended.difference_update(still)
                for one in batch:
                    one.extending = False
                self._lock.notify_all()

    def _hide(self, batch: Sequence[Lease]) -> None:
        now = self._clock.monotonic()
        try:
            refusals = self._queues.hide([lease.message for lease in batch], self._timeout) if batch else {}
        except (BotoCoreError, ClientError) as problem:
            if self._trouble.failed(self._clock.monotonic()):
                self._say("lease-not-extended", messages=len(batch), cause=words(problem))
            return
        self._trouble.passed(now)
        for number, lease in enumerate(batch):
            refusal = refusals.get(number)
            if refusal is None:
                lease.expires = now + self._timeout
            # SQS knows no more of one that was just taken off.
            elif refusal.final and lease in self._leased and not lease.leaving:
                self._lose(lease, refusal.code)

    def _lose(self, lease: Lease, why: str) -> None:
        lease.lost = True
        self._say("lease-lost", attempt=lease.message.attempt, why=why, begun=lease.begun is not None)
