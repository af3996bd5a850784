"""Inputs from the drop folder: their parameters, their outputs, and what becomes of them."""

import json
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from jobfleet_jobs import drop_events
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol import names
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_jobs.protocol.message import Output, Request, Result, Stored

from jobfleet_worker.aws.error_kinds import credentials_refused, is_outage
from jobfleet_worker.aws.storage import (
    CHANGED_MEANWHILE,
    CONDITIONAL_WRITES_MAX,
    Storage,
    checked,
    gone,
    head,
    named,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

# The failures that say nothing of the object that lies there now.
OF_ANOTHER_OBJECT = frozenset({"no-such-input", "superseded"})

# An output says which input it was made from, and which of its events: no older one may take its place.
# Outputs of versions that took sequencers for numbers say so under the name `jobfleet-made-from`.
_MADE_FROM = "jobfleet-made-by-event"

TAG_JOB, TAG_OUTCOME, TAG_ETAG = "jobfleet:job", "jobfleet:outcome", "jobfleet:etag"


class _MadeFrom(NamedTuple):
    """What an output was made from: an object (a digest), by which event, of what bytes and parameters."""

    key: str
    sequencer: str
    content: str

    @classmethod
    def of(cls, request: Request, source: Stored) -> "_MadeFrom":
        assert request.dropped is not None  # noqa: S101 - for the type checker
        content = json.dumps([source.etag, request.parameters], sort_keys=True)
        digests = (drop_events.drop_mark(source.bucket, source.key, more) for more in ("", content))
        return cls(next(digests), request.dropped.sequencer, next(digests))

    @classmethod
    def read(cls, text: str) -> "_MadeFrom | None":
        try:
            return cls(*text.split("."))
        except TypeError:  # of other parts than these
            return None

    def is_later_than(self, other: "_MadeFrom") -> bool:
        """Tell whether it comes from a later event of the same object."""
        return self.key == other.key and drop_events.is_later(self.sequencer, other.sequencer)

    def __str__(self) -> str:
        return ".".join(self)


class Drops:
    """Every call here is to S3, and raises its errors."""

    def __init__(self, s3: "S3Client", storage: Storage, processed: str) -> None:
        """`processed` is what happens to inputs that are done: `tag`, `move` or `leave`."""
        self._s3, self._storage, self._processed = s3, storage, processed

    def filled_in(self, request: Request, operation: Operation) -> Request:
        """Return the request with parameters and output. Raises `BadJob`, also if its input has changed."""
        source = _source(request)
        metadata = self._metadata(source)
        return drop_events.filled_in(request, operation, metadata, self._shared(operation.name))

    def write_output(self, request: Request, key: str, data: bytes, content_type: str) -> Output:
        """Store an output, unless one lies there that was made from a later object. Raises `BadJob`."""
        source, bucket = _source(request), self._storage.bucket
        made_from = _MadeFrom.of(request, source)
        condition: dict[str, Any] = {"IfNoneMatch": "*"}
        for _ in range(CONDITIONAL_WRITES_MAX):
            try:
                answer = self._s3.put_object(
                    Bucket=bucket, Key=key, Body=data, ContentType=content_type,
                    Metadata={_MADE_FROM: str(made_from)}, **condition,
                )  # fmt: skip
            except ClientError as problem:
                if error_code(problem) not in CHANGED_MEANWHILE:
                    raise
            else:
                return Output(bucket, key, len(data), answer["ETag"])
            there = self._there(key)
            other = there and _MadeFrom.read(there["Metadata"].get(_MADE_FROM, ""))
            if there and other and other.is_later_than(made_from):
                if other.content == made_from.content:
                    return Output(bucket, key, there["ContentLength"], there["ETag"])
                raise gone(source, changed=True)
            condition = {"IfMatch": there["ETag"]} if there else {"IfNoneMatch": "*"}
        raise RuntimeError(f"{key} was written by others all the time")

    def settle(self, request: Request, result: Result) -> str | None:
        """Tag or move an input whose result is stored; return why that could not be, None if it could.

        May be called again. What lies there by now under the same key is left alone.
        """
        if self._processed == "leave" or (result.error and result.error.code in OF_ANOTHER_OBJECT):
            return None
        source = _source(request)
        try:
            self._metadata(source)
            self._tag(source, result)
            if self._processed == "move" and result.status == "succeeded":
                self._move(source, names.PROCESSED + drop_events.relative_name(request))
        except BadJob:
            return None
        except ClientError as problem:
            if credentials_refused(problem) or is_outage(problem):
                raise
            if error_code(problem) in CHANGED_MEANWHILE:
                return None
            # It is done, and people get their answer, whatever the policies say of tags.
            return f"{problem.operation_name}: {error_code(problem)}"
        return None

    def _metadata(self, source: Stored) -> Mapping[str, str]:
        """Return an object's metadata. Raises `BadJob` if it is gone or another by now."""
        checked(source)
        try:
            return head(self._s3, **named(source))["Metadata"]
        except ClientError as problem:
            # A HEAD has no body that could say more.
            if error_code(problem) in ("404", "412", "NoSuchKey", "PreconditionFailed"):
                raise gone(source, changed="412" in str(problem.response["Error"])) from problem
            raise

    def _shared(self, operation: str) -> str | None:
        try:
            answer = self._s3.get_object(
                Bucket=self._storage.bucket, Key=drop_events.parameters_key(operation)
            )
        except ClientError as problem:
            if error_code(problem) == "NoSuchKey":
                return None
            raise
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] > drop_events.PARAMETERS_MAX_BYTES:
                raise BadJob(
                    "bad-parameter",
                    f"{drop_events.parameters_key(operation)} has {answer['ContentLength']:,} bytes; "
                    f"at most {drop_events.PARAMETERS_MAX_BYTES:,} are read",
                )
            return body.read().decode("utf-8", "replace")

    def _there(self, key: str) -> "HeadObjectOutputTypeDef | None":
        try:
            return head(self._s3, Bucket=self._storage.bucket, Key=key)
        except ClientError as problem:
            if error_code(problem) in ("404", "NoSuchKey"):
                return None
            raise

    def _tag(self, source: Stored, result: Result) -> None:
        bucket, key = source.bucket, source.key
        tags = self._s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        found = {tag["Key"]: tag["Value"] for tag in tags}
        outcome = f"failed:{result.error.code}" if result.error else result.status
        wanted = found | {TAG_JOB: result.id, TAG_OUTCOME: outcome, TAG_ETAG: source.etag or ""}
        if wanted != found:
            # Who put the object may have given it tags too; this call replaces them all.
            self._s3.put_object_tagging(
                Bucket=bucket, Key=key,
                Tagging={"TagSet": [{"Key": name, "Value": value} for name, value in wanted.items()]},
            )  # fmt: skip

    def _move(self, source: Stored, to: str) -> None:
        bucket, key, etag = source.bucket, source.key, f'"{source.etag}"'
        self._s3.copy_object(
            Bucket=bucket, Key=to, CopySource={"Bucket": bucket, "Key": key}, CopySourceIfMatch=etag
        )
        self._s3.delete_object(Bucket=bucket, Key=key, IfMatch=etag)


def _source(request: Request) -> Stored:
    assert isinstance(request.input, Stored)  # noqa: S101 - for the type checker
    return request.input
