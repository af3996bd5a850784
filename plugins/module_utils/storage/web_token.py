"""The token with which the page and its API are used: an object in the stack's bucket.

Of two who make it at once S3 takes the first one's
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from ansible.module_utils.process.failure import Failure
from ansible.module_utils.process.patience import NEW_BUCKET, patiently
from botocore.exceptions import ClientError

TOKEN_BYTES = 32

# In check mode there may be no bucket yet.
_MISSING = ("NoSuchKey", "NoSuchBucket")
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


class WebToken:
    """The token in one bucket under one key."""

    def __init__(self, s3: Any, bucket: str, key: str) -> None:
        self._s3, self._where = s3, {"Bucket": bucket, "Key": key}

    def read(self) -> str:
        """Return the token, or an empty text where there is none that could be used."""
        return _token_in(self._body() or b"")

    def is_there(self) -> bool:
        """Tell whether there is an object, whatever is in it."""
        return self._body() is not None

    def make(self, over: str, *, try_only: bool) -> tuple[str, bool]:
        """Return a token, and whether it is a new one: where another run was quicker, it is that one's.

        `over` is the token that it takes the place of, if any. With `try_only` nothing is written.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        if try_only:
            return token, True
        # What is there without being a token is written over.
        condition = {} if over or self.is_there() else {"IfNoneMatch": "*"}
        told = {"ContentType": "application/json", "Body": json.dumps({"token": token}).encode()}
        try:
            patiently(self._s3.put_object, NEW_BUCKET, **self._where, **told, **condition)
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in _TAKEN:
                raise
            return self._theirs(), False
        return token, True

    def remove(self) -> None:
        """Remove the object: from then on nobody can read the token."""
        self._s3.delete_object(**self._where)

    def _theirs(self) -> str:
        if token := self.read():
            return token
        raise Failure(
            "Another run makes the token for the page at this moment: run this again "
            f"(s3://{'/'.join(self._where.values())})"
        )

    def _body(self) -> bytes | None:
        try:
            return bytes(self._s3.get_object(**self._where)["Body"].read())
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in _MISSING:
                raise
            return None


def _token_in(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    token = found.get("token") if isinstance(found, dict) else None
    return token if isinstance(token, str) else ""
