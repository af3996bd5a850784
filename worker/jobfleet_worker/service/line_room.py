"""How many jobs a worker takes into its hands: as many as its slots do in a short time.

Another worker cannot get a job that this one has in its hands, also not one whose host starts a moment later.
How long jobs take is known by those that ended here, the last of them most.
"""

import math

from jobfleet_worker.clock import Clock

# What is in hand is done in about so many seconds. A receive takes far less, so no slot waits for one.
HELD_SECONDS = 10.0

# However long jobs take, a slot has one at work, and the next one ready.
HELD_PER_SLOT = 2

# How much the last job counts in the average (an exponentially weighted moving average).
LAST_COUNTS = 0.2

# If nothing was in hand for so long, the next jobs may be another sender's, and of another length.
FORGOTTEN_SECONDS = 30.0


class LineRoom:
    """Tells how many jobs there may be in line. Not for threads: whoever calls it holds a lock."""

    def __init__(self, slots: int, most: int, clock: Clock) -> None:
        """`slots` jobs are at work at a time. There are never more than `most` in line."""
        self._slots, self._most, self._clock = slots, most, clock
        self._all = _Average()  # also of small jobs, which are never in line
        self._in_line = _Average()
        self._ended = clock.monotonic()

    def ended(self, seconds: float, *, was_in_line: bool) -> None:
        """Note that a job kept a slot for so many seconds; 0 if it needed none."""
        self._ended = self._clock.monotonic()
        self._all.add(seconds)
        if was_in_line:
            self._in_line.add(seconds)

    def in_line(self) -> int:
        """Return how many jobs may be in line, as there are some."""
        return min(self._most, self._done_soon(self._in_line.seconds))

    def at_once(self) -> int:
        """Return how many jobs may come, as none is in line. Most of them may be small."""
        if self._clock.monotonic() - self._ended >= FORGOTTEN_SECONDS:
            self._all, self._in_line = _Average(), _Average()
        return self._done_soon(self._all.seconds)

    def _done_soon(self, seconds: float | None) -> int:
        least = HELD_PER_SLOT * self._slots
        if seconds is None:
            return least
        # The shortest time there is stands for none: whatever may be in hand is done soon then.
        return max(least, math.floor(HELD_SECONDS * self._slots / max(seconds, 1e-6)))


class _Average:
    """An average in which the last counts most; None before the first."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def add(self, seconds: float) -> None:
        before = seconds if self.seconds is None else self.seconds
        self.seconds = before + LAST_COUNTS * (seconds - before)
