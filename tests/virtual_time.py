"""An event loop in which time passes only when nothing is left to do, and then at once: no test waits."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Leaps(selectors.SelectSelector):
    """Does not wait: the loop's clock leaps to when something is due."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing is under way, so nothing would ever happen"
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock begins at 0 and has no other time than that of its own sleeps."""

    def __init__(self) -> None:
        self._leaps = _Leaps()
        super().__init__(self._leaps)

    def time(self) -> float:
        return self._leaps.now


def in_virtual_time(doing: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of that kind."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(doing)
