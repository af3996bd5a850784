"""SQS: how many messages were sent, received and deleted, and when a queue was last used."""

import threading
import time
from typing import Any, NamedTuple

from moto.sqs.models import Message, Queue, SQSBackend

from localcloud.gaps.patching import put_over


class Counts(NamedTuple):
    """How many messages went through a queue; deletions of one that was deleted before count as well."""

    sent: int = 0
    received: int = 0
    deleted: int = 0


class Traffic:
    """What went through a queue since it was last asked. Safe for several threads."""

    def __init__(self) -> None:
        """Begin with nothing, in use as of now."""
        self.used_at = time.time()
        self.active_since: float | None = None
        """Since when it is active for CloudWatch, on AWS's clock; None while it is not, or is new."""
        self._counts = Counts()
        self._lock = threading.Lock()

    def count(self, *, sent: int = 0, received: int = 0, deleted: int = 0) -> None:
        """Add what a call did."""
        with self._lock:
            before = self._counts
            self._counts = Counts(before.sent + sent, before.received + received, before.deleted + deleted)

    def take(self) -> Counts:
        """Return what was counted, and begin anew."""
        with self._lock:
            found, self._counts = self._counts, Counts()
        return found


def traffic_of(queue: Queue) -> Traffic:
    """Return the traffic of a queue."""
    found: Traffic = queue.__dict__.setdefault("localcloud_traffic", Traffic())
    return found


def mend() -> None:
    """Count what SQS tells CloudWatch. moto counts nothing.

    A message that becomes a dead letter was not sent to that queue, says
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
    Any action that names a queue uses it.
    """
    find, send = SQSBackend.get_queue, SQSBackend.send_message
    receive, delete = SQSBackend.receive_message, SQSBackend.delete_message

    def get_queue(backend: SQSBackend, queue_name: str) -> Queue:
        queue = find(backend, queue_name)
        traffic_of(queue).used_at = time.time()
        return queue

    def send_message(backend: SQSBackend, queue_name: str, *others: Any, **more: Any) -> Message:
        message = send(backend, queue_name, *others, **more)
        traffic_of(backend.queues[queue_name]).count(sent=1)
        return message

    def receive_message(backend: SQSBackend, queue_name: str, *others: Any, **more: Any) -> list[Message]:
        messages = receive(backend, queue_name, *others, **more)
        if messages:
            traffic_of(backend.get_queue(queue_name)).count(received=len(messages))
        return messages

    def delete_message(backend: SQSBackend, queue_name: str, receipt_handle: str) -> None:
        delete(backend, queue_name, receipt_handle)
        traffic_of(backend.get_queue(queue_name)).count(deleted=1)

    put_over(SQSBackend, "get_queue", get_queue)
    put_over(SQSBackend, "send_message", send_message)
    put_over(SQSBackend, "receive_message", receive_message)
    put_over(SQSBackend, "delete_message", delete_message)
