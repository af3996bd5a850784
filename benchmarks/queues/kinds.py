"""The two kinds of SQS queue, each with what a job's route does to it; calls are counted."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# As many messages as a call takes:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
BATCH = 10

VISIBILITY_SECONDS = 60

STANDARD, FIFO = "standard", "FIFO"


@dataclass
class BenchQueue:
    """A queue with its dead-letter queue. A job is a number, and its sender a group."""

    sqs: Any
    url: str
    is_fifo: bool
    calls: Counter[str] = field(default_factory=Counter)

    def send(self, jobs: Sequence[int], group: str) -> None:
        """Send jobs, ten a call."""
        for start in range(0, len(jobs), BATCH):
            entries = [
                {"Id": str(number), "MessageBody": f"{group} {job}", "MessageGroupId": group}
                for number, job in enumerate(jobs[start : start + BATCH])
            ]
            self._call("send", self.sqs.send_message_batch, Entries=entries)

    def receive(self, most: int = BATCH) -> list[tuple[int, str]]:
        """Return the jobs that come within a second, each with its receipt."""
        answer = self._call("receive", self.sqs.receive_message, MaxNumberOfMessages=most, WaitTimeSeconds=1)
        found = answer.get("Messages", ())
        return [(int(one["Body"].rpartition(" ")[2]), one["ReceiptHandle"]) for one in found]

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete up to ten jobs."""
        entries = [{"Id": str(number), "ReceiptHandle": one} for number, one in enumerate(receipts)]
        self._call("delete", self.sqs.delete_message_batch, Entries=entries)

    def hand_back(self, receipt: str, seconds: int) -> None:
        """Let a job be received again after so many seconds."""
        self._call(
            "hand back", self.sqs.change_message_visibility, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )

    def _call(self, name: str, call: Callable[..., Any], **asked: Any) -> dict[str, Any]:
        self.calls[name] += 1
        return dict(call(QueueUrl=self.url, **asked))


@contextmanager
def queue(sqs: Any, kind: str, max_receives: int = 5) -> Iterator[BenchQueue]:
    """Make a queue of a kind, and delete it afterwards."""
    is_fifo = kind == FIFO
    name, ending = f"jobfleet-bench-{uuid.uuid4().hex[:8]}", ".fifo" if is_fifo else ""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if is_fifo else {}
    dead = sqs.create_queue(QueueName=f"{name}-dead{ending}", Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    attributes["RedrivePolicy"] = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {max_receives}}}'
    attributes["VisibilityTimeout"] = str(VISIBILITY_SECONDS)
    url = sqs.create_queue(QueueName=f"{name}{ending}", Attributes=attributes)["QueueUrl"]
    try:
        yield BenchQueue(sqs, url, is_fifo)
    finally:
        for one in (url, dead):
            sqs.delete_queue(QueueUrl=one)


def until_empty(one: BenchQueue, seconds: float, most: int = BATCH) -> Iterator[list[tuple[int, str]]]:
    """Give what each receive brings, until nothing came for so many seconds."""
    last = time.monotonic()
    while time.monotonic() - last < seconds:
        if found := one.receive(most):
            yield found
            # What the caller did with them is no emptiness.
            last = time.monotonic()
