"""An event loop that wakes on time."""

import asyncio
import select
import selectors
import time


class _FineSelector(getattr(selectors, "EpollSelector", selectors.DefaultSelector)):  # type: ignore[misc]
    """Sleeps to some 0.1 ms: `epoll_wait` counts in whole milliseconds (https://man7.org/linux/man-pages/man2/epoll_wait.2.html).

    Rounded up, every request of an open loop would be sent half a millisecond late, on average. `select`
    takes microseconds, and an epoll object may be waited for like any file.
    """

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout and timeout > 0 and hasattr(select, "epoll"):
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(timeout)
        return ready


class _PreciseLoop(asyncio.SelectorEventLoop):
    """A loop by the finest clock: on Windows, that of other loops steps by 16 ms before Python 3.13."""

    def time(self) -> float:
        return time.perf_counter()


def make_loop() -> asyncio.AbstractEventLoop:
    """Return a new loop."""
    return _PreciseLoop(_FineSelector())
