"""Lines in which groups take turns: nobody waits behind all that another has sent."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from jobfleet_worker.clock import LOOK_SECONDS

T = TypeVar("T")


class Turns(Generic[T]):
    """Things in line: in each group in the order they came, and one of each group after the other.

    Whoever calls sees to it that one thread does at a time.
    """

    def __init__(self) -> None:
        self._groups: dict[str, deque[T]] = {}  # the next to take its turn first
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, group: str, thing: T) -> None:
        """Line something up; the groups that are in line have their turns first."""
        self._groups.setdefault(group, deque()).append(thing)
        self._count += 1

    def take(self) -> T:
        """Take what comes next. Raises `LookupError` where there is nothing."""
        group = next(iter(self._groups), None)
        if group is None:
            raise LookupError("nothing is in line")
        line = self._groups.pop(group)
        thing = line.popleft()
        self._count -= 1
        if line:
            self._groups[group] = line
        return thing

    def drop(self, group: str, thing: T) -> None:
        """Take something out of the line that waits no longer."""
        line = self._groups[group]
        line.remove(thing)
        self._count -= 1
        if not line:
            del self._groups[group]


class FairPlaces:
    """So many places for jobs; those that come free go to groups in turn."""

    def __init__(self, places: int) -> None:
        self._free, self._lock = places, threading.Lock()
        self._line: Turns[threading.Event] = Turns()

    @contextmanager
    def place(self, group: str, look: Callable[[], None]) -> Iterator[None]:
        """Wait for a place, and have it inside.

        Until then `look` is called all the time; what it raises ends the wait.
        """
        given = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                given.set()
            else:
                self._line.put(group, given)
        try:
            while not given.wait(LOOK_SECONDS):
                look()
            yield
        finally:
            self._leave(group, given)

    def _leave(self, group: str, given: threading.Event) -> None:
        with self._lock:
            if not given.is_set():
                self._line.drop(group, given)
            elif self._line:
                self._line.take().set()
            else:
                self._free += 1
