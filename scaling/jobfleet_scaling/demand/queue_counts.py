"""The counts of the request queue, asked of SQS itself: its metrics are minutes late."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import NO_SUCH_QUEUE, error_code

# All three are approximate, as several of SQS's servers know a part each:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
_VISIBLE, _IN_FLIGHT, _DELAYED = (
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)  # fmt: skip


@dataclass(frozen=True)
class QueueCounts:
    """Jobs that wait, and those in the hands of workers or on their way back to the queue."""

    visible: int
    in_flight: int


class RequestQueue:
    """The stack's request queue."""

    def __init__(self, sqs: Any, name: str) -> None:
        """`sqs` returns a client."""
        self._sqs, self._name, self._url = sqs, name, ""

    def counts(self) -> QueueCounts:
        """Return its counts. Raises AWS's errors."""
        sqs = self._sqs()
        try:
            self._url = self._url or sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
            asked = [_VISIBLE, _IN_FLIGHT, _DELAYED]
            told = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=asked)["Attributes"]
        except ClientError as problem:
            if error_code(problem) in NO_SUCH_QUEUE:
                self._url = ""  # made anew in another account, it has another address
            raise
        # Delayed ones, such as jobs that one worker passed on to another, can be taken within seconds.
        return QueueCounts(int(told[_VISIBLE]) + int(told[_DELAYED]), int(told[_IN_FLIGHT]))
