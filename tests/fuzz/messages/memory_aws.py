"""S3 and SQS in this process's memory, as a worker calls them.

A double, as the embedded AWS does some dozens of jobs a second, and here are to be thousands. It refuses what
AWS refuses of a caller whatever its input: a call that AWS would not take is a find.
"""

import hashlib
import io
import queue
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import SQS_MESSAGE_MAX_BYTES

from tests.fuzz.target import require

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_SQS_TAKES = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html, in ASCII's part
_TAG_TAKES = re.compile(r"[\w \-=.:/+@]*")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Stored(NamedTuple):
    """An object in the bucket."""

    data: bytes
    metadata: Mapping[str, str] = {}

    @property
    def etag(self) -> str:
        """Return the ETag, without quotation marks."""
        return hashlib.md5(self.data).hexdigest()  # noqa: S324 - as S3 makes it


class MemoryS3:
    """The bucket. What is asked under `incoming/` is there, with `metadata`."""

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        """Return an object."""
        found = self._found("GetObject", "NoSuchKey", **asked)
        return {**self._head(found), "Body": io.BytesIO(found.data)}

    def head_object(self, **asked: Any) -> dict[str, Any]:
        """Return what there is to say of an object."""
        return self._head(self._found("HeadObject", "404", **asked))

    def put_object(
        self, *, Key: str, Body: bytes, Metadata: Mapping[str, str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """Store an object."""
        self._check_key(Key)
        for name, value in (Metadata or {}).items():
            require(
                f"{name}{value}".isascii() and f"{name}{value}".isprintable(),
                f"no metadata: {name}={value!r}",
            )
        self.objects[Key] = Stored(Body, dict(Metadata or {}))
        return {"ETag": f'"{self.objects[Key].etag}"'}

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, Any]:
        """List what there is."""
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        return {"Contents": [{"Key": key, "LastModified": datetime.now(UTC)} for key in keys]}

    def get_object_tagging(self, **_: Any) -> dict[str, Any]:
        """Return that there are no tags."""
        return {"TagSet": []}

    def put_object_tagging(self, *, Tagging: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Look at tags."""
        for tag in Tagging["TagSet"]:
            fits = _TAG_TAKES.fullmatch(tag["Value"]) and len(tag["Value"]) <= 256
            require(fits, f"no tag of S3's: {tag}")
        return {}

    def close(self) -> None:
        """Do nothing."""

    def _head(self, found: Stored) -> dict[str, Any]:
        return {"ContentLength": len(found.data), "ETag": f'"{found.etag}"', "Metadata": dict(found.metadata)}

    def _found(self, call: str, code: str, *, Key: str, IfMatch: str | None = None, **_: Any) -> Stored:
        self._check_key(Key)
        if Key not in self.objects:
            raise _refused(call, code)
        found = self.objects[Key]
        if IfMatch not in (None, f'"{found.etag}"'):
            raise _refused(call, "PreconditionFailed" if call == "GetObject" else "412")
        return found

    def _check_key(self, key: str) -> None:
        require(key.isprintable() and 0 < len(key.encode()) <= 1_024, f"no key of S3's: {key!r}")
        # botocore's endpoint resolves them, and something else is asked for.
        require(
            not {".", ".."} & set(key.split("/")) or key.startswith(("incoming/", "uploads/", "x")),
            f"a key that leads astray: {key!r}",
        )


class MemorySqs:
    """The queues. `waiting` is received; what was done about it is told by `ended`."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.sent: list[tuple[str, str, Mapping[str, Any]]] = []
        self.ended = threading.Event()
        self.deleted: list[str] = []
        self.hidden: list[tuple[str, int]] = []

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:
        """Return a queue's name, as its address."""
        require(_QUEUE_NAME.fullmatch(QueueName), f"no name of a queue: {QueueName!r}")
        return {"QueueUrl": QueueName}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        """Return that there is no limit."""
        return {"Attributes": {}}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        """Wait for a message."""
        try:
            return {"Messages": [self.waiting.get(timeout=1.0)]}
        except queue.Empty:
            return {}

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Mapping[str, Any] | None = None, **_: Any
    ) -> dict[str, Any]:
        """Take a message."""
        texts = {name: one["StringValue"] for name, one in (MessageAttributes or {}).items()}
        size = len(MessageBody.encode()) + sum(
            len(name) + 6 + len(text.encode()) for name, text in texts.items()
        )
        require(size <= SQS_MESSAGE_MAX_BYTES, f"a message of {size:,} bytes to {QueueUrl}")
        for text in (MessageBody, *texts.values()):
            require(_SQS_TAKES.fullmatch(text), f"no text of SQS's: {text[:200]!r}")
        self.sent.append((QueueUrl, MessageBody, texts))
        return {}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Take messages."""
        for entry in Entries:
            self.send_message(QueueUrl=QueueUrl, MessageBody=entry["MessageBody"])
        return {}

    def delete_message_batch(self, *, Entries: Sequence[Mapping[str, Any]], **_: Any) -> dict[str, Any]:
        """Note that messages are done."""
        self.deleted += [entry["ReceiptHandle"] for entry in Entries]
        self.ended.set()
        return {}

    def change_message_visibility_batch(
        self, *, Entries: Sequence[Mapping[str, Any]], **_: Any
    ) -> dict[str, Any]:
        """Note that messages come again: handed back if it is soon."""
        self.hidden += [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in Entries]
        if any(entry["VisibilityTimeout"] == 0 for entry in Entries):
            self.ended.set()
        return {}

    def close(self) -> None:
        """Do nothing."""


def _refused(call: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"({code})"}}, call)
