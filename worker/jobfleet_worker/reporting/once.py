"""Trouble that is told once, when it begins, however many threads meet it."""

import threading


class ToldOnce:
    """Any number of threads may say how their calls ended; the first failure of each spell is to be told.

    Times are by the monotonic clock. A call that had begun before the trouble did says nothing of its end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None

    def failed(self, now: float) -> bool:
        """Note a failure; return whether it is the first of its spell."""
        with self._lock:
            first = self._since is None
            if first:
                self._since = now
            return first

    def passed(self, begun: float) -> None:
        """Note a success of a call that began then."""
        with self._lock:
            if self._since is not None and begun >= self._since:
                self._since = None
