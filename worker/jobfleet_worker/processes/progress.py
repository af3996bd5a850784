"""The job that a process of the pool is working on, in memory that outlives the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext

# A page; far more jobs than there are at a time between a process and those who wait for their ends.
_PLACES = 4_096

_WAITING, _BEGUN, _ENDED = range(3)


class Progress:
    """The worker gives each job a number, and the process notes at it how far it is.

    pebble hears of a process by messages, and may not have read the last ones of one that it sees dead.
    """

    def __init__(self, context: BaseContext) -> None:
        self._places = context.RawArray("B", _PLACES)
        self._last = 0

    def next(self) -> int:
        """Return a number for a job that waits; one thread at a time may ask."""
        self._last = (self._last + 1) % _PLACES
        self._places[self._last] = _WAITING
        return self._last

    @contextmanager
    def noted(self, number: int) -> Iterator[None]:
        """Note that a job begins, and at the end of what is done inside that it ended, in whatever way."""
        self._places[number] = _BEGUN
        try:
            yield
        finally:
            self._places[number] = _ENDED

    def in_the_midst(self, number: int) -> bool:
        """Tell whether the job has begun and not ended: if its process is dead, it died of this one."""
        return bool(self._places[number] == _BEGUN)
