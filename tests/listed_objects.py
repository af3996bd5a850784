"""A bucket that only lists and reads, as S3 does, fast enough for a million objects.

A mock, since nothing real can hold so many: the embedded AWS goes through all keys of a bucket for each
page, and takes minutes to be filled. `tests/aws/localcloud/gaps/test_listed_objects.py` compares the two.
"""

import io
import threading
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

PAGE_MAX = 1_000

# It sorts behind every character that a key can have.
_LAST = chr(0x10FFFF)


class ListedObjects:
    """What boto3's client for S3 would be to one bucket. `calls` counts by the names of operations."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._keys: list[str] | None = None

    def put(self, key: str, body: bytes | str = b"", modified: datetime | None = None) -> None:
        """Put an object."""
        data = body.encode() if isinstance(body, str) else body
        self._objects[key] = data, modified or datetime.now(UTC)
        self._keys = None

    def text(self, key: str) -> str | None:
        """Return an object's text, None if it is not there."""
        try:
            return str(self.get_object(Bucket="", Key=key)["Body"].read().decode())
        except ClientError:
            return None

    def put_empty(self, keys: Iterable[str]) -> None:
        """Put objects that nobody reads."""
        self._objects.update(dict.fromkeys(keys, (b"", datetime.now(UTC))))
        self._keys = None

    def get_object(self, **asked: str) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: `Bucket`, `Key`."""
        self._count("GetObject")
        if asked["Key"] not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        return {"Body": io.BytesIO(self._objects[asked["Key"]][0]), "ETag": '"x"'}

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.

        Knows `Bucket`, `Prefix`, `StartAfter`, `MaxKeys`, `ContinuationToken` and `Delimiter`.
        """
        self._count("ListObjectsV2")
        keys, prefix, delimiter = self._sorted(), asked.get("Prefix", ""), asked.get("Delimiter", "")
        most = min(asked.get("MaxKeys", PAGE_MAX), PAGE_MAX)
        behind = asked.get("ContinuationToken") or asked.get("StartAfter", "")
        place = max(bisect_left(keys, prefix), bisect_right(keys, behind))
        contents: list[dict[str, Any]] = []
        folders: list[str] = []
        last = ""
        while place < len(keys) and keys[place].startswith(prefix) and len(contents) + len(folders) < most:
            key = keys[place]
            name, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if found:
                folders.append(prefix + name + found)
                last = folders[-1] + _LAST
                place = bisect_right(keys, last)
            else:
                contents.append(self._listed(key))
                last, place = key, place + 1
        more = bool(most) and place < len(keys) and keys[place].startswith(prefix)
        answer: dict[str, Any] = {"IsTruncated": more, "KeyCount": len(contents) + len(folders)}
        if contents:
            answer["Contents"] = contents
        if folders:
            answer["CommonPrefixes"] = [{"Prefix": folder} for folder in folders]
        if more:
            answer["NextContinuationToken"] = last
        return answer

    def _count(self, operation: str) -> None:
        with self._counting:
            self.calls[operation] += 1

    def _listed(self, key: str) -> dict[str, Any]:
        data, modified = self._objects[key]
        return {"Key": key, "LastModified": modified, "Size": len(data), "ETag": '"x"'}

    def _sorted(self) -> list[str]:
        if self._keys is None:
            self._keys = sorted(self._objects)
        return self._keys


def account_of(s3: ListedObjects) -> Any:
    """Return what the client's rooms ask of an account."""
    return SimpleNamespace(s3=s3, bucket="a-bucket", in_words=nullcontext)


def quick_id(number: int, milliseconds: int) -> str:
    """Return a job's id of a time in Unix milliseconds, faster than the product needs it."""
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number * 7919 % 2**48:012x}"
