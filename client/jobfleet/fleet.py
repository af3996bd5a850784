"""The Python API: send jobs to a stack's workers and get their answers.

Every AWS error is turned into one of `jobfleet.errors`, each of which is a sentence for people.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from jobfleet_jobs.numbers.words import Number
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from jobfleet_jobs.protocol.message import Result

from jobfleet.answers.collector import GATHER_SECONDS
from jobfleet.answers.job import Job
from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.transfers import OnProgress, ignore_progress
from jobfleet.errors import BadInput, BadOutput
from jobfleet.exchange import Exchange
from jobfleet.files.outputs import writable
from jobfleet.sending.output_paths import out_path
from jobfleet.sending.prepare import Source, numbers_text, prepare
from jobfleet.settings import settings as where
from jobfleet.settings.settings import Settings
from jobfleet.stack.offered_operations import Known
from jobfleet.stack.offered_operations import read_offers as read_offers

if TYPE_CHECKING:
    from jobfleet.stack.scaling.view import ScalingView

TIMEOUT_SECONDS = 10.0


class Fleet:
    """One stack, as one client process sees it. Use it in a `with`, or call `close`.

    `on_sent` is called with the jobs each time some were sent. With `replies=False` no reply queue
    is made, for who sends without waiting; answers can still be had, from the bucket. While many jobs are
    under way, answers may wait `gather_seconds` for each other, which spares calls: give less where each
    answer has somebody who waits for it. Where the stack scales and no worker runs, one is started, and
    time-outs count from when it is there; `say` is called with that in words, a warning is logged without it.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        on_sent: Callable[[Sequence[Job]], object] | None = None,
        replies: bool = True,
        gather_seconds: float = GATHER_SECONDS,
        say: Callable[[str], object] | None = None,
    ) -> None:
        account = Account(settings or where.find_settings())
        offers = Known(lambda: read_offers(Bucket(account)))
        self.exchange = Exchange(
            account, offers, on_sent=on_sent, replies=replies, gather_seconds=gather_seconds
        )
        if say is not None:
            self.exchange.tell(say)

    @property
    def settings(self) -> Settings:
        """What names the stack."""
        return self.exchange.account.settings

    @classmethod
    def from_vars(cls, path: str | Path, **given: str) -> Self:
        """Make a fleet from a variables file such as `inventory/group_vars/all.yml`."""
        return cls(where.find_settings(vars_file=path, **given))

    def __repr__(self) -> str:
        return f"<Fleet {self.settings.stack} in {self.settings.region}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete this process's reply queue. It may be used again; then it makes another."""
        self.exchange.close()

    def stats(
        self,
        numbers: str | Path | Iterable[Number],
        timeout: float | None = TIMEOUT_SECONDS,
        **parameters: Any,
    ) -> Mapping[str, Any]:
        """Return count, mean, min, max and median of `numbers`: a sequence, a text or a file of them.

        `parameters`: `more=True` for sum, quartiles, variance, standard deviation and mode,
        `quantiles` and `histogram`: into how many parts, or bins; `columns`: the numbers are CSV
        text or a file of it, and these are its columns, as `"height,weight"`. What they mean stands in
        docs/worker.md.
        """
        job = self.submit("stats", numbers_text(numbers), parameters=parameters)
        return job.result(timeout).result or {}

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
        timeout: float | None = TIMEOUT_SECONDS,
        **parameters: Value,
    ) -> Path:
        """Do an image operation on a file, write the output to `out`, and return where that is.

        `out` is `<image>-<operation>` in the working folder if left out; `name` is the output's name
        in the bucket, `out`'s own in a folder of the job's if left out.
        """
        if not isinstance(image, str | Path):
            raise BadInput(
                f"give an image as a path, not {type(image).__name__}; submit takes open files too"
            )
        path = out_path(image, operation, out, parameters)
        job = self.submit(operation, Path(image), name=name, file_name=path.name, parameters=parameters)
        return job.download(path, timeout)

    def run(
        self,
        operation: str,
        source: Source,
        out: str | Path | None = None,
        *,
        name: str | None = None,
        timeout: float | None = TIMEOUT_SECONDS,
        **parameters: Any,
    ) -> Result:
        """Do any operation that the live workers offer, those of packages too; return its result.

        `source` is as in `submit`. With `out`, its file is written there; `name` is what that is called
        in the bucket. Raises `NotOffered`, a `BadInput`, for an operation that no live worker does.
        """
        declared = self.operation(operation)
        if out is not None and declared.gives == "answer":
            raise BadOutput(f"{declared.name} gives an answer and no file; leave `out` away")
        if out is not None:
            writable(Path(out))
        file_name = Path(out).name if out is not None else None
        job = self.submit(declared, source, name=name, file_name=file_name, parameters=parameters)
        result = job.result(timeout)
        if out is not None:
            self.download(result, out)
        return result

    def operation(self, name: str) -> Operation:
        """Return an operation as it is declared; one that not every worker does is asked of the workers.

        Raises `NotOffered`.
        """
        return self.exchange.operation(name)

    def submit(
        self,
        operation: str | Operation,
        source: Source,
        *,
        name: str | None = None,
        file_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        on_progress: OnProgress = ignore_progress,
        tell_started: bool = False,
    ) -> Job:
        """Send a job and return at once.

        `source` is numbers (a sequence, a text, or a file of them), or an image or another file (a path or
        an open binary file); `name` is what the image it puts out is called in the bucket, whoever else gave
        that name. Without one it is called `file_name`, the source's own if left out, in a folder of
        the job's. `on_progress` is called with each count of bytes that were uploaded. With `tell_started`
        a worker that has the job at work for a quarter of a second tells so (`Job.started`). Raises
        `BadInput` for what no worker could do.
        """
        declared = self.operation(operation) if isinstance(operation, str) else operation
        job = prepare(declared, source, name=name, file_name=file_name, parameters=parameters)
        return self.exchange.submit(job, on_progress, tell_started=tell_started)

    def submit_many(
        self, operation: str, sources: Iterable[Source], *, parameters: Mapping[str, Any] | None = None
    ) -> list[Job]:
        """Send a job for each source, ten messages a call, and return them in order.

        All are checked before one is sent. Raises `BadInput`.
        """
        declared = self.operation(operation)
        return self.exchange.send_prepared(
            [prepare(declared, each, parameters=parameters) for each in sources]
        )

    def map(
        self, operation: str, sources: Iterable[Source], *,
        parameters: Mapping[str, Any] | None = None, timeout: float | None = None,
    ) -> Iterator[Result]:  # fmt: skip
        """Send a job for each source, now; give their results in order, each waited for `timeout` s."""
        jobs = self.submit_many(operation, sources, parameters=parameters)
        return (job.result(timeout) for job in jobs)

    def job(self, job_id: str, operation: str = "job") -> Job:
        """Return any job of this stack, whoever sent it; its answer is read from the bucket."""
        return self.jobs([job_id], operation)[0]

    def jobs(self, job_ids: Iterable[str], operation: str = "job") -> list[Job]:
        """Return jobs of this stack, whoever sent them; their answers are read from the bucket."""
        return self.exchange.jobs(job_ids, operation)

    def scaling(self, since: timedelta = timedelta(hours=1)) -> "ScalingView":
        """Return how the stack scales now, with the decisions of so long a time."""
        return self.exchange.scaling(since)

    def find_result(self, job_id: str) -> Result | None:
        """Return the stored result of any job of this stack, or None if there is none (yet)."""
        return self.exchange.find_result(job_id)

    def find_results(self, job_ids: Iterable[str]) -> dict[str, Result]:
        """Return the stored results there are of these jobs, by id, in few calls."""
        return self.exchange.find_results(job_ids)

    def download(self, result: Result, path: str | Path, on_progress: OnProgress = ignore_progress) -> Path:
        """Write the output of a job to `path`, whole or not at all. Raises `BadOutput`."""
        return self.exchange.download(result, path, on_progress)
