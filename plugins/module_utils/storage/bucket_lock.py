"""A lock between machines: an object that S3 writes for the first who asks, and for nobody else.

S3 decides by itself who was first (If-None-Match, If-Match:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). Ages are taken from
S3's own clock on both sides, so machines whose clocks differ agree.
"""

from __future__ import annotations

import getpass
import json
import socket
import time
import uuid
from email.utils import parsedate_to_datetime
from typing import Any

from ansible.module_utils.process.patience import NEW_BUCKET, patiently
from ansible.module_utils.storage.s3_head import spoken
from botocore.exceptions import ClientError

# What happens under the lock takes seconds. A lock this old was left by a run that was killed.
EXPIRES_SECONDS = 120.0
# Its holder launches nothing after this, so that nobody who takes an old lock over meets a launch.
SAFE_SECONDS = 60.0
LOOK_SECONDS = 1.0

LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409", "404", "NoSuchKey"}


class LockHeld(Exception):
    """Somebody else holds the lock, and did so all the time."""


class BucketLock:
    """`with BucketLock(s3, bucket, key) as lock:`; raises `LockHeld` after `wait` seconds."""

    def __init__(self, s3: Any, bucket: str, key: str, *, wait: float = EXPIRES_SECONDS + 30) -> None:
        self._s3, self._where, self._wait = s3, {"Bucket": bucket, "Key": key}, wait
        self._etag = ""
        self._since = 0.0

    def __enter__(self) -> BucketLock:
        deadline = time.monotonic() + self._wait
        while not self._take():
            if time.monotonic() >= deadline:
                raise LockHeld(
                    f"{self._holder()} has changed the fleet for more than {self._wait:.0f} seconds: look "
                    f"there, then run this again (the lock is s3://{'/'.join(self._where.values())})"
                )
            time.sleep(LOOK_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            patiently(self._s3.delete_object, NEW_BUCKET, **self._where, IfMatch=self._etag)
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in LOST:
                raise

    def is_safe(self) -> bool:
        """Tell whether the lock is young enough to launch under it."""
        return time.monotonic() - self._since < SAFE_SECONDS

    def _take(self) -> bool:
        started = time.monotonic()
        old = self._abandoned()
        condition = {"IfMatch": old} if old else {"IfNoneMatch": "*"}
        owner = {"by": f"{getpass.getuser()} on {socket.gethostname()}", "id": str(uuid.uuid4())}
        try:
            body = json.dumps(owner).encode()
            answer = patiently(self._s3.put_object, NEW_BUCKET, **self._where, Body=body, **condition)
            # Who writes at the very same moment has written something else.
            mine = patiently(self._head, NEW_BUCKET)["ETag"] == answer["ETag"]
        except ClientError as problem:
            if problem.response["Error"]["Code"] in LOST:
                return False
            raise
        self._etag, self._since = answer["ETag"], started
        return mine

    def _abandoned(self) -> str:
        """Return the ETag of a lock that is too old to be held, or an empty text."""
        try:
            found = self._head()
        except ClientError as problem:
            if problem.response["Error"]["Code"] in LOST:
                return ""
            raise
        now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
        age = (now - found["LastModified"]).total_seconds()
        return str(found["ETag"]) if age > EXPIRES_SECONDS else ""

    def _head(self) -> dict[str, Any]:
        found: dict[str, Any] = spoken(self._s3.head_object, self._s3.get_object, **self._where)
        return found

    def _holder(self) -> str:
        try:
            return str(json.loads(self._s3.get_object(**self._where)["Body"].read())["by"])
        except (ClientError, ValueError, KeyError):
            return "Somebody"
