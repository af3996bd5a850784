"""The line of a FIFO queue: order within a group, one receive at a time, nothing sent twice."""

import pytest
from moto.sqs.models import Message

from localcloud.gaps.sqs.fifo import DEDUPLICATION_SECONDS, FifoLine
from tests.set_clock import Clock, clock

__all__ = ["clock"]


@pytest.fixture
def line(clock: Clock) -> FifoLine:
    return FifoLine(clock)


def send(line: FifoLine, *names: str) -> list[Message]:
    """Send messages; the first letter is the group."""
    sent = []
    for name in names:
        message = Message(name, name)
        message.group_id = name[0]
        line.append(message)
        sent.append(message)
    return sent


def receive(line: FifoLine, count: int = 10) -> list[str]:
    return [message.id for message in line.receive(count, 60, lambda message: True)]


def test_one_receive_gets_as_many_of_a_group_as_it_may_and_then_others(line: FifoLine) -> None:
    send(line, "a1", "b1", "a2", "c1", "b2")
    assert receive(line, 4) == ["a1", "a2", "b1", "b2"]
    assert receive(line) == ["c1"]


def test_while_any_message_of_a_group_is_in_flight_no_other_is_given_out(line: FifoLine) -> None:
    first, second, _ = send(line, "a1", "a2", "a3")
    assert receive(line, 2) == ["a1", "a2"]
    assert receive(line) == []
    line.remove(first)
    assert receive(line) == []
    line.remove(second)
    assert receive(line) == ["a3"]


def test_what_is_handed_back_comes_first_again(line: FifoLine) -> None:
    first, *_ = send(line, "a1", "a2")
    assert receive(line, 1) == ["a1"]
    line.change_visibility(first, 0)
    assert receive(line) == ["a1", "a2"]


def test_a_message_that_is_not_given_out_any_more_frees_its_group(line: FifoLine) -> None:
    send(line, "a1", "a2")
    assert [one.id for one in line.receive(10, 60, lambda message: message.id != "a1")] == ["a2"]


def test_a_deduplication_id_counts_for_five_minutes_whatever_became_of_its_message(
    line: FifoLine, clock: Clock
) -> None:
    assert line.is_new("x")
    assert line.is_new("y")
    clock.now += DEDUPLICATION_SECONDS - 1
    assert not line.is_new("x")
    clock.now += 1
    assert line.is_new("x")
