"""A job that waits for memory: its time has not begun, and a stop does not wait for it."""

from contextlib import ExitStack
from typing import Any

import pytest
from jobfleet_worker.aws.input_memory import Room


@pytest.fixture
def waiting(stack: Any, bench: Any) -> Any:
    """A worker with one job that waits for memory, and what gives some free."""
    worker, taken = bench(visibility_timeout=300), ExitStack()
    worker.storage._room = Room(100)
    taken.enter_context(worker.storage._room.of(99, lambda: None))
    stack.send(stack.request(source=b"1 2 3"))
    worker.start()
    stack.until(lambda: any(call.startswith("GET uploads/") for call in stack.front.calls))
    yield worker, taken
    taken.close()


def test_waiting_for_memory_is_not_working_and_ends_when_there_is_some(stack: Any, waiting: Any) -> None:
    worker, taken = waiting
    (held,) = worker.parts.leases.all()
    begun = held.begun
    stack.until(lambda: held.begun > begun + 1)
    taken.close()
    stack.until(lambda: stack.waiting(stack.requests) == 0)
    assert stack.answer().status == "succeeded"
    assert sum(call.startswith("GET uploads/") for call in stack.front.calls) == 2
    assert worker.events() == ["job"]


def test_a_stop_hands_back_what_waits_for_memory(stack: Any, waiting: Any) -> None:
    worker, _ = waiting
    worker.stop()
    assert stack.visible() == 1
    assert worker.events() == ["given-up"]
