"""A thread that brings something on, turn by turn, until it is told to stop."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

# It is woken by what happens. This bounds how long a change is missed that nobody told of.
_POLL_SECONDS = 1.0
_STOP_SECONDS = 10.0


class TurnTaker:
    """Takes turns in a thread of its own. Safe for several threads."""

    def __init__(self, name: str, turn: Callable[[], float | None]) -> None:
        """Call `turn` again and again once it is started; it returns in how many seconds something is due.

        None means that only an event can move anything. `name` is the thread's, and stands in the log.
        """
        self._name, self._turn = name, turn
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the turn that is being taken."""
        self._stopped.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def wake(self) -> None:
        """Take a turn soon: something has happened."""
        self._woken.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                pause = self._turn()
            except Exception:
                # The trouble of one must not end all others; it is tried again with the next turn.
                log.exception("a turn of the %s failed", self._name)
                pause = None
            self._woken.wait(_POLL_SECONDS if pause is None else min(_POLL_SECONDS, pause))
