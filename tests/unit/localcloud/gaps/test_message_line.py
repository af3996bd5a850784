"""The line of a queue's messages: who gets which message next."""

import itertools

import pytest
from moto.sqs.models import Message

from localcloud.gaps.sqs.message_line import MessageLine
from tests.set_clock import Clock, clock

__all__ = ["clock"]

_names = itertools.count()


@pytest.fixture
def line(clock: Clock) -> MessageLine:
    return MessageLine(clock)


def send(line: MessageLine, group: str | None, count: int = 1) -> list[Message]:
    sent = []
    for _ in range(count):
        message = Message(str(next(_names)), "body")
        message.group_id = group
        line.append(message)
        sent.append(message)
    return sent


def receive(line: MessageLine, count: int = 1, seconds: int = 60) -> list[Message]:
    return line.receive(count, seconds, lambda message: True)


def groups(messages: list[Message]) -> list[str | None]:
    return [message.group_id for message in messages]


def test_messages_come_in_the_order_in_which_they_were_sent(line: MessageLine) -> None:
    sent = [*send(line, "a"), *send(line, "b"), *send(line, None), *send(line, "a")]
    assert receive(line, 10) == sent
    assert receive(line) == []


def test_a_group_with_thirty_in_flight_and_more_than_a_tenth_lets_others_go_first(line: MessageLine) -> None:
    send(line, "folder", 300)
    receive(line, 29)
    send(line, "other", 2)
    assert groups(receive(line)) == ["folder"]
    assert groups(receive(line, 3)) == ["other", "other", "folder"]


def test_thirty_of_many_in_flight_are_not_noisy(line: MessageLine) -> None:
    for number in range(30):
        send(line, f"one of many {number}", 10)
    send(line, "a", 31)
    receive(line, 330)
    send(line, "a")
    send(line, "b")
    assert groups(receive(line)) == ["a"]


def test_a_group_with_few_messages_that_take_long_lets_others_go_first(
    line: MessageLine, clock: Clock
) -> None:
    send(line, "slow", 2)
    receive(line)
    send(line, "other")
    clock.now += 20
    assert groups(receive(line, 2)) == ["other", "slow"]


def test_processing_time_of_long_ago_counts_no_more(line: MessageLine, clock: Clock) -> None:
    [message] = send(line, "slow")
    receive(line)
    clock.now += 20
    line.remove(message)
    send(line, "busy", 3)
    receive(line, 3, seconds=3_600)
    clock.now += 20
    send(line, "slow")
    send(line, "other")
    assert groups(receive(line, seconds=3_600)) == ["other"]
    clock.now += 600
    send(line, "slow")
    send(line, "another")
    assert groups(receive(line, 3)) == ["slow", "slow", "another"]


def test_of_noisy_groups_the_one_with_fewest_in_flight_comes_first(line: MessageLine) -> None:
    send(line, "a", 100)
    receive(line, 33)
    send(line, "b", 100)
    assert groups(receive(line, 31)) == ["b"] * 31
    assert [groups(receive(line)) for _ in range(3)] == [["b"], ["b"], ["a"]]


def test_a_group_that_sent_nothing_for_five_minutes_is_noisy_no_more(line: MessageLine, clock: Clock) -> None:
    send(line, "folder", 100)
    receive(line, 40, seconds=3_600)
    clock.now += 301
    send(line, "other")
    assert groups(receive(line, 2)) == ["folder", "folder"]
    send(line, "folder")
    assert groups(receive(line, 2)) == ["other", "folder"]


def test_each_message_without_a_group_is_a_group_by_itself(line: MessageLine) -> None:
    send(line, None, 100)
    receive(line, 40)
    send(line, "other")
    assert groups(receive(line)) == [None]


def test_what_is_hidden_comes_back_to_its_place_and_only_once(line: MessageLine, clock: Clock) -> None:
    first, second, third = send(line, "a", 3)
    assert receive(line, 2, seconds=30) == [first, second]
    assert line.counts() == (1, 2, 0)
    line.change_visibility(second, 0)
    line.change_visibility(second, 0)
    assert line.counts() == (2, 1, 0)
    assert receive(line, 10, seconds=90) == [second, third]
    clock.now += 31
    assert receive(line, 10) == [first]
    clock.now += 61
    assert receive(line, 10, seconds=0) == [first, second, third]
    assert receive(line, 10, seconds=0) == [first, second, third]
    assert line.counts() == (3, 0, 0)


def test_a_message_that_waits_may_be_hidden_or_removed(line: MessageLine, clock: Clock) -> None:
    first, second, third = send(line, "a", 3)
    receive(line, 3, seconds=10)
    clock.now += 11
    assert line.counts() == (3, 0, 0)
    line.change_visibility(first, 10)
    line.remove(second)
    assert receive(line, 10) == [third]
    clock.now += 11
    assert receive(line, 10) == [first]
    assert list(line) == [first, third]


def test_a_message_is_found_by_each_of_its_handles_until_it_is_removed(line: MessageLine) -> None:
    [message] = send(line, "a")
    handles = [str(receive(line, seconds=0)[0].receipt_handle) for _ in range(2)]
    assert [line.with_handle(handle) for handle in handles] == [message, message]
    line.remove(message)
    assert [line.with_handle(handle) for handle in handles] == [None, None]


def test_a_delayed_message_is_counted_as_such_until_its_time(line: MessageLine, clock: Clock) -> None:
    message = Message("1", "body")
    message.delayed_until = (clock.now + 5) * 1000
    line.append(message)
    assert (line.counts(), receive(line)) == ((0, 0, 1), [])
    clock.now += 6
    assert line.counts() == (1, 0, 0)
    assert receive(line) == [message]


class Counted(Message):
    """A message that counts how often any is looked up."""

    looks = 0

    def __hash__(self) -> int:
        Counted.looks += 1
        return id(self)


def test_few_messages_are_looked_at_however_many_wait(line: MessageLine) -> None:
    for number in range(5_000):
        message = Counted(str(number), "body")
        message.group_id = "folder"
        line.append(message)
    receive(line, 40)
    send(line, "other")
    Counted.looks = 0
    received = receive(line, 10)
    line.change_visibility(received[1], 60)
    line.remove(received[1])
    assert groups(received) == ["other", *["folder"] * 9]
    assert line.counts() == (4_951, 49, 0)
    assert 0 < Counted.looks < 200


def test_what_is_not_good_leaves_the_line(line: MessageLine) -> None:
    bad, good = send(line, "a", 2)
    assert line.receive(10, 60, lambda message: message is good) == [good]
    assert list(line) == [good]
    assert bad not in line
