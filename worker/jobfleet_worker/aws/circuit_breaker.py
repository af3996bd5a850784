"""The circuit breaker before all calls to AWS: open while AWS is away or refuses the credentials."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from jobfleet_jobs.protocol.aws_facts import error_code

from jobfleet_worker.aws.error_kinds import credentials_refused, is_outage, why_refused
from jobfleet_worker.clock import LOOK_SECONDS, Clock
from jobfleet_worker.errors import GivenUp, words

T = TypeVar("T")
Service = Literal["sqs", "s3"]

# How long it lets nothing through while AWS is out of reach: twice as long each time, up to the longest.
PAUSE_FIRST_SECONDS = 1.0
PAUSE_LONGEST_SECONDS = 60.0

# New credentials show in their file, which costs nothing to look at; without a change AWS is asked
# again at this interval, in case it was AWS that was wrong.
CREDENTIALS_RETRY_SECONDS = 30.0

# A call that fails this often, while the service answers others, is at fault itself.
TRIES_WHILE_OTHERS_PASS = 3


class Caller(Protocol):
    """For whom a call is made."""

    def given_up(self) -> str | None:
        """Say why it is not to be made any more, or None."""


@dataclass(frozen=True)
class Trouble:
    """Why nothing goes through, since when and until when."""

    kind: str
    service: Service
    credentials_refused: bool
    since: float
    until: float
    pause: float
    credentials: object


class CircuitBreaker:
    """Lets calls through, notes how they end, and says once when they cannot go on and when they can again.

    `credentials` returns something that changes when the credentials may have. `say` gets an event
    for the log, `show` a line for systemd.
    """

    def __init__(
        self,
        clock: Clock,
        credentials: Callable[[], object],
        say: Callable[..., None],
        show: Callable[[str], None] = lambda status: None,
    ) -> None:
        self._clock, self.credentials, self._say, self._show = clock, credentials, say, show
        self._lock = threading.Lock()
        self._passed: Counter[Service] = Counter()
        self.trouble: Trouble | None = None

    def s3(self, caller: Caller, call: Callable[[], T]) -> T:
        """Return what a call to S3 returns, as `through` does."""
        return self.through("s3", caller, call)

    def sqs(self, caller: Caller, call: Callable[[], T]) -> T:
        """Return what a call to SQS returns, as `through` does."""
        return self.through("sqs", caller, call)

    def through(self, service: Service, caller: Caller, call: Callable[[], T]) -> T:
        """Return what `call` returns, tried as often as it takes AWS to do its part.

        Raises `GivenUp` with the caller's reason, whatever is no outage, and an outage that others do
        not meet.
        """
        alone = 0
        while True:
            self._wait(caller)
            before, signed_with, begun = self._passed[service], self.credentials(), self._clock.monotonic()
            try:
                value = call()
            except Exception as problem:
                if not (credentials_refused(problem) or is_outage(problem)):
                    raise
                alone += self._passed[service] > before
                if alone >= TRIES_WHILE_OTHERS_PASS:
                    raise
                self.failed(service, problem, signed_with)
            else:
                self.passed(service, begun)
                return value

    def lets_through(self) -> bool:
        """Tell whether a call is worth a try."""
        trouble = self.trouble
        if trouble is None or self._clock.monotonic() >= trouble.until:
            return True
        return self.credentials() != trouble.credentials

    def passed(self, service: Service, begun: float) -> None:
        """Note that a call succeeded. One that was under way when the trouble came says nothing of it."""
        self._passed[service] += 1
        if self.trouble is None:
            return
        with self._lock:
            if self.trouble is None or self.trouble.service != service or begun < self.trouble.since:
                return
            self.trouble = None
        self._say("resumed")
        self._show("at work")

    def failed(self, service: Service, problem: Exception, signed_with: object) -> None:
        """Let nothing through for a while, because of an outage or of refused credentials.

        `signed_with` is what `credentials` returned before the call: old ones that are refused when
        new ones have come say nothing of the new.
        """
        refused = credentials_refused(problem)
        if refused and signed_with != self.credentials():
            return
        kind = "credentials" if refused else error_code(problem) or type(problem).__name__
        with self._lock:
            before, now = self.trouble, self._clock.monotonic()
            closed = before is not None and before.kind == kind and now < before.until
            if before and closed and before.credentials == self.credentials():
                return  # said by the one who came before
            if refused:
                pause = CREDENTIALS_RETRY_SECONDS
            else:
                pause = min(before.pause * 2, PAUSE_LONGEST_SECONDS) if before else PAUSE_FIRST_SECONDS
            wait = pause * random.uniform(0.75, 1.0)  # noqa: S311 - jitter, not a secret
            # Of refused ones, those that were sent: new ones may have come since they were compared.
            with_them = signed_with if refused else self.credentials()
            self.trouble = Trouble(kind, service, refused, now, now + wait, pause, with_them)
        if before is None or before.credentials_refused != refused:
            why = why_refused(problem) if refused else "AWS does not do its part"
            self._say("paused", why=why, cause=words(problem))
            self._show(f"paused: {why} ({kind})")

    def _wait(self, caller: Caller) -> None:
        while True:
            reason = caller.given_up()
            if reason:
                raise GivenUp(reason)
            if self.lets_through():
                return
            # A plain sleep: nothing but time and a file can change that.
            threading.Event().wait(LOOK_SECONDS)
