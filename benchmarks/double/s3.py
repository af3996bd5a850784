"""The double's buckets: in memory, by path, by the few actions that are used."""

import time
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.double.sqs import Refused

# S3's own limit: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
LIST_MAX_KEYS = 1_000

# Images come back large and are only counted: of each object under this prefix the size is kept.
ONLY_SIZES_OF = "outputs/"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of a bucket, put `at` a time; `data` may be empty where only the `size` was kept."""

    data: bytes
    size: int
    etag: str
    at: float = 0.0


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class S3:
    """Buckets by path. Every bucket exists."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Stored] = {}

    def call(self, method: str, path: str, query: Json, body: bytes) -> tuple[str, Answer]:
        """Answer one call; return the action's name too. Raises `Refused`."""
        bucket, _, key = path.lstrip("/").partition("/")
        if method == "GET" and not key:
            return "ListObjectsV2", self._list(bucket, query)
        handlers = {"PUT": self._put, "GET": self._get, "HEAD": self._head, "DELETE": self._delete}
        if not key or method not in handlers:
            raise Refused(501, f"{method} {path}")
        return f"{method.capitalize()}Object", handlers[method](bucket, key, body)

    def _put(self, bucket: str, key: str, body: bytes) -> Answer:
        etag = f'"{len(body):x}"'
        kept = b"" if key.startswith(ONLY_SIZES_OF) else body
        self.objects[bucket, key] = Stored(kept, len(body), etag, time.monotonic())
        return 200, [(b"etag", etag.encode())], b""

    def _get(self, bucket: str, key: str, _: bytes) -> Answer:
        stored = self._find(bucket, key)
        return 200, [(b"etag", stored.etag.encode())], stored.data

    def _head(self, bucket: str, key: str, _: bytes) -> Answer:
        stored = self._find(bucket, key)
        return 200, [(b"etag", stored.etag.encode()), (b"content-length", b"%d" % stored.size)], b""

    def _delete(self, bucket: str, key: str, _: bytes) -> Answer:
        self.objects.pop((bucket, key), None)
        return 204, [], b""

    def _find(self, bucket: str, key: str) -> Stored:
        try:
            return self.objects[bucket, key]
        except KeyError:
            raise Refused(404, "NoSuchKey") from None

    def _list(self, bucket: str, query: Json) -> Answer:
        prefix = query.get("prefix", [""])[0]
        after = (query.get("continuation-token") or query.get("start-after") or [""])[0]
        keys = sorted(key for where, key in self.objects if where == bucket and key.startswith(prefix))
        keys = keys[bisect_right(keys, after) :]
        shown, more = keys[:LIST_MAX_KEYS], len(keys) > LIST_MAX_KEYS
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{self.objects[bucket, key].size}</Size></Contents>"
            for key in shown
        )
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        xml = (
            f"<ListBucketResult><Name>{bucket}</Name><KeyCount>{len(shown)}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{rows}</ListBucketResult>"
        )
        return 200, [(b"content-type", b"application/xml")], xml.encode()
