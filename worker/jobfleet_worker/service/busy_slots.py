"""How long the worker's slots were at work: what a job takes of a host is this, divided by the jobs."""

import threading

from jobfleet_worker.clock import Clock


class BusySlots:
    """Adds up the seconds of all slots: with n jobs at work n slots are busy, but never more than there are.

    So it is right for one long job as well as for hundreds of small ones that share the host.
    """

    def __init__(self, slots: int, clock: Clock) -> None:
        self._slots, self._clock = slots, clock
        self._lock = threading.Lock()
        self._jobs, self._seconds, self._since = 0, 0.0, clock.monotonic()

    def add(self, jobs: int) -> None:
        """Count so many more jobs as at work; fewer, if it is below 0."""
        with self._lock:
            self._pass_time()
            self._jobs += jobs

    def seconds(self) -> float:
        """Return the seconds of all slots so far."""
        with self._lock:
            self._pass_time()
            return self._seconds

    def _pass_time(self) -> None:
        now = self._clock.monotonic()
        self._seconds += (now - self._since) * min(self._slots, max(0, self._jobs))
        self._since = now
