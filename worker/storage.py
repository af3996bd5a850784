"""The stack's bucket, as the worker uses it."""

from contextlib import closing
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from jobs import names
from jobs.errors import BadJob
from jobs.message import Output, Result, Stored
from worker.aws import error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
KEY_MAX_BYTES = 1_024


class Storage:
    """Reads inputs, writes outputs and results. Everything it does not call a bad job is AWS's own error."""

    def __init__(self, s3: "S3Client", bucket: str, max_input_bytes: int) -> None:
        self._s3, self.bucket, self._max = s3, bucket, max_input_bytes

    def read_input(self, source: Stored) -> bytes:
        """Return an input's bytes. Raises `BadJob` if it is elsewhere, not there or too large."""
        if source.bucket != self.bucket:
            # Or the worker's credentials could be used to read what the sender may not.
            raise BadJob(
                "bad-input", f"bucket {source.bucket[:80]!r} is not this stack's; inputs go to {self.bucket}"
            )
        if not source.key.isprintable() or not 0 < len(source.key.encode()) <= KEY_MAX_BYTES:
            raise BadJob("bad-input", f"input key {source.key[:80]!r} is none that a bucket can hold")
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=source.key)
        except ClientError as problem:
            if error_code(problem) != "NoSuchKey":
                raise
            raise BadJob(
                "no-such-input", f"there is no {source.key[:200]!r} in bucket {self.bucket}"
            ) from problem
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] > self._max:
                raise too_large(answer["ContentLength"], self._max)
            return body.read()

    def write_output(self, key: str, data: bytes, content_type: str) -> Output:
        """Store a modified image under `key`."""
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=content_type)
        return Output(self.bucket, key, len(data))

    def write_result(self, result: Result) -> None:
        """Store a result where everyone finds it by the job's id."""
        key = names.result_key(result.id)
        body = result.to_json().encode()
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")

    def stored_result(self, job_id: str) -> Result | None:
        """Return the result of a job that was already done, or None. One that cannot be read is none."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=names.result_key(job_id))
        except ClientError as problem:
            if error_code(problem) == "NoSuchKey":
                return None
            raise
        with closing(answer["Body"]) as body:
            text = body.read().decode()
        try:
            return Result.from_json(text)
        except BadJob:
            return None

    def write_log(self, key: str, lines: bytes) -> None:
        """Store one batch of log lines."""
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=lines, ContentType="application/x-ndjson")


def too_large(size: int, limit: int) -> BadJob:
    """Return the refusal of an input of `size` bytes."""
    return BadJob("too-large", f"the input has {size:,} bytes; this worker takes at most {limit:,}")
