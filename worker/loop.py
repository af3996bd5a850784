"""The worker's loop: take a request, do it, and outlast what goes wrong around it."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from worker.attempt import Attempts
from worker.aws import credentials_refused, error_code, is_outage
from worker.clock import Clock
from worker.heartbeat import Heartbeat
from worker.logs import Journal
from worker.queue import Message, Queues
from worker.settings import VISIBILITY_TIMEOUT_MAX_SECONDS, Settings
from worker.systemd import notify

# How long the loop waits while AWS is out of reach: twice as long each time, up to the longest.
PAUSE_FIRST_SECONDS = 1.0
PAUSE_LONGEST_SECONDS = 60.0

# New credentials show in their file, which costs nothing to look at; without a change AWS is asked
# again at this interval, in case it was AWS that was wrong.
CREDENTIALS_RETRY_SECONDS = 30.0

# How often a paused loop looks up.
LOOK_SECONDS = 1.0

# A turn that takes longer than this is stuck: the longest job and a long poll fit into it.
TURN_MAX_SECONDS = 900.0

# A broken attempt comes back after about 5, 10, 20 … seconds, and within a quarter of an hour.
BACKOFF_FIRST_SECONDS = 5
BACKOFF_LONGEST_SECONDS = 900


def backoff(attempt: int) -> int:
    """Return seconds until a broken attempt is tried again: doubling, with jitter so that crowds disperse."""
    longest = min(BACKOFF_LONGEST_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** min(attempt - 1, 16))
    return random.randint(longest // 2, longest)  # noqa: S311 - jitter, not a secret


@dataclass
class Trouble:
    """Why the loop pauses, and until when. `in_job` tells a failing job from a failing receive."""

    kind: str
    in_job: bool
    until: float
    pause: float
    credentials: object


class Loop:
    """Takes one request at a time. `credentials` returns something that changes when they may have."""

    def __init__(
        self,
        settings: Settings,
        queues: Queues,
        attempts: Attempts,
        journal: Journal,
        clock: Clock,
        credentials: Callable[[], object] = lambda: None,
        backoff: Callable[[int], int] = backoff,
    ) -> None:
        self._queues, self._attempts, self._journal, self._clock = queues, attempts, journal, clock
        self._credentials, self._backoff = credentials, backoff
        self._trouble: Trouble | None = None
        self._to_hand_back: list[Message] = []
        self._moved = clock.monotonic()
        self.stopping = threading.Event()
        self.heartbeat = Heartbeat(queues, settings.visibility_timeout, self._alive, journal.tell)

    def run(self) -> None:
        """Take turns until `stopping` is set; the job in hand is finished."""
        self.heartbeat.start()
        notify("READY=1", "STATUS=waiting for jobs")
        try:
            # What a crash left in the spool need not wait for the next job.
            with suppress(BotoCoreError, ClientError):
                self._journal.upload()
            while not self.stopping.is_set():
                self.turn()
                if self._trouble:
                    self.stopping.wait(LOOK_SECONDS)
        finally:
            notify("STOPPING=1")
            self.heartbeat.stop()

    def turn(self) -> None:
        """Wait for at most one request, for at most the long poll's time, and do it."""
        self._moved = self._clock.monotonic()
        if self._trouble and not self._worth_a_try(self._trouble):
            return
        try:
            self._hand_back_late()
            message = self._queues.receive()
        except (BotoCoreError, ClientError) as problem:
            self._pause(problem, in_job=False)
            return
        if self._trouble and not self._trouble.in_job:
            self._resume()
        if message and self.stopping.is_set():
            self._hand_back(message, 0)
        elif message:
            self._work(message)

    def _work(self, message: Message) -> None:
        self._moved = self._clock.monotonic()
        self.heartbeat.hold(message)
        try:
            self._attempts.make(message)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this job's, and the loop lives on
            self.heartbeat.let_go(message)
            self._broken(message, problem)
        else:
            self.heartbeat.let_go(message)
            if self._trouble:
                self._resume()

    def _broken(self, message: Message, problem: Exception) -> None:
        wait = self._backoff(message.attempt)
        self._journal.tell(
            "attempt-broken", attempt=message.attempt, cause=_cause(problem), again_in_seconds=wait
        )
        if credentials_refused(problem) or is_outage(problem):
            self._pause(problem, in_job=True)
            wait = 0 if credentials_refused(problem) else wait
        self._hand_back(message, wait)

    def _hand_back(self, message: Message, seconds: int) -> None:
        try:
            self._queues.hide(message, min(seconds, VISIBILITY_TIMEOUT_MAX_SECONDS))
        except (BotoCoreError, ClientError) as problem:
            if credentials_refused(problem) or is_outage(problem):
                self._to_hand_back.append(message)
            # Otherwise the hold has run out already, and the request is back by itself.

    def _hand_back_late(self) -> None:
        """Hand back what could not be while AWS was out of reach."""
        while self._to_hand_back:
            try:
                self._queues.hide(self._to_hand_back[-1], 0)
            except ClientError as problem:
                if credentials_refused(problem) or is_outage(problem):
                    raise
            self._to_hand_back.pop()

    def _worth_a_try(self, trouble: Trouble) -> bool:
        return self._clock.monotonic() >= trouble.until or self._credentials() != trouble.credentials

    def _pause(self, problem: Exception, *, in_job: bool) -> None:
        refused = credentials_refused(problem)
        kind = "credentials" if refused else error_code(problem) or type(problem).__name__
        before = self._trouble
        same = before is not None and before.kind == kind
        if refused:
            pause = CREDENTIALS_RETRY_SECONDS
        else:
            pause = min(before.pause * 2, PAUSE_LONGEST_SECONDS) if before else PAUSE_FIRST_SECONDS
        wait = pause * random.uniform(0.75, 1.0)  # noqa: S311 - jitter, not a secret
        self._trouble = Trouble(kind, in_job, self._clock.monotonic() + wait, pause, self._credentials())
        if not same:
            why = (
                "AWS refuses the credentials; waiting for new ones" if refused else "AWS does not do its part"
            )
            self._journal.tell("paused", why=why, cause=_cause(problem))
            notify(f"STATUS=paused: {why} ({kind})")

    def _resume(self) -> None:
        self._trouble = None
        self._journal.tell("resumed")
        notify("STATUS=waiting for jobs")

    def _alive(self) -> bool:
        return self._clock.monotonic() - self._moved < TURN_MAX_SECONDS


def _cause(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:1_000]
