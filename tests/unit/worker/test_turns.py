"""Groups take turns, in lines and for places."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from jobfleet_worker.turns import FairPlaces, Turns

from tests.patience import patience, wait_for


def test_groups_take_turns_and_each_keeps_its_order() -> None:
    line: Turns[str] = Turns()
    for thing in ("a1", "a2", "a3", "b1", "a4", "c1", "b2"):
        line.put(thing[0], thing)
    assert len(line) == 7
    assert [line.take() for _ in range(3)] == ["a1", "b1", "c1"]
    line.put("c", "c2")
    assert [line.take() for _ in range(5)] == ["a2", "b2", "c2", "a3", "a4"]
    with pytest.raises(LookupError):
        line.take()


def test_what_waits_no_longer_has_no_turn() -> None:
    line: Turns[str] = Turns()
    for thing in ("a1", "a2", "b1"):
        line.put(thing[0], thing)
    line.drop("a", "a1")
    line.drop("b", "b1")
    assert [line.take() for _ in range(len(line))] == ["a2"]


class GivenUpHere(Exception):
    pass


class Users:
    """Have places, each until it is told to leave; `had` is who had one, in order."""

    def __init__(self, places: FairPlaces) -> None:
        self.places, self.had = places, list[str]()
        self._leave: dict[str, threading.Event] = {}
        self._threads = ThreadPoolExecutor(20)
        self.given_up = set[str]()

    def come(self, name: str) -> "Future[None]":
        """Let somebody come, whose group is the first letter, and be in line or have a place."""
        before = len(self.places._line) + len(self.had)
        self._leave[name] = threading.Event()
        future = self._threads.submit(self._be, name)
        wait_for(lambda: len(self.places._line) + len(self.had) > before, seen=f"{name} has come")
        return future

    def leave(self, name: str) -> None:
        self._leave[name].set()

    def _be(self, name: str) -> None:
        def look() -> None:
            if name in self.given_up:
                raise GivenUpHere

        with self.places.place(name[0], look):
            self.had.append(name)
            self._leave[name].wait(patience(60))


def test_a_place_that_comes_free_goes_to_the_next_group() -> None:
    users = Users(FairPlaces(2))
    for name in ("a1", "a2", "a3", "a4", "a5", "b1"):
        users.come(name)
    assert users.had == ["a1", "a2"]
    for number, name in enumerate(("a1", "a2", "a3", "b1"), 3):
        users.leave(name)
        wait_for(lambda number=number: len(users.had) == number)
    assert users.had == ["a1", "a2", "a3", "b1", "a4", "a5"]
    for name in ("a4", "a5"):
        users.leave(name)


def test_who_gives_up_takes_no_place() -> None:
    users = Users(FairPlaces(1))
    first, second, third = (users.come(name) for name in ("a1", "a2", "a3"))
    users.given_up.add("a2")
    with pytest.raises(GivenUpHere):
        second.result(patience(30))
    users.leave("a1")
    first.result(patience(30))
    users.leave("a3")
    third.result(patience(30))
    assert users.had == ["a1", "a3"]
    last = users.come("b1")
    users.leave("b1")
    last.result(patience(30))
    assert users.had == ["a1", "a3", "b1"]
