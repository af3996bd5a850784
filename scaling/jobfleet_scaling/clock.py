"""The time, passed in so that tests can turn it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class ScalerClock(Protocol):
    """What the scaler asks of a clock."""

    def monotonic(self) -> float:
        """Return seconds that only go forward, also while the process or the machine is suspended."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""


class HostClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Return seconds that only go forward, also while the machine is suspended (clock_gettime(2))."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)
