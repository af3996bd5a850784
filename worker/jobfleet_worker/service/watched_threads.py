"""Threads that run as long as the worker does: each is watched, and none of them dies unnoticed."""

import threading
from collections.abc import Callable
from typing import Any

from jobfleet_worker.errors import trace, words
from jobfleet_worker.reporting.systemd import Watchdog
from jobfleet_worker.stop_token import StopToken


class Loops:
    """Makes the worker's threads. What goes wrong with a job or with AWS is dealt with inside them.

    Whatever else ends one is a fault of the worker itself: it is said, `broken` tells of it from
    then on, and the worker finishes what was begun and stops, as one that lacks a thread would limp along
    for ever. What starts next has them all.
    """

    def __init__(self, watchdog: Watchdog, say: Callable[..., None], stop: StopToken) -> None:
        self._watchdog, self._say, self._stop = watchdog, say, stop
        self.broken = False

    def thread(
        self, name: str, loop: Callable[..., None], *arguments: Any, patience: float = 0.0
    ) -> threading.Thread:
        """Return a thread, not yet started. `loop` gets the arguments and what to call in each round.

        A round may take `patience` seconds longer than calls to AWS do.
        """
        moved = self._watchdog.mover(name, patience)

        def run() -> None:
            try:
                loop(*arguments, moved)
            except BaseException as problem:  # noqa: BLE001 - whatever it is, nobody else would hear of it
                self.broken = True
                self._say("thread-died", thread=name, cause=words(problem), trace=trace(problem))
                self._stop.drain()

        return threading.Thread(target=run, name=name, daemon=True)
