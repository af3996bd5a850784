"""The time, passed in so that tests can turn it."""

import time
from datetime import UTC, datetime
from typing import Protocol

# How often a thread looks up that waits for what nobody tells it of: a place, a file, the stop.
LOOK_SECONDS = 0.5


class Clock(Protocol):
    """What the worker asks of a clock."""

    def monotonic(self) -> float:
        """Return seconds that only go forward."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""


class SystemClock:
    """The machine's own clock."""

    monotonic = staticmethod(time.monotonic)

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)
