"""A few threads that do slow things for one, and never keep a process from ending."""

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any


class BackgroundPool:
    """Does work in at most `size` threads and posts what is to follow.

    The threads are daemons, unlike those of `concurrent.futures`: who presses Ctrl-C does not wait
    for a large upload.
    """

    def __init__(self, size: int, post: Callable[[Callable[[], None]], object]) -> None:
        self._size, self._post = size, post
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads = 0
        self.busy = 0

    def do(
        self, work: Callable[[], Any], then: Callable[[Any], None], broken: Callable[[Exception], None]
    ) -> None:
        """Have `work` done, and `then` posted with what it returned, or `broken` with what it raised."""
        self.busy += 1
        self._work.put(partial(self._one, work, then, broken))
        if self._threads < min(self._size, self.busy):
            self._threads += 1
            threading.Thread(target=self._run, daemon=True).start()

    def _one(
        self, work: Callable[[], Any], then: Callable[[Any], None], broken: Callable[[Exception], None]
    ) -> None:
        try:
            done = work()
        except Exception as problem:  # noqa: BLE001 - raised again by whoever takes what is posted
            self._post(partial(self._follow, partial(broken, problem)))
        else:
            self._post(partial(self._follow, partial(then, done)))

    def _follow(self, step: Callable[[], None]) -> None:
        self.busy -= 1
        step()

    def _run(self) -> None:
        while True:
            self._work.get()()
