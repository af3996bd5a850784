"""The fleet is woken when a job was sent and no worker is there to do it.

Where workers answer, nothing is asked: a look follows only if no answer came for `FIRST_LOOK_SECONDS`.
While a host starts, the clock that answers are waited by stands still, so that a time-out counts from when
a worker is there; not for ever: `TRIES` times a host is waited for, for as long as two take to boot.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from jobfleet_jobs.durations import duration
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, error_code

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket
from jobfleet.errors import FleetError
from jobfleet.human_text import plain

if TYPE_CHECKING:
    from jobfleet_scaling.documents.configuration import ScalingConfiguration
    from jobfleet_scaling.waking import Wake

# What a look takes is imported by it: where workers answer, a process needs none of it.

_LOG = logging.getLogger(__name__)

# An answer that comes within so long costs no look: nobody notices so short a delay of a host's start.
FIRST_LOOK_SECONDS = 0.5

# A worker that was seen, or heard of, counts as there for so long. Then it is looked again, if jobs wait.
THERE_SECONDS = 60.0

# That a stack does not scale is believed for so long.
FIXED_SECONDS = 600.0

# How often it is looked for the worker that starts; its first heartbeat comes when it begins to work.
POLL_SECONDS = 5.0

# So often a host is asked for, and waited for as long as two boots each time.
TRIES = 3

# How long the alarm takes to wake a fleet: CloudWatch has SQS's figures after a minute or two.
ALARM_SECONDS = 180.0

# Nobody's time runs out during a look of at most so long.
GLANCE_SECONDS = 10.0

# How long a process that ends waits for its first look.
CLOSE_SECONDS = 20.0

_WHY_MAX = 300


class Waking:
    """Wakes a fleet for the jobs of one process. `is_waited` tells whether any still waits for an answer.

    `say` is called with what people should know, once for each thing. May be used by several threads.
    """

    def __init__(
        self,
        account: Account,
        is_waited: Callable[[], bool],
        say: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account, self._is_waited, self.say, self._clock = account, is_waited, say, clock
        self._bucket = Bucket(account)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._there_at = self._fixed_at = self._sent_at = self._asleep_since = float("-inf")
        self._looked = False
        self._tries, self._woken_at, self._patience = 0, 0.0, 0.0
        self._still_since: float | None = None
        self._glance_since: float | None = None
        self._stood = 0.0
        self._said: set[str] = set()
        self._trouble = ""

    # -- what others ask ----------------------------------------------------------------------------

    @property
    def is_starting(self) -> bool:
        """Whether a worker is waited for that starts; the clock stands meanwhile."""
        return self._still_since is not None

    @property
    def trouble(self) -> str:
        """Why no worker is there, with the way out; empty where that is not known."""
        return self._trouble

    def clock(self) -> float:
        """Return the seconds of a clock that stands still while a worker starts."""
        with self._changed:
            now = self._clock()
            still = now if self._still_since is None else self._still_since
            glance = now if self._glance_since is None else max(self._glance_since, now - GLANCE_SECONDS)
            return min(still, glance) - self._stood

    def sent(self, *, at_once: bool = False) -> None:
        """Jobs wait for a worker from now on; with `at_once`, it is looked for one without waiting first."""
        with self._changed:
            now = self._clock()
            self._closed = False
            if self._thread is not None or now - self._fixed_at < FIXED_SECONDS:
                return
            self._sent_at, self._looked = now, False
            self._thread = threading.Thread(
                target=self._run,
                args=(0.0 if at_once else FIRST_LOOK_SECONDS,),
                name="jobfleet-waking",
                daemon=True,
            )
            self._thread.start()

    def heard(self) -> None:
        """A worker has answered: there is one."""
        with self._changed:
            self._there_at = self._clock()
            self._go_on()

    def close(self) -> None:
        """Stop; a first look that is due is taken before, as jobs without a worker would wait for others."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_SECONDS)

    # -- in the thread --------------------------------------------------------------------------------

    def _run(self, pause: float) -> None:
        try:
            after: float | None = pause
            while after is not None and self._wait(after):
                after = self._turn()
        except Exception as problem:  # noqa: BLE001 - jobs are sent and answered without this
            # Whoever may not look, or cannot, sends and waits all the same.
            if self._account.sentences.of(problem) is None:
                _LOG.exception("whether a worker is there could not be seen")
        finally:
            with self._changed:
                self._thread = None
                self._go_on()

    def _wait(self, seconds: float) -> bool:
        """Wait; tell whether it is to be looked (again). Where the process ends, the first look is taken."""
        with self._changed:
            if not self._closed:
                self._changed.wait(seconds)
            if self._is_waited() and not (self._closed and self._looked):
                return True
            self._thread = None  # before anything else is sent, for which another one looks
            return False

    def _turn(self) -> float | None:
        """Look once and do what follows; return in how many seconds to look again, None for not at all."""
        with self._changed:
            self._looked, now = True, self._clock()
            if now - self._there_at < THERE_SECONDS:
                return THERE_SECONDS
            # Nobody's time runs out while it is looked. If a worker is there, it has run meanwhile.
            self._glance_since = now
        try:
            return self._look()
        finally:
            with self._changed:
                self._glance_since = None

    def _look(self) -> float | None:
        # Most stacks do not scale, and to read that costs a twelfth of a listing of workers:
        # https://aws.amazon.com/s3/pricing/
        try:
            found = self._configuration()
        except FleetError as problem:
            if self._anybody():
                return THERE_SECONDS
            self._trouble = f"no worker runs, and none can be started: {problem}"
            self._tell(self._trouble)
            return None
        if found is None:
            with self._changed:
                self._fixed_at = self._clock()
            return None
        if self._anybody():
            return THERE_SECONDS
        return self._without_a_worker(found)

    def _configuration(self) -> "ScalingConfiguration | None":
        from jobfleet.stack.scaling.view import read_configuration

        try:
            return read_configuration(self._bucket)
        except ClientError as problem:
            if error_code(problem) not in FORBIDDEN:
                raise
            return None  # then nothing can be done, as for a stack that does not scale

    def _anybody(self) -> bool:
        from jobfleet.stack.scaling.view import count_alive

        if not count_alive(self._bucket, datetime.now(UTC)):
            return False
        with self._changed:
            self._there_at = self._clock()
            self._go_on()
        return True

    def _without_a_worker(self, found: "ScalingConfiguration") -> float | None:
        if found.paused:
            from jobfleet.stack.scaling.view import START

            self._trouble = f"no worker runs, as the stack is stopped: start it with {START}"
            self._tell(self._trouble)
            return None
        if self._tries and self._clock() - self._woken_at < self._patience:
            return POLL_SECONDS
        if self._tries >= TRIES:
            self._give_up()
            return None
        self._wake(found)
        return POLL_SECONDS

    def _wake(self, found: "ScalingConfiguration") -> None:
        done = self._ask(found)
        boot = found.tuning.boot
        with self._changed:
            if self._still_since is None:
                self._still_since = self._asleep_since = max(self._sent_at, self._there_at)
            self._tries, self._woken_at = self._tries + 1, self._clock()
            self._patience = 2 * boot
            if done.forbidden:
                # Once more would be refused as well; the alarm is what is waited for.
                self._tries, self._patience = TRIES, ALARM_SECONDS + 2 * boot
        who = "" if done.full else "AWS refused to start one: "
        self._trouble = f"{who}{plain(done.refused, _WHY_MAX)}" if done.refused else ""
        if done.forbidden:
            self._tell(
                "no worker runs, and these credentials may not start one (docs/policies/client-waking.json "
                "has what it takes); the stack's alarm starts one within about three minutes"
            )
        elif done.refused:
            self._tell(f"no worker runs, and {self._trouble}; trying again in {2 * boot:.0f} s")
        elif self._tries == 1:
            self._tell(f"no worker runs; one is starting, about {boot:.0f} s")
        else:
            self._tell(f"no worker came within {2 * boot:.0f} s; one was asked for again")

    def _ask(self, found: "ScalingConfiguration") -> "Wake":
        from jobfleet_scaling.waking import wake

        who = f"client-{socket.gethostname()[:40]}-{os.getpid()}"
        now = datetime.now(UTC)
        names = self._account.settings.stack, self._bucket.name
        return wake(*names, found, self._account.client, who=who, now=now)

    def _give_up(self) -> None:
        """Say why none came, and let the clock go on as if it had never stood: who waits waited enough."""
        from jobfleet.stack.scaling.log import ScalingLines

        waited = timedelta(seconds=self._clock() - self._asleep_since)
        refused = [
            line.why for line in ScalingLines(self._bucket).since(datetime.now(UTC) - waited).lines
            if line.event == "refused"
        ]  # fmt: skip
        why = f"AWS refused to start one: {plain(refused[-1], _WHY_MAX)}" if refused else self._trouble
        with self._changed:
            self._trouble = (
                f"no worker came within {duration(waited.total_seconds())}"
                f"{': ' + why if why else ', though one was asked for'}; `jobfleet scaling --log` shows what "
                "was tried, and `jobfleet doctor` what is in the way"
            )
            self._still_since = None
            self._tries = 0

    def _go_on(self) -> None:
        """Let the clock go on from where it stood."""
        if self._still_since is not None:
            self._stood += self._clock() - self._still_since
            self._still_since, self._trouble = None, ""
        self._tries = 0
        self._said.clear()

    def _tell(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self.say(words)
