"""Files to and from the bucket: in one call where they are small, in parts where they are large."""

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_jobs.protocol.message import LARGE_BYTES, Output

from jobfleet.aws.account import Account
from jobfleet.errors import BadInput, BadOutput
from jobfleet.files.inputs import kept
from jobfleet.files.outputs import is_replaced, written

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

# What is large goes and comes in parts, several at a time: a part that fails is tried
# again by itself, and one connection to S3 rarely fills a line.
PARTS_AT_ONCE = 4

_CHUNK_BYTES = 1024 * 1024

OnProgress = Callable[[int], object]


def ignore_progress(count: int) -> None:
    """Take no notice of bytes that went over."""


class Transfers:
    """Writes inputs to the bucket and reads outputs from it.

    `on_progress` is called with each count of bytes that went over.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def upload(
        self, source: BinaryIO, bucket: str, key: str, on_progress: OnProgress = ignore_progress,
        metadata: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Put an input into the bucket, with metadata of its own if any are given."""
        more: dict[str, Any] = {"Metadata": dict(metadata)} if metadata else {}
        try:
            head = source.read(LARGE_BYTES)
        except OSError as problem:
            raise BadInput(f"the input cannot be read: {problem.strerror or problem}") from problem
        if len(head) < LARGE_BYTES:
            self._account.s3.put_object(Bucket=bucket, Key=key, Body=head, **more)
            on_progress(len(head))
            return
        if source.seekable():
            source.seek(-len(head), os.SEEK_CUR)
            self._upload_parts(source, bucket, key, on_progress, more)
        else:
            with kept(source, "the input", head) as whole:
                self._upload_parts(whole, bucket, key, on_progress, more)

    def _upload_parts(
        self, source: BinaryIO, bucket: str, key: str, on_progress: OnProgress, more: dict[str, Any]
    ) -> None:
        from s3transfer.manager import TransferConfig, TransferManager
        from s3transfer.subscribers import BaseSubscriber

        class Teller(BaseSubscriber):  # type: ignore[misc,unused-ignore]
            def on_progress(self, future: Any, bytes_transferred: int, **_: Any) -> None:
                on_progress(bytes_transferred)

        config = TransferConfig(
            multipart_threshold=LARGE_BYTES, multipart_chunksize=LARGE_BYTES,
            max_request_concurrency=PARTS_AT_ONCE, max_submission_concurrency=1,
        )  # fmt: skip
        with TransferManager(self._account.s3, config) as manager:
            manager.upload(source, bucket, key, extra_args=more, subscribers=[Teller()]).result()

    def download(self, output: Output, path: Path, on_progress: OnProgress = ignore_progress) -> None:
        """Write an output to `path`; a file appears there whole or not at all.

        Raises `BadOutput`, also if it is another job's by now.
        """
        with written(path) as file:
            if output.bytes <= 2 * LARGE_BYTES or not output.etag or not is_replaced(path):
                self.write(output, file, on_progress)
                return
            writing = threading.Lock()
            with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
                parts = [
                    pool.submit(self._fetch_part, output, start, file, writing, on_progress)
                    for start in range(0, output.bytes, LARGE_BYTES)
                ]
                for part in parts:
                    part.result()

    def write(self, output: Output, to: BinaryIO, on_progress: OnProgress = ignore_progress) -> None:
        """Write an output to an open file such as standard output."""
        with closing(self._get(output, {})["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                to.write(chunk)
                on_progress(len(chunk))
        to.flush()

    def _fetch_part(
        self, output: Output, start: int, file: BinaryIO, writing: threading.Lock, on_progress: OnProgress
    ) -> None:
        span = {"Range": f"bytes={start}-{min(start + LARGE_BYTES, output.bytes) - 1}"}
        with closing(self._get(output, span)["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                with writing:
                    file.seek(start)
                    file.write(chunk)
                start += len(chunk)
                on_progress(len(chunk))

    def _get(self, output: Output, span: dict[str, Any]) -> "GetObjectOutputTypeDef":
        condition: dict[str, Any] = {"IfMatch": output.etag} if output.etag else {}
        try:
            return self._account.s3.get_object(Bucket=output.bucket, Key=output.key, **condition, **span)
        except ClientError as problem:
            code = error_code(problem)
            if code == "NoSuchKey":
                raise BadOutput(
                    f"{output.key} is not in the bucket any more: it was deleted, or kept for its time"
                ) from problem
            if code != "PreconditionFailed":
                raise
            raise BadOutput(
                f"{output.key} in the bucket is another job's output by now, which was given the same name; "
                "send the job again with another --name, or without one"
            ) from problem
