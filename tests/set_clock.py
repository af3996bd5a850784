"""A clock that a test sets, for what asks it for the time by a call."""

import pytest


class Clock:
    """Tells `now`, in seconds, until the test sets it to something else."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()
