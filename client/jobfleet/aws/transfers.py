"""Files to and from the bucket: in one call where they are small, in parts where they are large."""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.message import LARGE_BYTES, Output

from jobfleet.aws.account import Account
from jobfleet.aws.error_sentences import error_code
from jobfleet.errors import BadInput, BadOutput

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

# What is large goes and comes in parts, several at a time: a part that fails is tried
# again by itself, and one connection to S3 rarely fills a line.
PARTS_AT_ONCE = 4

_CHUNK_BYTES = 1024 * 1024

# How the names of outputs begin that are being written.
UNFINISHED = ".jobfleet-"

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
        with _from_its_start(source, head) as whole:
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
        """Write an output to `path`, whole or not at all.

        Raises `BadOutput`, also if it is another job's by now.
        """
        with _whole_or_not_at_all(path) as file:
            if output.bytes <= 2 * LARGE_BYTES or not output.etag:
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


@contextmanager
def _from_its_start(source: BinaryIO, head: bytes) -> Iterator[BinaryIO]:
    """Give a file that can be read by parts, although `head` was read from `source` already."""
    if source.seekable():
        source.seek(-len(head), os.SEEK_CUR)
        yield source
        return
    with tempfile.TemporaryFile() as copy:
        copy.write(head)
        shutil.copyfileobj(source, copy, _CHUNK_BYTES)
        copy.seek(0)
        yield copy


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to beside `path`, which takes its place at the end. Raises `BadOutput`."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=UNFINISHED, delete=False) as file:
            try:
                lock(file)
                yield file  # type: ignore[misc]
                file.close()
                _as_any_new_file(file.name)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as problem:
        raise BadOutput(f"{path} cannot be written: {problem.strerror or problem}") from problem


def sweep(folder: Path) -> None:
    """Take away what processes that were killed have left of outputs half written to a folder."""
    for path in folder.glob(f"{UNFINISHED}*"):
        with suppress(OSError), path.open("rb") as file:
            if lock(file):
                path.unlink()


def lock(file: IO[bytes]) -> bool:
    """Mark a file as being written, for as long as it is open; tell whether nobody else had done so."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # another's, or a system or a folder that knows no locks
        return False
    return True


def _as_any_new_file(path: str) -> None:
    """Give a temporary file the mode that this user's new files have."""
    mask = os.umask(0)
    os.umask(mask)
    Path(path).chmod(0o666 & ~mask)
