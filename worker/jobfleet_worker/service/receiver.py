"""The threads that receive requests: one that waits for them, and more while there are many."""

from collections.abc import Callable
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX

from jobfleet_worker.aws.error_kinds import credentials_refused, is_outage
from jobfleet_worker.aws.queues import Message
from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.clock import LOOK_SECONDS
from jobfleet_worker.errors import words
from jobfleet_worker.reporting.once import ToldOnce
from jobfleet_worker.service.backlog import Backlog
from jobfleet_worker.stop_token import StopToken

# Receives under way at a time while the queue is full of requests.
RECEIVERS = 4

# A receive that brings this many says that there are more, though SQS may hold back some of ten.
MANY = SQS_BATCH_MAX // 2

# How soon one looks again that has no place for what would come: twice as long each time, up to the longest.
# While images wait for their processes, four that look every 5 ms all the time cost CPU for nothing.
NO_PLACE_SECONDS = 0.005
NO_PLACE_LONGEST_SECONDS = 0.02

# After a refusal that is no outage: no queue, no permission.
REFUSED_SECONDS = 5.0


class Desk(Protocol):
    """Who takes what was received."""

    def take(self, messages: list[Message], places: int, asked_at: float) -> None:
        """Take messages that came for so many reserved places; `asked_at` is when they were asked for."""


class Receivers:
    """Receive requests while `desk` has places for them."""

    def __init__(
        self,
        tools: Tools,
        desk: Desk,
        backlog: Backlog,
        stop: StopToken,
        say: Callable[..., None],
    ) -> None:
        self._queues, self._breaker, self._clock = tools.queues, tools.breaker, tools.clock
        self._wait_time = tools.settings.wait_time
        self._desk, self._backlog, self._stopped, self._say = desk, backlog, stop.draining, say
        self._refusals = ToldOnce()

    def loops(self) -> list[tuple[str, Callable[[Callable[[], None]], None]]]:
        """Return what each thread is called and does; it gets what to call in each of its rounds."""
        runs = [self._run_first, *[self._run_more] * (RECEIVERS - 1)]
        return [(f"receive-{n}", run) for n, run in enumerate(runs)]

    def _run_first(self, moved: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            moved()
            self._receive(self._wait_time, moved)

    def _run_more(self, moved: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            moved()
            if self._backlog.many.wait(LOOK_SECONDS) and not self._receive(min(1, self._wait_time), moved):
                self._backlog.many.clear()
        self._backlog.many.clear()

    def _receive(self, wait_time: int, moved: Callable[[], None]) -> int:
        """Receive once, if AWS does its part and there is a place; return how many came."""
        if not self._breaker.lets_through():
            self._stopped.wait(LOOK_SECONDS)
            return 0
        pause = NO_PLACE_SECONDS
        while not (places := self._backlog.places()):
            # Places come free when jobs end, a few milliseconds apart; sleeping is cheaper than telling.
            if self._stopped.wait(pause) or not self._breaker.lets_through():
                return 1
            moved()
            pause = min(2 * pause, NO_PLACE_LONGEST_SECONDS)
        asked_at, signed_with = self._clock.monotonic(), self._breaker.credentials()
        try:
            messages = self._queues.receive(places, wait_time)
        except (BotoCoreError, ClientError) as problem:
            self._desk.take([], places, asked_at)
            self._failed(problem, signed_with)
            return 0
        self._refusals.passed(asked_at)
        self._breaker.passed("sqs", asked_at)
        if len(messages) >= MANY:
            self._backlog.many.set()
        self._desk.take(messages, places, asked_at)
        return len(messages)

    def _failed(self, problem: Exception, signed_with: object) -> None:
        if credentials_refused(problem) or is_outage(problem):
            self._breaker.failed("sqs", problem, signed_with)
            return
        if self._refusals.failed(self._clock.monotonic()):
            self._say("receive-refused", cause=words(problem))
        self._stopped.wait(REFUSED_SECONDS)
