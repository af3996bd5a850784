"""The worker's heartbeats in the bucket, so that anyone can see who lives and what is done."""

import platform
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS, Heartbeat
from jobfleet_jobs.protocol.roll import ENTRY_PERIOD_SECONDS, roll_key

from jobfleet_worker.clock import Clock


class Heartbeats:
    """Counts what comes to an end, and writes a heartbeat from time to time.

    `write_roll` puts an entry on the roll, by its key. `state` returns what is true at the moment: who it
    is, in flight, paused, what is offered.
    """

    def __init__(
        self,
        clock: Clock,
        write: Callable[[Heartbeat], None],
        write_roll: Callable[[str], None],
        state: Callable[[], Heartbeat],
    ) -> None:
        self._clock, self._write, self._write_roll, self._state = clock, write, write_roll, state
        self._entry, self._entry_due = "", clock.monotonic()
        self._started = clock.now()
        self._due = clock.monotonic()
        self._last: tuple[str, datetime] | None = None
        self.counts: Counter[str] = Counter()

    def count(self, outcome: str, job_id: str) -> None:
        """Note the end of an attempt."""
        self.counts[outcome] += 1
        self._last = (job_id, self._clock.now())

    def due(self) -> bool:
        """Tell whether it is time to write."""
        return self._clock.monotonic() >= self._due

    def write(self, *, stopped: bool = False) -> None:
        """Write one. Raises AWS's errors; then it is due again in a while all the same."""
        self._due = self._clock.monotonic() + PERIOD_SECONDS
        told = replace(
            self._state(), at=self._clock.now(), started=self._started, stopped=stopped,
            python=platform.python_version(), counts=dict(self.counts), last_job=self._last,
        )  # fmt: skip
        # Before the heartbeat, which is then never newer than what the roll says.
        self._put_on_roll(roll_key(told))
        self._write(told)

    def _put_on_roll(self, key: str) -> None:
        """Write an entry where it is new or old. One that cannot be written is missed by nobody for long."""
        now = self._clock.monotonic()
        if key == self._entry and now < self._entry_due:
            return
        with suppress(BotoCoreError, ClientError):
            self._write_roll(key)
            self._entry, self._entry_due = key, now + ENTRY_PERIOD_SECONDS
