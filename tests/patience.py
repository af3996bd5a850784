"""The one place for how long tests wait: for something to be seen, never for time to pass.

`JOBFLEET_PATIENCE` is a factor for all deadlines, and for the periods that tests give a worker, for machines
that are slow. A deadline only bounds a test that fails; one that passes takes as long as the thing itself.
"""

import os
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

PATIENCE = float(os.environ.get("JOBFLEET_PATIENCE", "1"))

# Tests say how long a thing takes where nothing else runs. Several of them run at once.
_BUSY = 3

# How often is looked. Short: what is waited for is often there at once.
_LOOK_SECONDS = 0.05

T = TypeVar("T")


def patience(seconds: float) -> float:
    """Return when to give up on what takes so many seconds where nothing else runs."""
    return seconds * _BUSY * PATIENCE


def wait_for(look: Callable[[], T], seconds: float = 30, seen: object = "") -> T:
    """Return what `look` returns once that is true; fail after `seconds` with what was `seen`.

    `seen` may be a function, which is called then.
    """
    deadline = time.monotonic() + patience(seconds)
    while True:
        if found := look():
            return found
        if time.monotonic() >= deadline:
            words = seen() if callable(seen) else seen
            pytest.fail(f"not within {patience(seconds):.0f} s {words}".rstrip())
        time.sleep(_LOOK_SECONDS)
