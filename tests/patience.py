"""How long tests wait for what must come: on a slow machine, longer."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

# A machine that does much else may take so many times longer.
PATIENCE = float(os.environ.get("JOBFLEET_PATIENCE", "1"))


def patience(seconds: float) -> float:
    """Return how long to wait for what takes `seconds` at most on a machine that does little else."""
    return seconds * PATIENCE


def wait_for(look: Callable[[], Any], seconds: float = 30, seen: object = "") -> Any:
    """Return what `look` returns once that is true; fail after `patience(seconds)` with what was `seen`."""
    deadline = time.monotonic() + patience(seconds)
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            return pytest.fail(f"not within {patience(seconds):g} s {seen}".rstrip())
        time.sleep(0.05)
