"""The reply queue of one client process.

It is made when the first job is sent, and nobody else reads it, so nobody takes another's answers.
Its name tells when it was made, and a tag, written every hour, that its owner lives
(`reply_queue_sweep` removes those whose owner does not). Where queues may not be made, there is none,
and results are read from the bucket, where every result lies anyway.
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, NO_SUCH_QUEUE, SQS_BATCH_MAX, error_code
from jobfleet_jobs.protocol.names import STACK_TAG

from jobfleet.answers.reply_queue_sweep import ALIVE_TAG, ALIVE_TOLD_SECONDS, queue_name, sweep_if_due
from jobfleet.aws.account import Account

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# What a client that was killed leaves behind is empty after this long; the results stay in the bucket.
RETENTION_SECONDS = 3_600

# SQS may not know a queue in the second after it was made, and the answer to the first job comes sooner:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
NEW_SECONDS, NEW_PAUSE_SECONDS = 5.0, 0.5

# How long an answer that was taken stays hidden until it is deleted, in seconds. One whose delivery
# was cut short is not waited for so long: it is looked for in the bucket.
VISIBILITY_SECONDS = 300


class ReplyQueue:
    """Made when first needed; made anew if somebody deleted it. May be used by several threads."""

    def __init__(self, account: Account, clock: Callable[[], float] = time.time) -> None:
        self._account, self._clock = account, clock
        self._handled: list[MessageTypeDef] = []
        self._lock = threading.Lock()
        self._silent = False
        self._forbidden = False
        self._told_alive = self._made = 0.0
        self.name: str | None = None
        self.url: str | None = None

    def open(self) -> str | None:
        """Return the name to give as `reply_to`, or None where queues may not be made."""
        with self._lock:
            if self.name and self._clock() - self._told_alive > ALIVE_TOLD_SECONDS:
                self._tell_alive()
            if not self.name and not self._forbidden:
                self._create()
            return self.name

    def receive(self, seconds: int) -> list[str] | None:
        """Wait at most `seconds` for answers and return their bodies; None if the queue is gone."""
        url = self.url
        if not url:
            return None
        try:
            if len(self._handled) >= SQS_BATCH_MAX or self._silent:
                self._delete_handled(url)
            answer = self._account.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=SQS_BATCH_MAX, WaitTimeSeconds=seconds
            )
        except ClientError as problem:
            if error_code(problem) not in NO_SUCH_QUEUE:
                raise
            if self._clock() - self._made < NEW_SECONDS:
                # Meanwhile the bucket is looked at, as after every wait for nothing.
                threading.Event().wait(NEW_PAUSE_SECONDS)
                return []
            self._forget(url)
            return None
        messages = answer.get("Messages", [])
        self._silent = not messages
        self._handled.extend(messages)
        if self._clock() - self._told_alive > ALIVE_TOLD_SECONDS:
            with self._lock:
                self._tell_alive()
        return [message["Body"] for message in messages]

    def close(self) -> None:
        """Delete the queue. What is still on its way to it stays in the bucket."""
        with self._lock:
            url, self.url, self.name, self._handled = self.url, None, None, []
        if url:
            # If this fails, the queue empties itself, and the next client's sweep takes it.
            with suppress(BotoCoreError, ClientError):
                self._account.sqs.delete_queue(QueueUrl=url)
                sweep_if_due(self._account, self._clock())

    def _create(self) -> None:
        now = self._clock()
        name = queue_name(self._account.settings.names, now, secrets.token_hex(4))
        try:
            self.url = self._account.sqs.create_queue(
                QueueName=name,
                Attributes={
                    "MessageRetentionPeriod": str(RETENTION_SECONDS),
                    "VisibilityTimeout": str(VISIBILITY_SECONDS),
                    "SqsManagedSseEnabled": "true",
                },
                tags={STACK_TAG: self._account.settings.stack, ALIVE_TAG: str(int(now))},
            )["QueueUrl"]
        except ClientError as problem:
            if error_code(problem) not in FORBIDDEN:
                raise
            self._forbidden = True
        else:
            self.name, self._told_alive, self._made, self._handled = name, now, now, []

    def _tell_alive(self) -> None:
        if not self.url:
            return
        now = self._clock()
        try:
            self._account.sqs.tag_queue(QueueUrl=self.url, Tags={ALIVE_TAG: str(int(now))})
        except ClientError as problem:
            if error_code(problem) in NO_SUCH_QUEUE:
                self.url = self.name = None
            elif error_code(problem) not in FORBIDDEN:
                raise
        self._told_alive = now

    def _forget(self, url: str) -> None:
        with self._lock:
            if self.url == url:
                self.url, self.name, self._handled = None, None, []

    def _delete_handled(self, url: str) -> None:
        """Delete what was taken before. Done late, ten at a time, or when there is nothing else to do."""
        batch, self._handled = self._handled[:SQS_BATCH_MAX], self._handled[SQS_BATCH_MAX:]
        if batch:
            self._account.sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(batch)],
            )
