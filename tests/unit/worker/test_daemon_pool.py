"""Calls side by side: all at once, and each result in its own place."""

import threading
from collections.abc import Iterator

import pytest
from jobfleet_worker.daemon_pool import DaemonPool

from tests.patience import patience


@pytest.fixture
def crew() -> Iterator[DaemonPool]:
    crew = DaemonPool(3)
    crew.start()
    yield crew
    crew.stop()


def test_what_is_done_side_by_side_comes_back_in_order(crew: DaemonPool) -> None:
    together = threading.Barrier(4, timeout=patience(10))

    def meet(number: int) -> int:
        together.wait()  # passes only if all four are here
        return number * 2

    assert crew.each(meet, [1, 2, 3, 4]) == [2, 4, 6, 8]


def test_one_thing_is_done_by_the_one_who_asks(crew: DaemonPool) -> None:
    assert crew.each(lambda _: threading.current_thread(), ["x"]) == [threading.current_thread()]
    assert crew.each(str, []) == []


def test_more_than_there_are_helpers_is_done_too(crew: DaemonPool) -> None:
    assert crew.each(str, range(50)) == [str(number) for number in range(50)]
