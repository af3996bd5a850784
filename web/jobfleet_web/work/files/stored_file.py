"""Files in the bucket, streamed in pieces through the web tier: links never carry a signature."""

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.protocol.aws_facts import error_code

from jobfleet_web.problems import Problem
from jobfleet_web.work.files.names import SHOWN_TYPES, disposition
from jobfleet_web.work.gateway import Gateway

PIECE_BYTES = 256 * 1024

UNKNOWN_TYPE = "application/octet-stream"

# One span of bytes. Anything else, such as several, is answered with the whole file, as HTTP allows.
_SPAN = re.compile(r"bytes=(\d{1,18}-\d{0,18}|-\d{1,18})")


@dataclass(frozen=True)
class AskedFor:
    """What of a file is asked for: the headers Range, If-None-Match and If-Range as they came."""

    span: str | None = None
    unless: str | None = None
    span_if: str | None = None


@dataclass(frozen=True)
class InStore:
    """A file in the bucket: its key, name and type. With an `etag`, it is that one and no later one."""

    key: str
    name: str
    content_type: str
    etag: str | None = None


@dataclass
class StoredFile:
    """An answer: status, headers, and the pieces of the body. Whoever has it must exhaust or `close` it."""

    status: int
    headers: Mapping[str, str]
    gateway: Gateway
    body: Any = None
    _closed: bool = field(default=False, init=False)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Give the body in pieces, each read when the one before is sent."""
        try:
            while self.body is not None and (piece := await self.gateway.read(self.body.read, PIECE_BYTES)):
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back."""
        if self.body is not None and not self._closed:
            self._closed = True
            self.body.close()


async def open_file(gateway: Gateway, file: InStore, wanted: AskedFor) -> StoredFile:
    """Return the answer to a request for a file. Raises `Problem`."""
    shown = file.content_type if file.content_type in SHOWN_TYPES else _saved_type(file.content_type)
    headers = {
        "Content-Type": shown,
        "Content-Disposition": disposition(file.name, file.content_type),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }
    if file.etag:
        headers["ETag"] = file.etag
        if _names(wanted.unless, file.etag):
            return StoredFile(304, headers, gateway)
    more: dict[str, str] = {"IfMatch": file.etag} if file.etag else {}
    if wanted.span and _SPAN.fullmatch(wanted.span) and wanted.span_if in (None, file.etag):
        more["Range"] = wanted.span
    answer = await gateway.read(_get, gateway, file, more)
    headers["Content-Length"] = str(answer["ContentLength"])
    headers.setdefault("ETag", answer.get("ETag", ""))
    if "ContentRange" in answer:
        headers["Content-Range"] = answer["ContentRange"]
    return StoredFile(206 if "ContentRange" in answer else 200, headers, gateway, answer["Body"])


def _get(gateway: Gateway, file: InStore, more: dict[str, str]) -> Any:
    account = gateway.account
    try:
        return account.s3.get_object(Bucket=account.bucket, Key=file.key, **more)  # type: ignore[arg-type]
    except ClientError as problem:
        code = error_code(problem)
        if code == "NoSuchKey":
            raise Problem(
                410, "file-gone", f"{shown(file.name)} is not in the bucket any more: files expire",
                mend="send the file again",
            ) from problem  # fmt: skip
        if code == "PreconditionFailed":
            raise Problem(
                410, "file-replaced", f"{shown(file.name)} was replaced by another job's output",
                mend="send the file again",
            ) from problem  # fmt: skip
        if code in ("InvalidRange", "416"):
            raise Problem(
                416, "no-such-range", f"{shown(file.name)} has no bytes at {shown(more['Range'], 60)}",
                mend="ask without Range for all of it",
            ) from problem  # fmt: skip
        raise


def _names(given: str | None, etag: str) -> bool:
    """Tell whether If-None-Match names this ETag."""
    named = [one.strip().removeprefix("W/") for one in (given or "").split(",")]
    return etag in named or named == ["*"]


def _saved_type(content_type: str) -> str:
    """Return the type of a file that is only saved: nothing that a browser would open as a page."""
    plain = content_type.partition(";")[0].strip().lower()
    harmless = plain in ("text/plain", "text/csv", "application/json", "application/pdf") or (
        plain.startswith("image/") and plain != "image/svg+xml"
    )
    fits = content_type.isascii() and content_type.isprintable()
    return content_type if harmless and fits else UNKNOWN_TYPE


X = "application/octet-stream"
