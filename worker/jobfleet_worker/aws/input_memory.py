"""Memory for inputs, lent out so that those in hand never take more than the machine has."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobfleet_worker.clock import LOOK_SECONDS


class Room:
    """So many bytes, lent out in the order of those who come; the largest may come alone."""

    def __init__(self, size: int) -> None:
        self._free, self._changed = size, threading.Condition()
        self._line: deque[object] = deque()

    @contextmanager
    def at_once(self, size: int) -> Iterator[bool]:
        """Have `size` bytes inside, if they are free and nobody waits; tell whether it is so."""
        with self._changed:
            given = self._free >= size and not self._line
            self._free -= given * size
        try:
            yield given
        finally:
            self._give_back(given * size)

    @contextmanager
    def of(self, size: int, look: Callable[[], None]) -> Iterator[None]:
        """Wait until `size` bytes are free, and have them inside.

        Until then `look` is called all the time; what it raises ends the wait.
        """
        me = object()
        with self._changed:
            self._line.append(me)
        try:
            self._wait(me, size, look)
        finally:
            with self._changed:
                self._line.remove(me)
                self._changed.notify_all()
        try:
            yield
        finally:
            self._give_back(size)

    def _wait(self, me: object, size: int, look: Callable[[], None]) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._line[0] is me and self._free >= size, LOOK_SECONDS):
                    self._free -= size
                    return
            look()

    def _give_back(self, size: int) -> None:
        with self._changed:
            self._free += size
            self._changed.notify_all()
