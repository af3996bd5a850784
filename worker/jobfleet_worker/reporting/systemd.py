"""The watchdog of systemd, fed as long as each of the worker's threads moves."""

from collections.abc import Callable

from jobfleet_jobs.systemd import notify, watchdog_seconds

from jobfleet_worker.clock import Clock

# A thread that has not moved for this long is stuck: no call to AWS takes so long, retries included, but a
# body that comes in drops.
STUCK_SECONDS = 300.0


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
