"""The time, passed in so that tests can turn it."""

import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Return seconds that only go forward."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)
