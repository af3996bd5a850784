"""The stack's queues, as the worker uses them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from jobs.message import Result
from worker.aws import NO_SUCH_QUEUE, error_code
from worker.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SQS takes at most this much text in one attribute's worth of cause; longer causes are in the log.
CAUSE_MAX_CHARACTERS = 500

# Reply queues come and go with their clients; their addresses are kept for this many at most.
ADDRESSES_MAX = 1_000


@dataclass(frozen=True)
class Message:
    """A request as it came: `receipt` is what SQS wants to see again, `attempt` counts from 1."""

    body: str
    receipt: str
    attempt: int


class Queues:
    """Receives requests, answers them, deletes them or hands them back."""

    def __init__(self, sqs: "SQSClient", settings: Settings) -> None:
        self._sqs, self._settings = sqs, settings
        self._addresses: dict[str, str] = {}

    def receive(self) -> Message | None:
        """Wait for a request for at most the long poll's time; return None if none came."""
        answer = self._sqs.receive_message(
            QueueUrl=self._address(self._settings.request_queue),
            MaxNumberOfMessages=1,
            WaitTimeSeconds=self._settings.wait_time,
            VisibilityTimeout=self._settings.visibility_timeout,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        for message in answer.get("Messages", []):
            attempt = int(message["Attributes"]["ApproximateReceiveCount"])
            return Message(message["Body"], message["ReceiptHandle"], attempt)
        return None

    def answer(self, queue: str, result: Result) -> bool:
        """Send `result` to the queue named; return False if that queue is gone."""
        try:
            self._sqs.send_message(QueueUrl=self._address(queue), MessageBody=result.to_json())
        except ClientError as problem:
            self._addresses.pop(queue, None)
            if error_code(problem) in NO_SUCH_QUEUE and queue != self._settings.response_queue:
                return False
            raise
        return True

    def delete(self, message: Message) -> None:
        """Take a request off the queue for good."""
        address = self._address(self._settings.request_queue)
        self._sqs.delete_message(QueueUrl=address, ReceiptHandle=message.receipt)

    def hide(self, message: Message, seconds: int) -> None:
        """Keep a request from other workers for `seconds` from now; 0 hands it back at once."""
        self._sqs.change_message_visibility(
            QueueUrl=self._address(self._settings.request_queue),
            ReceiptHandle=message.receipt,
            VisibilityTimeout=seconds,
        )

    def bury(self, message: Message, cause: str) -> None:
        """Copy a message that can never be read to the dead-letter queue, with its cause."""
        self._sqs.send_message(
            QueueUrl=self._address(self._settings.dead_letter_queue),
            MessageBody=message.body,
            MessageAttributes={
                "cause": {"DataType": "String", "StringValue": cause[:CAUSE_MAX_CHARACTERS]},
                "worker": {"DataType": "String", "StringValue": self._settings.worker_id},
            },
        )

    def _address(self, queue: str) -> str:
        if queue not in self._addresses:
            if len(self._addresses) >= ADDRESSES_MAX:
                self._addresses.clear()
            self._addresses[queue] = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._addresses[queue]
