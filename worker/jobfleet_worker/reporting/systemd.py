"""Messages to systemd (Type=notify): one datagram for each word (sd_notify(3))."""

import os
import socket
from collections.abc import Callable

from jobfleet_worker.clock import Clock

# A thread that has not moved for this long is stuck: no call to AWS takes so long, retries included, but a
# body that comes in drops.
STUCK_SECONDS = 300.0


def notify(*words: str) -> None:
    """Tell systemd, where it listens: "READY=1", "STATUS=…", "STOPPING=1", "WATCHDOG=1"."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.sendto("\n".join(words).encode(), address)
    except OSError:
        # Nobody listens any more; the work goes on.
        pass


def watchdog_seconds() -> float | None:
    """Return how often systemd wants to hear WATCHDOG=1 at the latest, or None where it does not watch."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if microseconds.isdigit() and mine else None


class Watchdog:
    """Tells systemd that the worker lives, as long as each of its threads moves.

    `waits` tells that they wait for AWS, which is no standstill.
    """

    def __init__(self, clock: Clock, waits: Callable[[], bool]) -> None:
        self._clock, self._waits = clock, waits
        self._moved: dict[str, float] = {}
        self._patience: dict[str, float] = {}
        self._waited = 0.0

    @property
    def period(self) -> float:
        """How many seconds may pass between two calls of `feed`."""
        return (watchdog_seconds() or 1.0) / 3

    def mover(self, name: str, patience: float = 0.0) -> Callable[[], None]:
        """Return what the thread `name` is to call in each of its rounds.

        A round may take `patience` seconds longer than calls to AWS do.
        """

        def moved() -> None:
            self._moved[name] = self._clock.monotonic()

        self._patience[name] = patience
        moved()
        return moved

    def feed(self) -> None:
        """Say that all is well, if it is."""
        now = self._clock.monotonic()
        if self._waits():
            self._waited = now
        if all(
            now - max(self._waited, moved) < STUCK_SECONDS + self._patience[name]
            for name, moved in tuple(self._moved.items())
        ):
            notify("WATCHDOG=1")
