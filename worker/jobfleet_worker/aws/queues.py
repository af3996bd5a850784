"""The stack's queues, as the worker uses them: ten messages a call."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError
from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.protocol.aws_facts import NO_SUCH_QUEUE, error_code
from jobfleet_jobs.protocol.sqs_text import attributes_beside

from jobfleet_worker.settings import WorkerSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

T = TypeVar("T")

# Longer causes are in the log. Beside a body that fills its message even less is left of one.
CAUSE_MAX_CHARACTERS = 500

# Reply queues come and go with their clients; their addresses are kept for this many at most.
ADDRESSES_MAX = 1_000


class QueueGone(Exception):
    """The reply queue does not exist any more."""


# The attribute of a message that was passed on.
PASSED = "passed"


@dataclass(frozen=True)
class Passed:
    """How often a message was passed on, since when (Unix time), and how many attempts it had before."""

    times: int
    since: float
    spent: int

    def __str__(self) -> str:
        """Return it as the attribute has it."""
        return f"{self.times} {self.since:.0f} {self.spent}"

    def beside(self, body: str) -> dict[str, dict[str, str]]:
        """Return the attribute for a message with that body. Raises `ValueError` if it does not fit."""
        attributes = attributes_beside(body, {PASSED: str(self)})
        if attributes.get(PASSED, {}).get("StringValue") != str(self):
            raise ValueError("the message is so long that no attribute fits beside it")
        return attributes

    @classmethod
    def read(cls, text: str | None) -> "Passed | None":
        """Read an attribute; one that is none is passed over."""
        words = (text or "").split()
        if len(words) != 3 or not all(word.isdecimal() and len(word) < 12 for word in words):
            return None
        times, since, spent = map(int, words)
        return cls(times, since, spent)


@dataclass(frozen=True)
class Message:
    """A request as it came: `receipt` is what SQS wants to see again, `attempt` counts from 1.

    Of one that was `passed` on, `attempt` counts those before too. `group` is that of its sender, empty
    where there is none, as with S3's events.
    """

    body: str
    receipt: str
    attempt: int
    passed: Passed | None = None
    group: str = ""


@dataclass(frozen=True)
class EntryRefusal:
    """Why one entry of a batch was not taken; `final` says that trying again cannot help."""

    code: str
    final: bool


class Queues:
    """Receives requests, answers them, deletes them or hands them back; each call is one call to SQS."""

    def __init__(self, sqs: "SQSClient", settings: WorkerSettings) -> None:
        self._sqs, self._settings = sqs, settings
        self._addresses: dict[str, str] = {}

    def receive(self, most: int, wait_time: int) -> list[Message]:
        """Wait for requests for at most `wait_time` seconds; return none to `most` (at most 10)."""
        answer = self._sqs.receive_message(
            QueueUrl=self._address(self._settings.request_queue),
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_time,
            VisibilityTimeout=self._settings.visibility_timeout,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
            MessageAttributeNames=[PASSED],
        )
        return [_message(found) for found in answer.get("Messages", ())]

    def answer(self, queue: str, bodies: Sequence[str]) -> dict[int, EntryRefusal]:
        """Send a batch (`batches_by_size`); return what was not taken. Raises `QueueGone`."""
        try:
            answer = self._sqs.send_message_batch(
                QueueUrl=self._address(queue),
                Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)],
            )
        except ClientError as problem:
            self._addresses.pop(queue, None)
            if error_code(problem) in NO_SUCH_QUEUE and queue != self._settings.response_queue:
                raise QueueGone(queue) from problem
            raise
        return _refusals(answer)

    def send(self, body: str) -> None:
        """Put a message on the request queue."""
        self._sqs.send_message(QueueUrl=self._address(self._settings.request_queue), MessageBody=body)

    def delete(self, messages: Sequence[Message]) -> dict[int, EntryRefusal]:
        """Take at most ten requests off the queue for good; return what was not taken off."""
        answer = self._sqs.delete_message_batch(
            QueueUrl=self._address(self._settings.request_queue),
            Entries=[{"Id": str(n), "ReceiptHandle": m.receipt} for n, m in enumerate(messages)],
        )
        return _refusals(answer)

    def hide(self, messages: Sequence[Message], seconds: int) -> dict[int, EntryRefusal]:
        """Keep at most ten requests from other workers for `seconds` from now; 0 hands them back at once."""
        answer = self._sqs.change_message_visibility_batch(
            QueueUrl=self._address(self._settings.request_queue),
            Entries=[
                {"Id": str(n), "ReceiptHandle": m.receipt, "VisibilityTimeout": seconds}
                for n, m in enumerate(messages)
            ],
        )
        return _refusals(answer)

    def pass_on(self, message: Message, passed: Passed, seconds: int) -> None:
        """Send a copy of a message, in its sender's group, that others get after `seconds`."""
        group: dict[str, Any] = {"MessageGroupId": message.group} if message.group else {}
        self._sqs.send_message(
            QueueUrl=self._address(self._settings.request_queue),
            MessageBody=message.body,
            DelaySeconds=seconds,
            MessageAttributes=passed.beside(message.body),  # type: ignore[arg-type]
            **group,
        )

    def receive_limit(self) -> int | None:
        """Return how often the queue lets a request be received, or None if it is for ever."""
        url = self._address(self._settings.request_queue)
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        try:
            return int(json.loads(answer["Attributes"]["RedrivePolicy"])["maxReceiveCount"])
        except KeyError:
            return None

    def bury(self, message: Message, cause: str) -> None:
        """Copy a message that can never be read to the dead-letter queue, with its cause."""
        self._sqs.send_message(
            QueueUrl=self._address(self._settings.dead_letter_queue),
            MessageBody=message.body,
            MessageAttributes=attributes_beside(  # type: ignore[arg-type]
                message.body, {"cause": cut(cause, CAUSE_MAX_CHARACTERS), "worker": self._settings.worker_id}
            ),
        )

    def _address(self, queue: str) -> str:
        address = self._addresses.get(queue)
        if address is None:
            if len(self._addresses) >= ADDRESSES_MAX:
                self._addresses.clear()
            address = self._addresses[queue] = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return address


def _message(found: "MessageTypeDef") -> Message:
    given = found.get("MessageAttributes", {}).get(PASSED)
    passed = Passed.read(given.get("StringValue")) if given else None
    system = found["Attributes"]
    attempt = int(system["ApproximateReceiveCount"]) + (passed.spent if passed else 0)
    return Message(found["Body"], found["ReceiptHandle"], attempt, passed, system.get("MessageGroupId", ""))


def _refusals(answer: Mapping[str, Any]) -> dict[int, EntryRefusal]:
    return {
        int(entry["Id"]): EntryRefusal(str(entry.get("Code", "")), bool(entry.get("SenderFault")))
        for entry in answer.get("Failed", ())
    }
