"""Work as a number of calls, which is the same on every machine."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def counted_calls() -> Iterator[Callable[[], int]]:
    """Count the calls of functions in this thread; what is yielded returns how many there were."""
    count, before = 0, sys.getprofile()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        yield lambda: count
    finally:
        sys.setprofile(before)
