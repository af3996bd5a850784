"""The messages this worker holds, and the threads that keep hold of them."""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.batches import batches

from jobfleet_worker.aws.queues import Message, Queues
from jobfleet_worker.clock import Clock
from jobfleet_worker.daemon_pool import Crew

# Two beats may fail before a hold is lost.
BEATS_PER_TIMEOUT = 3

# What a job may take on top of its time limit: for its input, its output and the bookkeeping.
MARGIN_SECONDS = 60.0

# The thread looks this often which holds are due.
BEAT_SECONDS = 1.0

# Extensions under way at a time: one that hangs must not cost the messages of the others.
BEATERS = 8

# Who lets go waits for an extension under way, but not for a dead endpoint.
LET_GO_SECONDS = 5.0


@dataclass(eq=False)
class Held:
    """A message in hand until `expires`; `begun` is when its work began, both by the monotonic clock.

    `allowance` is how many seconds its job may take beyond the time limit of others. `beat` tells that an
    extension of it waits for its turn or is under way, `leaving` that it is being taken off the queue.
    """

    message: Message
    expires: float
    begun: float | None = None
    allowance: float = 0.0
    lost: bool = False
    beat: bool = False
    leaving: bool = False


class Holds:
    """Extends the visibility timeout of every message in hand, ten a call, a third of it after the last time.

    A hold is lost when SQS refuses it for good, when it ran out, or when its job took longer than
    `job_time_limit`, its own allowance and a margin: another worker may have the message now.
    """

    def __init__(
        self,
        queues: Queues,
        clock: Clock,
        visibility_timeout: int,
        job_time_limit: float,
        say: Callable[..., None],
    ) -> None:
        self._queues, self._clock, self._say = queues, clock, say
        self._timeout, self._longest = visibility_timeout, job_time_limit + MARGIN_SECONDS
        self._held: dict[Held, None] = {}  # in the order they came
        self._lock = threading.Condition()  # told when an extension ends
        self._extended: set[Held] = set()  # at the moment
        self._failing = False

    def __len__(self) -> int:
        return len(self._held)

    def take(self, messages: Iterable[Message], received_at: float) -> list[Held]:
        """Hold messages from now on; `received_at` is when they were asked for."""
        taken = [Held(message, received_at + self._timeout) for message in messages]
        with self._lock:
            self._held.update(dict.fromkeys(taken))
        return taken

    def all(self) -> list[Held]:
        """Return everything in hand."""
        with self._lock:
            return list(self._held)

    def is_lost(self, held: Held) -> bool:
        """Tell whether the message may be in other hands."""
        if not held.lost and held.expires <= self._clock.monotonic():
            self._lose(held, "it ran out")
        return held.lost

    def leave(self, held: Iterable[Held]) -> None:
        """Take note that these are being taken off the queue. They are extended until they are released."""
        with self._lock:
            for one in held:
                one.leaving = True

    def release(self, held: Iterable[Held]) -> None:
        """Extend these no more; an extension may still be under way."""
        with self._lock:
            for one in held:
                self._held.pop(one, None)

    def hand_back(self, held: Collection[Held], seconds: int) -> None:
        """Let others have these after `seconds`. What AWS does not take comes back when its hold runs out."""
        with self._lock:
            now = self._clock.monotonic()
            mine = [h for h in held if h in self._held and not h.lost and h.expires > now]
            for one in held:
                self._held.pop(one, None)
            # An extension that arrived after this would hide the message again.
            self._lock.wait_for(lambda: self._extended.isdisjoint(mine), LET_GO_SECONDS)
        for batch in batches([h.message for h in mine]):
            self._queues.hide(batch, seconds)

    def beat(self, crew: Crew) -> list[Future[None]]:
        """Have a crew extend every hold that is due, a batch at a time; return what tells of their end."""
        now = self._clock.monotonic()
        due = []
        for held in self.all():
            if self.is_lost(held):
                continue
            if held.begun is not None and now - held.begun > self._longest + held.allowance:
                self._lose(held, "its job takes too long")
            elif not held.beat and held.expires - now <= self._timeout * (1 - 1 / BEATS_PER_TIMEOUT):
                held.beat = True
                due.append(held)
        return [crew.do(partial(self._extend, batch)) for batch in batches(due)]

    def run(self, stopped: threading.Event, moved: Callable[[], None]) -> None:
        """Beat until stopped."""
        crew = Crew(BEATERS)
        crew.start()
        under_way: list[Future[None]] = []
        while not stopped.wait(min(BEAT_SECONDS, self._timeout / BEATS_PER_TIMEOUT / 2)):
            under_way += self.beat(crew)
            ended = [each for each in under_way if each.done()]
            for each in ended:
                each.result()  # or a fault of our own would go unheard
            if ended or not under_way:
                moved()
            under_way = [each for each in under_way if each not in ended]
        crew.stop()

    def _extend(self, batch: Sequence[Held]) -> None:
        with self._lock:
            held = [one for one in batch if one in self._held]
            self._extended.update(held)
        try:
            self._hide(held)
        finally:
            with self._lock:
                self._extended.difference_update(held)
                for one in batch:
                    one.beat = False
                self._lock.notify_all()

    def _hide(self, batch: Sequence[Held]) -> None:
        now = self._clock.monotonic()
        try:
            refusals = self._queues.hide([held.message for held in batch], self._timeout) if batch else {}
        except (BotoCoreError, ClientError) as problem:
            if not self._failing:
                self._say("hold-not-extended", messages=len(batch), cause=str(problem)[:1_000])
            self._failing = True
            return
        self._failing = False
        for number, held in enumerate(batch):
            refusal = refusals.get(number)
            if refusal is None:
                held.expires = now + self._timeout
            # SQS knows no more of one that was just taken off.
            elif refusal.final and held in self._held and not held.leaving:
                self._lose(held, refusal.code)

    def _lose(self, held: Held, why: str) -> None:
        held.lost = True
        self._say("hold-lost", attempt=held.message.attempt, why=why, begun=held.begun is not None)
