"""Threads that help others to do several calls at a time."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")
Work = tuple[Future[object], Callable[[], object]]


class DaemonPool:
    """Helpers without a will of their own. They end with the process, even in the middle of a call.

    That is what `concurrent.futures` has no way to: it waits for its threads.
    """

    def __init__(self, helpers: int) -> None:
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._helpers = helpers

    def start(self) -> None:
        """Start the helpers."""
        for number in range(self._helpers):
            threading.Thread(target=self._help, name=f"help-{number}", daemon=True).start()

    def stop(self) -> None:
        """Let the helpers go when they have done what they were given."""
        for _ in range(self._helpers):
            self._work.put(None)

    def do(self, work: Callable[[], U]) -> "Future[U]":
        """Have one helper do something; what it returns or raises is in the future."""
        future: Future[U] = Future()
        self._work.put((future, work))  # type: ignore[arg-type]
        return future

    def each(self, do: Callable[[T], U], items: Sequence[T]) -> list[U]:
        """Return what `do` makes of each item, in their order. `do` must not raise."""
        others = [self.do(partial(do, item)) for item in items[1:]]
        return [*map(do, items[:1]), *(future.result() for future in others)]

    def _help(self) -> None:
        while work := self._work.get():
            future, do = work
            try:
                future.set_result(do())
            except BaseException as problem:  # noqa: BLE001 - it is raised where the answer is waited for
                future.set_exception(problem)
