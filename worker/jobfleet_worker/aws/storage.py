"""The stack's bucket, as the worker uses it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol import names
from jobfleet_jobs.protocol.aws_facts import BARE, error_code, lab_has_ended
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.message import Output, Result, Stored
from jobfleet_jobs.protocol.roll import call_roll, one_of_each_offer
from jobfleet_jobs.results.carried_result import read_carried
from jobfleet_jobs.results.result_batches import result_batch_key
from jobfleet_jobs.results.result_lookup import KeyPage, find_result

from jobfleet_worker.aws.input_memory import Room
from jobfleet_worker.errors import BrokenAttempt

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
KEY_MAX_BYTES = 1_024

# Inputs on their way into memory at a time, unless a single one may be larger.
ROOM_BYTES = 256 * 1024**2

# What S3 says where an object is not any more as it was when it was read:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
CHANGED_MEANWHILE = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
CONDITIONAL_WRITES_MAX = 5

# As many keys of workers are listed, 1,000 a call.
WORKER_PAGES_MAX = 100


@dataclass(frozen=True)
class Large:
    """An input that is too large to be read at once; `etag` tells it from another under the same key."""

    key: str
    size: int
    etag: str


class Storage:
    """Reads inputs, writes outputs and results. Everything it does not call a bad job is AWS's own error."""

    def __init__(self, s3: "S3Client", bucket: str, max_input_bytes: int) -> None:
        self._s3, self.bucket, self._max = s3, bucket, max_input_bytes
        self._room = Room(max(max_input_bytes, ROOM_BYTES))

    def read_input(
        self,
        source: Stored,
        kept: ExitStack,
        stream_from: int | None = None,
        look: Callable[[], None] = lambda: None,
    ) -> "bytes | Large":
        """Return an input's bytes; the room they take is given free when `kept` is closed.

        Of one with more than `stream_from` bytes, say only what it is. While there is no room, `look`
        is called all the time; what it raises ends the wait. Raises `BadJob` if the input is elsewhere,
        not there or too large.
        """
        if source.bucket != self.bucket:
            # Or the worker's credentials could be used to read what the sender may not.
            raise BadJob(
                "bad-input", f"bucket {shown(source.bucket)} is not this stack's; inputs go to {self.bucket}"
            )
        checked(source)
        try:
            answer = self._s3.get_object(**named(source))
        except ClientError as problem:
            raise (_no_input(source, problem) or problem) from problem
        with closing(answer["Body"]) as body:
            if stream_from is not None and answer["ContentLength"] > stream_from:
                return Large(source.key, answer["ContentLength"], answer["ETag"])
            if answer["ContentLength"] > self._max:
                raise too_large(answer["ContentLength"], self._max)
            with ExitStack() as room:
                if room.enter_context(self._room.at_once(answer["ContentLength"])):
                    data = body.read()
                    kept.push(room.pop_all())
                    return data
        # S3 would not wait with the rest: it is asked again when there is room.
        large = Large(source.key, answer["ContentLength"], answer["ETag"])
        with ExitStack() as room:
            room.enter_context(self._room.of(large.size, look))
            data = self.read_part(large, 0, large.size)
            kept.push(room.pop_all())
            return data

    def read_part(self, large: "Large", start: int, size: int) -> bytes:
        """Return the bytes of a large input from `start` on, `size` of them at most.

        Raises `BadJob` if it is not there any more, `BrokenAttempt` if it is another by now.
        """
        span = f"bytes={start}-{min(start + size, large.size) - 1}"
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=large.key, IfMatch=large.etag, Range=span)
        except ClientError as problem:
            if error_code(problem) == "PreconditionFailed":
                raise BrokenAttempt("the input was overwritten while it was read") from problem
            raise (_no_input(Stored(self.bucket, large.key), problem) or problem) from problem
        with closing(answer["Body"]) as body:
            return body.read()

    def write_output(
        self, key: str, data: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> Output:
        """Store a modified image under `key`, and what goes with it."""
        answer = self._s3.put_object(
            Bucket=self.bucket, Key=key, Body=data, ContentType=content_type, Metadata=metadata or {}
        )
        return Output(self.bucket, key, len(data), answer["ETag"])

    def find_carried(self, job_id: str, key: str) -> Result | None:
        """Return the result of a job that the output under `key` carries, or None (`carried_result`)."""
        try:
            found = head(self._s3, Bucket=self.bucket, Key=key)
        except ClientError as problem:
            if error_code(problem) in ("404", "NoSuchKey"):
                return None
            raise
        output = Output(self.bucket, key, found["ContentLength"], found["ETag"])
        return read_carried(found["Metadata"], job_id, output)

    def write_result(self, result: Result) -> None:
        """Store a result where everyone finds it by the job's id."""
        key = names.result_key(result.id)
        body = result.to_json().encode()
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")

    def write_results(self, results: Sequence[Result], worker: str, at: datetime) -> None:
        """Store the results of several jobs together; the same arguments write the same object."""
        body = "".join(result.to_json() + "\n" for result in results).encode()
        key = result_batch_key([result.id for result in results], worker, at)
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/x-ndjson")

    def find_result(self, job_id: str) -> Result | None:
        """Return what is stored of a job, or None. A result of its own that cannot be read is none."""
        try:
            return find_result(job_id, self._read, self._list_page)
        except BadJob:
            return None

    def find_own_result(self, job_id: str) -> Result | None:
        """Do the same for a job whose result never lies among others', which takes a call only."""
        return _readable(self._read(names.result_key(job_id)))

    def add_attempts(self, job_id: str, merged: Callable[[Result | None], Result | None]) -> None:
        """Store what `merged` makes of the result of its own; of a job that is done, it makes nothing.

        What another worker writes in between is not overwritten, but merged anew.
        """
        key = names.result_key(job_id)
        for _ in range(CONDITIONAL_WRITES_MAX):
            text, condition = self._read_for_change(key)
            changed = merged(_readable(text))
            if changed is None:
                return
            try:
                self._s3.put_object(
                    Bucket=self.bucket, Key=key, Body=changed.to_json().encode(),
                    ContentType="application/json", **condition,
                )  # fmt: skip
            except ClientError as problem:
                if error_code(problem) not in CHANGED_MEANWHILE:
                    raise
            else:
                return

    def write_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Store what a worker says of itself."""
        key, body = names.heartbeat_key(heartbeat.worker), heartbeat.to_json().encode()
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")

    def write_roll(self, key: str) -> None:
        """Store an entry of the roll, which says all by its key."""
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=b"", ContentType="text/plain")

    def heartbeats(self, since: datetime) -> list[Heartbeat]:
        """Return the workers heard of since then, each with what it offers; the rest may be another's.

        There are none where that may not be read.
        """
        try:
            listed = list(self._list_workers())
        except ClientError as problem:
            # At the end of a lab's session nothing is allowed any more, and new credentials will tell.
            if error_code(problem) != "AccessDenied" or lab_has_ended(problem.response):
                raise
            return []
        recent = [one for one in call_roll(listed) if one.at >= since]
        told: dict[str, Heartbeat] = {}
        for one in one_of_each_offer(recent):
            text = self._read(names.heartbeat_key(one.worker))
            told[one.mark or one.worker] = Heartbeat.read(text or "", one.worker)
        return [replace(told[one.mark or one.worker], worker=one.worker) for one in recent]

    def _list_workers(self) -> Iterator[tuple[str, datetime]]:
        more: dict[str, Any] = {}
        for _ in range(WORKER_PAGES_MAX):
            answer = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=names.WORKERS, **more)
            yield from ((item["Key"], item["LastModified"]) for item in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def _read(self, key: str) -> str | None:
        return self._read_for_change(key)[0]

    def _read_for_change(self, key: str) -> tuple[str | None, dict[str, Any]]:
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as problem:
            if error_code(problem) == "NoSuchKey":
                return None, {"IfNoneMatch": "*"}
            raise
        with closing(answer["Body"]) as body:
            return body.read().decode(errors="replace"), {"IfMatch": answer["ETag"]}

    def _list_page(self, prefix: str, after: str) -> KeyPage:
        return KeyPage.of(self._s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix, StartAfter=after))

    def write_log(self, key: str, lines: bytes) -> None:
        """Store one batch of log lines."""
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=lines, ContentType="application/x-ndjson")


def _readable(text: str | None) -> Result | None:
    try:
        return Result.from_json(text) if text is not None else None
    except BadJob:
        return None


def too_large(size: int, limit: int) -> BadJob:
    """Return the refusal of an input of `size` bytes."""
    return BadJob("too-large", f"the input has {size:,} bytes; this worker takes at most {limit:,}")


def checked(source: Stored) -> None:
    """Refuse a key that no bucket can hold, before S3 does in other words. Raises `BadJob`."""
    if not source.key.isprintable() or not 0 < len(source.key.encode()) <= KEY_MAX_BYTES:
        raise BadJob("bad-input", f"input key {shown(source.key)} is none that a bucket can hold")


def named(source: Stored) -> dict[str, Any]:
    """Return what names an input in calls that read it: the one that was sent, if that is known."""
    condition = {} if source.etag is None else {"IfMatch": f'"{source.etag}"'}
    return {"Bucket": source.bucket, "Key": source.key, **condition}


def head(s3: "S3Client", **which: Any) -> "HeadObjectOutputTypeDef":
    """Return what S3 says of an object without its bytes. Raises S3's errors.

    The answer to a HEAD has no body. Expired credentials are a bare 400, other refusals a bare 403, so the
    same is asked by a GET, which tells them apart.
    """
    try:
        return s3.head_object(**which)
    except ClientError as problem:
        if error_code(problem) not in BARE:
            raise
    s3.get_object(**which)["Body"].close()
    return s3.head_object(**which)


def _no_input(source: Stored, problem: ClientError) -> BadJob | None:
    """Return the refusal of a job whose input S3 did not give, None where that says nothing of the input."""
    match error_code(problem):
        case "NoSuchKey" | "PreconditionFailed" as code:
            return gone(source, changed=code == "PreconditionFailed")
        case "InvalidObjectState":
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/archived-objects.html
            return BadJob(
                "archived",
                f"{shown(source.key, 200)} is archived (its storage class), and nobody can read it: "
                "restore it first (aws s3api restore-object), then send or drop it again",
            )
    return None


def gone(source: Stored, *, changed: bool) -> BadJob:
    """Return the refusal of a job whose input is not there, or another by now."""
    if changed:
        return BadJob(
            "superseded", f"{shown(source.key, 200)} was put again: what is there now is done by itself"
        )
    return BadJob("no-such-input", f"there is no {shown(source.key, 200)} in bucket {source.bucket}")
