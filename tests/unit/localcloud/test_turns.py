"""A thread that takes turns: when it is woken, after a while by itself, and after one that failed."""

import threading

import pytest

from localcloud.turns import TurnTaker
from tests.patience import wait_for


class Turns:
    """Counts turns; the first may fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.count, self._fails = 0, fails

    def __call__(self) -> float | None:
        self.count += 1
        if self._fails and self.count == 1:
            raise RuntimeError("by a test")
        return 3_600.0


def test_a_turn_that_fails_is_told_and_another_one_taken(caplog: pytest.LogCaptureFixture) -> None:
    turns = Turns(fails=True)
    taker = TurnTaker("things", turns)
    taker.start()
    try:
        # Nobody wakes it: it looks again all the same.
        wait_for(lambda: turns.count > 1, 10)
    finally:
        taker.stop()

    assert "a turn of the things failed" in caplog.text


def test_who_wakes_it_is_seen_to_and_nothing_moves_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.turns._POLL_SECONDS", 3_600.0)
    turns = Turns()
    taker = TurnTaker("things", turns)
    taker.start()
    wait_for(lambda: turns.count == 1, 10)
    taker.wake()
    wait_for(lambda: turns.count == 2, 10)

    taker.stop()

    taker.wake()
    assert [one.name for one in threading.enumerate() if one.name == "things"] == []
    assert turns.count == 2


def test_one_that_was_never_started_ends_as_well() -> None:
    turns = Turns()

    TurnTaker("things", turns).stop()

    assert turns.count == 0
