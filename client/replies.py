"""How answers reach the one who asked.

Each client process has a reply queue of its own, made when the first job is sent and deleted on
`close`. Nobody else reads it, so nobody takes another's answers. Where queues may not be created,
the results are read from the bucket, where every result lies anyway.
"""

import math
import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from client.aws import FORBIDDEN, NO_SUCH_QUEUE, Account, error_code
from client.results import Results
from jobs.errors import BadJob
from jobs.message import Result
from jobs.names import STACK_TAG

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# What a client that was killed leaves behind is empty after this long; the results stay in the bucket.
RETENTION_SECONDS = 3_600

# After each empty long poll the bucket is looked at once: an answer can miss a queue that is
# younger than a second (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html).
LONG_POLL_SECONDS = 5

# SQS gives and takes at most this many messages in one call.
BATCH_MAX = 10

# How often the bucket is looked at where there is no queue.
LOOK_FIRST_SECONDS = 0.2
LOOK_LONGEST_SECONDS = 2.0


class Replies:
    """Collects the answers of one client process; may be used by several threads."""

    def __init__(self, account: Account, results: Results) -> None:
        self._account, self._results = account, results
        self._arrived: dict[str, Result] = {}
        self._handled: list[MessageTypeDef] = []
        self._url: str | None = None
        self._asked = False
        self._opening = threading.Lock()
        self._receiving = threading.Lock()
        self.queue: str | None = None

    def open(self) -> str | None:
        """Return the name to give as `reply_to`, or None where queues may not be created."""
        with self._opening:
            if not self._asked:
                self._create()
                self._asked = True
            return self.queue

    def wait(self, job_id: str, timeout: float) -> Result | None:
        """Return the answer to a job, or None if there is none within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        pause = LOOK_FIRST_SECONDS
        while True:
            left = deadline - time.monotonic()
            if self._url:
                self._receive(job_id, max(0.0, min(left, LONG_POLL_SECONDS)))
                if job_id in self._arrived:
                    return self._arrived.pop(job_id)
            elif left > 0:
                time.sleep(min(pause, left))
                pause = min(pause * 2, LOOK_LONGEST_SECONDS)
            stored = self._results.find(job_id)
            if stored or time.monotonic() >= deadline:
                return stored

    def close(self) -> None:
        """Delete the reply queue. What is still on its way stays in the bucket."""
        with self._opening:
            url, self._url, self.queue, self._asked = self._url, None, None, False
        if url:
            # If this fails, the queue empties itself, and teardown takes it by its tag.
            with suppress(BotoCoreError, ClientError):
                self._account.sqs.delete_queue(QueueUrl=url)

    def _create(self) -> None:
        name = self._account.settings.names.replies_prefix + secrets.token_hex(8)
        try:
            self._url = self._account.sqs.create_queue(
                QueueName=name,
                Attributes={"MessageRetentionPeriod": str(RETENTION_SECONDS), "SqsManagedSseEnabled": "true"},
                tags={STACK_TAG: self._account.settings.stack},
            )["QueueUrl"]
        except ClientError as problem:
            if error_code(problem) not in FORBIDDEN:
                raise
        else:
            self.queue = name

    def _receive(self, job_id: str, seconds: float) -> None:
        """Take what has arrived, for whichever job; one thread at a time does so for all."""
        with self._receiving:
            if job_id in self._arrived or not self._url:
                return
            self._delete_handled()
            answer = self._account.sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=BATCH_MAX, WaitTimeSeconds=math.ceil(seconds)
            )
            for message in answer.get("Messages", []):
                self._handled.append(message)
                try:
                    result = Result.from_json(message["Body"])
                except BadJob:
                    continue  # of a version to come; the bucket has it too
                self._arrived[result.id] = result

    def _delete_handled(self) -> None:
        """Delete what was taken before. Done late, so that a client with one job spares the call."""
        batch, self._handled = self._handled[:BATCH_MAX], self._handled[BATCH_MAX:]
        if not batch or not self._url:
            return
        try:
            self._account.sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(batch)],
            )
        except ClientError as problem:
            if error_code(problem) in NO_SUCH_QUEUE:
                # Somebody swept it: go on with the bucket.
                self._url = self.queue = None
                return
            raise
