"""Room for inputs: nobody gets more than there is, and everybody gets some."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from jobfleet_worker.aws.input_memory import Room

from tests.patience import patience


def nothing() -> None:
    """See nothing of note."""


def test_room_is_given_at_once_while_there_is_some() -> None:
    room = Room(10)
    with room.at_once(7) as first, room.at_once(3) as second, room.at_once(1) as third:
        assert (first, second, third) == (True, True, False)
    with room.at_once(10) as all_of_it:
        assert all_of_it


def test_those_who_wait_get_room_in_the_order_they_came() -> None:
    room, order = Room(10), []

    def use(name: str, size: int, waits: threading.Event) -> None:
        with room.of(size, waits.set):
            order.append(name)

    with ThreadPoolExecutor() as threads, room.of(5, nothing):
        for name, size in (("large", 10), ("small", 1)):
            waits = threading.Event()
            threads.submit(use, name, size, waits)
            assert waits.wait(patience(30))
        with room.at_once(1) as passed_by:
            assert not passed_by
    assert order == ["large", "small"]


def test_who_gives_up_waiting_leaves_the_line_and_the_room_to_others() -> None:
    room = Room(10)

    def give_up() -> None:
        raise RuntimeError("enough")

    with room.of(10, nothing), pytest.raises(RuntimeError), room.of(1, give_up):
        pytest.fail("there was no room")
    with room.at_once(10) as all_of_it:
        assert all_of_it
