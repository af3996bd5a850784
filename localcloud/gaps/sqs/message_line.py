"""The messages of one standard queue, in the order in which receivers get them.

SQS is as fast with many messages waiting as with few; moto looks at all of them for each. And SQS is fair
among message groups, which moto is not. A group is noisy while it has more than a tenth of the messages in
flight and at least 30 of its own there, or more than a tenth of the recent processing time. Receivers get
the messages of other groups first, where there are any; of noisy groups, the one with the fewest in flight
comes first. A group that has sent nothing for five minutes is noisy no more, and a message without a group
is a group by itself
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html).
AWS does not say how long "recent" is, and that its thresholds are approximate. Here time counts ever less,
half as much after `_HALF_LIFE_SECONDS`.
"""

import heapq
import itertools
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from moto.sqs.models import Message

_NOISY_SHARE = 0.1
_NOISY_IN_FLIGHT = 30
_QUIET_AFTER_SECONDS = 300.0
_HALF_LIFE_SECONDS = 60.0


class _Share:
    """How many messages are in flight, and how many seconds they were lately."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._seconds, self._as_of = 0.0, 0.0

    def count(self, more: int, now: float) -> None:
        self._seconds, self._as_of = self.seconds(now), now
        self.in_flight += more

    def seconds(self, now: float) -> float:
        gone = now - self._as_of
        return self._seconds * math.exp2(-gone / _HALF_LIFE_SECONDS) + self.in_flight * gone


class _Group(_Share):
    """The messages that one sender calls a group.

    `waiting` is a heap of those that wait, by their numbers; `head` is the number under which the group
    stands among the heads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[int, Message]] = []
        self.head: int | None = None
        self.sent_at = 0.0


class MessageLine:
    """In the place of moto's list. Whoever calls holds the queue's lock; times are moto's, in milliseconds.

    A message waits, is delayed, or is in flight; `_hidden` has the latter two, and until when they are so.
    Heaps are not searched: what is out of date in one is passed over when it comes to its top.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._counter = itertools.count()
        self._numbers: dict[Message, int] = {}
        self._by_handle: dict[str, Message] = {}
        self._waiting: set[Message] = set()
        self._hidden: dict[Message, float] = {}
        self._in_flight: set[Message] = set()
        self._ends: list[tuple[float, int, Message]] = []  # a heap: when what is hidden is so no more
        self._groups: defaultdict[str | None, _Group] = defaultdict(_Group)
        self._heads: list[tuple[int, str | None]] = []  # a heap: the first that waits of each group
        self._all = _Share()

    def __iter__(self) -> Iterator[Message]:
        return iter(self._numbers)

    def append(self, message: Message) -> None:
        """Take a message that was just sent, or has come from another queue."""
        self._numbers[message] = next(self._counter)
        self._by_handle.update({handle: message for handle in message.all_receipt_handles if handle})
        self._groups[message.group_id].sent_at = self._clock()
        self._place(message)

    def remove(self, message: Message) -> None:
        """Forget a message."""
        self._leave(message)
        del self._numbers[message]
        for handle in message.all_receipt_handles:
            self._by_handle.pop(handle or "", None)

    def with_handle(self, receipt_handle: str) -> Message | None:
        """Return the message that was ever received with this handle, if it is still there."""
        return self._by_handle.get(receipt_handle)

    def change_visibility(self, message: Message, seconds: int) -> None:
        """Hide a message for so long, or with 0, no more."""
        self._leave(message)
        message.visible_at = (self._clock() + seconds) * 1000
        self._place(message, received=True)

    def receive(self, count: int, seconds: int, is_good: Callable[[Message], bool]) -> list[Message]:
        """Hide up to `count` messages for so long and return them; one that is not good leaves the line."""
        taken: list[Message] = []
        self._end_hiding()
        while len(taken) < count and (message := self._next()):
            if is_good(message):
                taken.append(message)
            else:
                self.remove(message)
        for message in taken:
            message.mark_received()
            self._by_handle[str(message.receipt_handle)] = message
            self.change_visibility(message, seconds)
        return taken

    def counts(self) -> tuple[int, int, int]:
        """Return how many messages wait, are in flight and are delayed."""
        self._end_hiding()
        in_flight = len(self._in_flight)
        return len(self._waiting), in_flight, len(self._hidden) - in_flight

    def _place(self, message: Message, *, received: bool = False) -> None:
        number, group = self._numbers[message], self._groups[message.group_id]
        until = max(message.visible_at, message.delayed_until)
        if until > self._clock() * 1000:
            self._hidden[message] = until
            heapq.heappush(self._ends, (until, number, message))
            if received:
                self._in_flight.add(message)
                self._count(group, 1)
        else:
            self._waiting.add(message)
            heapq.heappush(group.waiting, (number, message))
            self._stand(message.group_id)

    def _leave(self, message: Message) -> None:
        """Let a message be in no state, to be forgotten or placed anew."""
        self._waiting.discard(message)
        self._hidden.pop(message, None)
        if message in self._in_flight:
            self._in_flight.remove(message)
            self._count(self._groups[message.group_id], -1)

    def _count(self, group: _Group, more: int) -> None:
        now = self._clock()
        group.count(more, now)
        self._all.count(more, now)

    def _end_hiding(self) -> None:
        now = self._clock() * 1000
        while self._ends and self._ends[0][0] < now:
            until, _, message = heapq.heappop(self._ends)
            if self._hidden.get(message) == until:
                self._leave(message)
                self._place(message)

    def _next(self) -> Message | None:
        """Take the next message in line out of its group."""
        noisy: list[str | None] = []
        while self._heads:
            number, group_id = heapq.heappop(self._heads)
            group = self._groups[group_id]
            if group.head != number:
                continue
            group.head = None
            if self._first(group) != number:
                self._stand(group_id)
            elif not self._is_noisy(group_id):
                break
            else:
                noisy.append(group_id)
        else:
            if not noisy:
                return None
            group = min((self._groups[each] for each in noisy), key=lambda each: each.in_flight)
        _, message = heapq.heappop(group.waiting)
        self._waiting.remove(message)
        for each in {message.group_id, *noisy}:
            self._stand(each)
        return message

    def _stand(self, group_id: str | None) -> None:
        """Let a group stand among the heads with the first message that waits in it."""
        group = self._groups[group_id]
        first = self._first(group)
        if first is not None and first != group.head:
            group.head = first
            heapq.heappush(self._heads, (first, group_id))

    def _first(self, group: _Group) -> int | None:
        while group.waiting and group.waiting[0][1] not in self._waiting:
            heapq.heappop(group.waiting)
        return group.waiting[0][0] if group.waiting else None

    def _is_noisy(self, group_id: str | None) -> bool:
        now, group = self._clock(), self._groups[group_id]
        if group_id is None or now - group.sent_at > _QUIET_AFTER_SECONDS:
            return False
        many = group.in_flight >= _NOISY_IN_FLIGHT
        return (many and group.in_flight > _NOISY_SHARE * self._all.in_flight) or (
            group.seconds(now) > _NOISY_SHARE * self._all.seconds(now)
        )
