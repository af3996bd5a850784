"""The Python API: send jobs to a stack's workers and get their answers.

Every AWS error is turned into one of `client.errors`, each of which is a sentence for people.
"""

import functools
import io
import threading
import weakref
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from client import settings as where
from client.aws import Account
from client.errors import BadInput, BadOutput, FleetError, JobFailed, NoAnswerInTime
from client.replies import Replies
from client.results import Results
from client.settings import Settings
from jobs.catalogue import OPERATIONS, find_operation
from jobs.errors import BadJob
from jobs.ids import is_job_id, new_job_id
from jobs.message import INLINE_MAX_BYTES, Inline, Request, Result, Stored
from jobs.names import output_key, upload_key
from jobs.numbers import Number, parse_numbers

TIMEOUT_SECONDS = 10.0


class Job:
    """A job that was sent. Its result stays in the bucket, whether it is waited for or not."""

    def __init__(self, fleet: "Fleet", job_id: str, operation: str) -> None:
        self.id, self.operation = job_id, operation
        self._fleet = fleet
        self._result: Result | None = None

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.operation}>"

    def result(self, timeout: float = TIMEOUT_SECONDS) -> Result:
        """Wait for the answer for `timeout` seconds. Raises `JobFailed` and `NoAnswerInTime`."""
        if self._result is None:
            self._result = self._fleet._wait(self.id, timeout)
        if self._result.status != "succeeded":
            raise JobFailed(self._result)
        return self._result

    def done(self) -> bool:
        """Tell whether there is an answer, without waiting for one."""
        if self._result is None:
            self._result = self._fleet.find_result(self.id)
        return self._result is not None

    def download(self, path: str | Path, timeout: float = TIMEOUT_SECONDS) -> Path:
        """Wait for the answer and write the output to `path`, whole or not at all."""
        result = self.result(timeout)
        if result.output is None:
            raise BadOutput(f"job {self.id} ({self.operation}) puts out no file")
        return self._fleet.download(result, path)


class Fleet:
    """One stack, as one client process sees it. Use it in a `with`, or call `close`."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or where.find()
        self._account = Account(self.settings)
        self._results = Results(self._account)
        self._replies = Replies(self._account, self._results)
        self._lock = threading.Lock()
        # A notebook closes nothing; the reply queue goes with the process all the same.
        self._closing = weakref.finalize(self, self._replies.close)

    @classmethod
    def from_vars(cls, path: str | Path, **given: str) -> Self:
        """Make a fleet from a variables file such as `inventory/group_vars/all.yml`."""
        return cls(where.find(vars_file=path, **given))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete this process's reply queue."""
        self._replies.close()

    def stats(self, numbers: Iterable[Number], timeout: float = TIMEOUT_SECONDS) -> Mapping[str, Any]:
        """Return count, mean, min, max and median of `numbers`."""
        text = " ".join(str(number) for number in numbers)
        return self.submit("stats", text).result(timeout).result or {}

    def greyscale(self, image: str | Path, out: str | Path | None = None, **more: Any) -> Path:
        """Make an image grey; return where the output was written. `more` as in `on_image`."""
        return self.on_image("greyscale", image, out, **more)

    def threshold(self, image: str | Path, out: str | Path | None = None, **more: Any) -> Path:
        """Make every channel of an image two-valued. `more`: `level`, `low`, `high`, and as in `on_image`."""
        return self.on_image("threshold", image, out, **more)

    def blackwhite(self, image: str | Path, out: str | Path | None = None, **more: Any) -> Path:
        """Make an image of two shades. `more`: `level`, `low`, `high`, and as in `on_image`."""
        return self.on_image("blackwhite", image, out, **more)

    def on_image(
        self,
        operation: str,
        image: str | Path,
        out: str | Path | None = None,
        *,
        name: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        **parameters: int,
    ) -> Path:
        """Do an image operation on a file, write the output to `out`, and return where that is.

        `out` is `<image>-<operation>` in the working folder if left out; `name` is the output's name
        in the bucket, `out`'s own in a folder of the job's if left out.
        """
        path = out_path(image, operation, out)
        job = self.submit(operation, Path(image), name=name, file_name=path.name, parameters=parameters)
        return job.download(path, timeout)

    def submit(
        self,
        operation: str,
        source: str | Path | BinaryIO,
        *,
        name: str | None = None,
        file_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Job:
        """Send a job and return at once.

        `source` is numbers as text, or an image as a path or an open binary file; `name` is what the
        image it puts out is called in the bucket, whoever else gave that name. Without one it is
        called `file_name`, the source's own if left out, in a folder of the job's. Raises `BadInput`
        for what no worker could do.
        """
        if isinstance(source, Path):
            with opened(source) as file:
                return self.submit(
                    operation, file, name=name, file_name=file_name or source.name, parameters=parameters
                )
        job_id = new_job_id()
        try:
            declared = find_operation(operation)
            checked = declared.check(parameters or {})
            if declared.takes == "numbers":
                parse_numbers(_text(source))
                output = None
            else:
                output = output_key(name or f"{job_id}/{file_name or _name_of(source)}")
        except BadJob as problem:
            raise BadInput(problem.message) from problem
        with self._account.in_words():
            queue = self._request_queue
            reply_to = self._replies.open()
            request = Request(
                id=job_id, operation=operation, input=self._input(job_id, source),
                submitted_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                parameters=checked, output=output, reply_to=reply_to,
            )  # fmt: skip
            self._account.sqs.send_message(QueueUrl=queue, MessageBody=request.to_json())
        return Job(self, job_id, operation)

    def find_result(self, job_id: str) -> Result | None:
        """Return the stored result of any job of this stack, or None if there is none (yet)."""
        if not is_job_id(job_id):
            raise BadInput(
                f"{job_id[:80]!r} is no job id; one looks like 0190b3a0-5d3c-7000-8000-000000000000"
            )
        with self._account.in_words():
            return self._results.find(job_id)

    def download(self, result: Result, path: str | Path) -> Path:
        """Write the output of a job to `path`, whole or not at all. Raises `BadOutput`."""
        if result.output is None:
            raise BadOutput(f"job {result.id} ({result.operation}) has no output to write")
        with self._account.in_words():
            self._results.download(result.output, Path(path))
        return Path(path)

    @functools.cached_property
    def _request_queue(self) -> str:
        url = self._account.sqs.get_queue_url(QueueName=self.settings.names.requests)["QueueUrl"]
        self._results.learn_account(url)
        return url

    def _input(self, job_id: str, source: str | BinaryIO) -> Inline | Stored:
        if isinstance(source, str):
            if len(source.encode()) <= INLINE_MAX_BYTES:
                return Inline(source)
            return self._upload(job_id, "numbers.txt", io.BytesIO(source.encode()))
        return self._upload(job_id, _name_of(source), source)

    def _upload(self, job_id: str, name: str, file: BinaryIO) -> Stored:
        key = upload_key(job_id, name)
        self._results.upload(file, key)
        return Stored(self._results.bucket, key)

    def _wait(self, job_id: str, timeout: float) -> Result:
        with self._account.in_words():
            result = self._replies.wait(job_id, timeout)
        if result is None:
            raise NoAnswerInTime(
                f"no worker answered within {timeout:g} s. Job {job_id} is still in line, and its "
                f"result will lie in the bucket: look with `jobfleet result {job_id}`, or wait longer "
                f"with --timeout{self.why_not_yet(job_id)}",
                job_id,
            )
        return result

    def why_not_yet(self, job_id: str) -> str:
        """Return a sentence on a job whose attempts break, to be put behind another; else an empty text."""
        with self._account.in_words():
            stored = self._results.look(job_id)
        if stored is None or not stored.attempts:
            return ""
        last = stored.attempts[-1]
        return f". Its attempt {last.attempt} broke on worker {last.worker}: {last.cause}"


def out_path(image: str | Path, operation: str, out: str | Path | None) -> Path:
    """Return where the output goes, once it is sure that it can. Raises `BadOutput`."""
    source = Path(image)
    path = Path(out) if out is not None else Path(f"{source.stem}-{operation}{source.suffix}")
    if path.is_dir():
        raise BadOutput(f"{path} is a folder; give a file name for the output")
    if not path.parent.is_dir():
        raise BadOutput(f"the folder {path.parent} for the output does not exist; make it first")
    if path.exists() and source.exists() and path.samefile(source):
        raise BadOutput(f"{path} is the input itself; give the output another name")
    return path


def opened(path: Path) -> BinaryIO:
    """Open an input. Raises `BadInput` in words."""
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a folder; give a file")
        return path.open("rb")
    except FileNotFoundError as problem:
        raise BadInput(f"there is no file {path}") from problem
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}") from problem


def _text(source: Any) -> str:
    if not isinstance(source, str):
        raise BadInput("stats takes numbers as text")
    return source


def _name_of(source: Any) -> str:
    if isinstance(source, str):
        raise BadInput("give an image as a path or an open binary file")
    return Path(str(getattr(source, "name", "image"))).name


__all__ = ["OPERATIONS", "TIMEOUT_SECONDS", "Fleet", "FleetError", "Job", "opened", "out_path"]
