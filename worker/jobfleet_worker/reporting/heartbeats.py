"""The worker's heartbeats in the bucket, so that anyone can see who lives and what is done."""

import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS, Heartbeat

from jobfleet_worker.clock import Clock


class Heartbeats:
    """Counts what comes to an end, and writes a heartbeat from time to time.

    `state` returns what is true at the moment: who it is, in flight, paused, what is offered.
    """

    def __init__(
        self, clock: Clock, write: Callable[[Heartbeat], None], state: Callable[[], Heartbeat]
    ) -> None:
        self._clock, self._write, self._state = clock, write, state
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
        self._write(told)
