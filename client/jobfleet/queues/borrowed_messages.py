"""Messages taken out of a queue for a moment, to be looked at, and handed back."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX
from jobfleet_jobs.protocol.batches import batches

from jobfleet.aws.account import Account
from jobfleet.queues.queue_counts import Queue

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# How long messages are hidden from others at most. They are handed back before, unless this process
# is killed.
HOLD_SECONDS = 120

# After this long no more are taken out, lest the first come again before the last.
RECEIVE_SECONDS = 90.0

# As many are taken out at a time.
MESSAGES_MAX = 1_000


# A poll of a second asks all of SQS's servers; without waiting it asks some, and may miss messages.
WAIT_SECONDS = 1
EMPTY_MAX = 2


@dataclass(frozen=True)
class BorrowedMessage:
    """A message as SQS has it; `cause` and `worker` are what a worker wrote on one that it buried.

    `group` is that of whoever sent it, empty where it has none.
    """

    id: str
    receipt: str
    body: str
    sent: datetime
    cause: str = ""
    worker: str = ""
    group: str = ""


class Borrowed:
    """Yields a queue's messages in batches, each message once. On leaving, what was not deleted goes back."""

    def __init__(self, account: Account, queue: Queue) -> None:
        self._sqs, self._queue = account.sqs, queue
        self._messages: dict[str, BorrowedMessage] = {}
        self._deleted: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = [message for message in self._messages.values() if message.id not in self._deleted]
        for batch in batches(left):
            # What cannot be handed back comes back by itself.
            with suppress(BotoCoreError, ClientError):
                self._sqs.change_message_visibility_batch(
                    QueueUrl=self._queue.url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                        for number, message in enumerate(batch)
                    ],
                )

    @property
    def unseen(self) -> int:
        """How many more messages than were seen SQS counted before, in other hands or beyond the bounds."""
        return max(0, self._queue.untaken + self._queue.in_flight - len(self._messages))

    def __iter__(self) -> Iterator[list[BorrowedMessage]]:
        deadline, empty = time.monotonic() + RECEIVE_SECONDS, 0
        while len(self._messages) < MESSAGES_MAX and time.monotonic() < deadline:
            counted = len(self._messages) >= self._queue.untaken
            new = self._receive(0 if counted and self._messages else WAIT_SECONDS)
            if new:
                empty = 0
                yield new
                continue
            empty += 1
            if counted or empty >= EMPTY_MAX:
                return

    def delete(self, messages: Sequence[BorrowedMessage]) -> list[BorrowedMessage]:
        """Delete at most ten messages for good; return those that SQS refused to."""
        if not messages:
            return []
        answer = self._sqs.delete_message_batch(
            QueueUrl=self._queue.url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message.receipt}
                for number, message in enumerate(messages)
            ],
        )
        refused = {int(entry["Id"]) for entry in answer.get("Failed", ())}
        self._deleted |= {message.id for number, message in enumerate(messages) if number not in refused}
        return [messages[number] for number in sorted(refused)]

    def _receive(self, wait: int) -> list[BorrowedMessage]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue.url, MaxNumberOfMessages=SQS_BATCH_MAX, WaitTimeSeconds=wait,
            VisibilityTimeout=HOLD_SECONDS, MessageSystemAttributeNames=["SentTimestamp", "MessageGroupId"],
            MessageAttributeNames=["cause", "worker"],
        )  # fmt: skip
        new = []
        for message in map(_message, answer.get("Messages", ())):
            if message.id not in self._messages:
                new.append(message)
            # Only the receipt of the last receive is good for sure.
            self._messages[message.id] = message
        return new


def _message(given: "MessageTypeDef") -> BorrowedMessage:
    return BorrowedMessage(
        id=given["MessageId"],
        receipt=given["ReceiptHandle"],
        body=given["Body"],
        sent=datetime.fromtimestamp(int(given["Attributes"]["SentTimestamp"]) / 1000, UTC),
        cause=_attribute(given, "cause"),
        worker=_attribute(given, "worker"),
        group=given["Attributes"].get("MessageGroupId", ""),
    )


def _attribute(given: "MessageTypeDef", name: str) -> str:
    attributes = given.get("MessageAttributes") or {}
    return attributes[name].get("StringValue", "") if name in attributes else ""
