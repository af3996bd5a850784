"""The messages of one FIFO queue: groups in order, one receive at a time of each, and nothing sent twice.

While any message of a group is in flight, no receive gets others of that group. One receive gets as many of
one group as it may, then those of the next:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
A deduplication id counts for five minutes from when it was sent first, also if its message was deleted since:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-key-terms.html
How many calls a second a FIFO queue takes is not limited here.
"""

import heapq
import time
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Message, Queue

from localcloud.gaps.patching import put_over
from localcloud.gaps.sqs.message_line import MessageLine

DEDUPLICATION_SECONDS = 300.0


class FifoLine(MessageLine):
    """In the place of moto's list, as its parent is. Messages that come back keep their place."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self._sent_at: dict[str, float] = {}
        self._begun: str | None = None

    def is_new(self, deduplication_id: str) -> bool:
        """Tell whether none with that id was sent lately; note it if so."""
        now = self._clock()
        while self._sent_at:
            oldest = next(iter(self._sent_at))
            if now - self._sent_at[oldest] < DEDUPLICATION_SECONDS:
                break
            del self._sent_at[oldest]
        if deduplication_id in self._sent_at:
            return False
        self._sent_at[deduplication_id] = now
        return True

    def receive(self, count: int, seconds: int, is_good: Callable[[Message], bool]) -> list[Message]:
        """Hide up to `count` messages for so long and return them; one that is not good leaves the line."""
        self._begun = None
        return super().receive(count, seconds, is_good)

    def _next(self) -> Message | None:
        """Take the next message of the group that this receive has begun, or of the first that is free."""
        free = {
            first: group_id
            for group_id, group in self._groups.items()
            if not group.in_flight and (first := self._first(group)) is not None
        }
        if not free:
            return None
        if self._begun not in free.values():
            self._begun = free[min(free)]
        _, message = heapq.heappop(self._groups[self._begun].waiting)
        self._waiting.remove(message)
        return message

    def _stand(self, group_id: str | None) -> None:
        """No group stands among heads here: each is looked at."""


def mend() -> None:
    """Have FIFO queues do what AWS documents.

    moto forgets a deduplication id with its message, and gives one group to several receives as soon as
    messages of it are visible again.
    """
    add_message, make = Queue.add_message, Queue.__init__

    def init(queue: Queue, *arguments: Any, **more: Any) -> None:
        make(queue, *arguments, **more)
        if queue.fifo_queue:
            queue._messages = FifoLine()  # type: ignore[assignment]

    def add_new_message(queue: Queue, message: Message) -> None:
        line: Any = queue._messages
        if not isinstance(line, FifoLine):
            add_message(queue, message)
            return
        with queue._messages_lock:
            if message.deduplication_id and not line.is_new(message.deduplication_id):
                return
            line.append(message)
            queue._messages_lock.notify_all()

    put_over(Queue, "__init__", init)
    put_over(Queue, "add_message", add_new_message)
