"""Finished jobs on their way to the same calls: each waits as long as is allowed, and no longer."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from jobfleet_worker.clock import LOOK_SECONDS, Clock
from jobfleet_worker.job.in_hand import Finished

# A thread whose turn to gather does not come says so often that it lives.
TURN_SECONDS = 30.0

# Returns for how many seconds the first of these may wait for more; the flag tells whether calls for others
# are under way.
Linger = Callable[[Sequence[Finished], bool], float]


class Gathering:
    """Takes jobs one by one with `put`, and gives them together; any number of threads may take."""

    def __init__(self, most: int, linger: Linger, clock: Clock) -> None:
        """`most` is how many are given at a time."""
        self._most, self._linger, self._clock = most, linger, clock
        self._jobs: deque[Finished] = deque()
        self._changed = threading.Condition()
        self._one_gathers = threading.Lock()
        self._first_came = 0.0
        self._under_way = 0

    def put(self, finished: Finished) -> None:
        """Leave a job to be taken with others."""
        with self._changed:
            if not self._jobs:
                self._first_came = self._clock.monotonic()
            self._jobs.append(finished)
            self._changed.notify_all()

    def handle_next(self, handle: Callable[[Sequence[Finished]], None]) -> None:
        """Have the next group handled; return without one if nothing comes for a while."""
        if not self._one_gathers.acquire(timeout=TURN_SECONDS):
            return
        try:
            group = self._take()
        finally:
            self._one_gathers.release()
        if not group:
            return
        try:
            handle(group)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _take(self) -> list[Finished]:
        with self._changed:
            if not self._changed.wait_for(lambda: self._jobs, LOOK_SECONDS):
                return []
            while len(self._jobs) < self._most and (left := self._left()) > 0:
                self._changed.wait(min(left, LOOK_SECONDS))
            group = [self._jobs.popleft() for _ in range(min(self._most, len(self._jobs)))]
            self._first_came = self._clock.monotonic()  # of those that are left, if any are
            self._under_way += 1
            return group

    def _left(self) -> float:
        linger = self._linger(self._jobs, self._under_way > 0)
        return self._first_came + linger - self._clock.monotonic() if linger else 0.0
