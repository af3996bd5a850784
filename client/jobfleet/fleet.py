"""The Python API: send jobs to a stack's workers and get their answers.

Every AWS error is turned into one of `jobfleet.errors`, each of which is a sentence for people.
"""

import functools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from jobfleet_jobs.numbers.text_reader import Number
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from jobfleet_jobs.protocol.message import Request, Result, Stored

from jobfleet.answers.collector import Collector
from jobfleet.answers.job import Job
from jobfleet.answers.reply_queue import ReplyQueue
from jobfleet.answers.result_store import Results
from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.transfers import Told, Transfers, nobody
from jobfleet.errors import BadInput, BadOutput, FleetError, NoAnswerInTime, NotTaken
from jobfleet.sending.output_paths import out_path
from jobfleet.sending.prepare import Prepared, Source, checked_id, numbers_text, opened, prepare
from jobfleet.sending.request_builder import Outgoing
from jobfleet.sending.send_batches import send
from jobfleet.settings import settings as where
from jobfleet.settings.settings import Settings
from jobfleet.stack.offered_operations import Known
from jobfleet.stack.offered_operations import read as read_offers

TIMEOUT_SECONDS = 10.0
# Small files spend their time on the way, not on the line.
UPLOADS_AT_ONCE = 16


class Fleet:
    """One stack, as one client process sees it. Use it in a `with`, or call `close`.

    `on_sent` is called with the jobs each time some were sent. With `replies=False` no reply queue
    is made, for who sends without waiting; answers can still be had, from the bucket.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        on_sent: Callable[[Sequence[Job]], object] | None = None,
        replies: bool = True,
    ) -> None:
        self.settings = settings or where.find()
        self._account = Account(self.settings)
        self._results = Results(self._account)
        self._transfers = Transfers(self._account)
        self._outgoing = Outgoing(self._account, self._transfers)
        self._replies = ReplyQueue(self._account)
        self._collector = Collector(self._account, self._replies, self._results)
        self._offers = Known(lambda: read_offers(Bucket(self._account)))
        self._on_sent, self._with_replies = on_sent, replies
        # A notebook closes nothing; the reply queue goes with the process all the same.
        self._closing = weakref.finalize(self, self._replies.close)

    @classmethod
    def from_vars(cls, path: str | Path, **given: str) -> Self:
        """Make a fleet from a variables file such as `inventory/group_vars/all.yml`."""
        return cls(where.find(vars_file=path, **given))

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
        self._collector.close()
        self._replies.close()
        self._account.close()

    def use_bucket(self, bucket: str) -> None:
        """Put inputs into another bucket from now on, and look for results there."""
        self.settings = replace(self.settings, bucket=bucket, sources={})
        self._account.settings = self.settings

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
        with self._account.in_words():
            return self._offers.find(name)

    def submit(
        self,
        operation: str | Operation,
        source: Source,
        *,
        name: str | None = None,
        file_name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        told: Told = nobody,
    ) -> Job:
        """Send a job and return at once.

        `source` is numbers (a sequence, a text, or a file of them), or an image or another file (a path or
        an open binary file); `name` is what the image it puts out is called in the bucket, whoever else gave
        that name. Without one it is called `file_name`, the source's own if left out, in a folder of
        the job's. `told` is called with each count of bytes that were uploaded. Raises `BadInput` for
        what no worker could do.
        """
        declared = self.operation(operation) if isinstance(operation, str) else operation
        job = prepare(declared, source, name=name, file_name=file_name, parameters=parameters)
        with self._account.in_words():
            return self.send([self.request(job, told=told)])[0]

    def submit_many(
        self, operation: str, sources: Iterable[Source], *, parameters: Mapping[str, Any] | None = None
    ) -> list[Job]:
        """Send a job for each source, ten messages a call, and return them in order.

        All are checked before one is sent. Raises `BadInput`.
        """
        declared = self.operation(operation)
        return self.send_prepared([prepare(declared, each, parameters=parameters) for each in sources])

    def send_prepared(self, prepared: Sequence[Prepared]) -> list[Job]:
        """Upload what must be, several at a time, and send all."""
        if not prepared:
            return []
        with self._account.in_words(), ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            self.open()
            requests = list(pool.map(self.request, prepared))
            return self.send(requests)

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
        ids = [checked_id(job_id) for job_id in job_ids]
        jobs = [Job(self, job_id, operation) for job_id in ids]
        for job in jobs:
            self._collector.expect(job, by_queue=False)
        self._collector.start()
        return jobs

    def open(self) -> str:
        """Make what sending takes, if it is not there; return the request queue's address."""
        with self._account.in_words():
            if self._with_replies:
                self._replies.open()
            return self._request_queue

    def request(self, prepared: Prepared, *, stored: Stored | None = None, told: Told = nobody) -> Request:
        """Upload the input of a job, unless it is `stored` or small; return what is to be sent."""
        self.open()
        with self._account.in_words():
            self._offers.check(prepared.operation)
            return self._outgoing.request(prepared, stored, told)

    def send(self, requests: Sequence[Request]) -> list[Job]:
        """Send requests to be answered to this process; return their jobs in order.

        A job that SQS refuses by itself is done at once, with that as its exception.
        """
        with self._account.in_words():
            queue = self.open()
            reply_to = self._replies.open() if self._with_replies else None
            jobs = [Job(self, request.id, request.operation) for request in requests]
            for job in jobs:
                self._collector.expect(job, by_queue=reply_to is not None)
            try:
                bodies = {each.id: replace(each, reply_to=reply_to).to_json() for each in requests}
                refused = send(self._account.sqs, queue, bodies)
            except BaseException:
                for job in jobs:
                    self._collector.drop(job)
                raise
        for job in jobs:
            if job.id in refused:
                self._collector.drop(job)
                job.set_exception(NotTaken(f"AWS did not take job {job.id}: {refused[job.id]}"))
        if self._with_replies:
            self._collector.start()
        if self._on_sent:
            self._on_sent([job for job in jobs if job.id not in refused])
        return jobs

    @property
    def reply_queue(self) -> str | None:
        """The name of this process's reply queue; None before it is made, or where none may be."""
        return self._replies.name

    @property
    def bucket(self) -> str:
        """The name of the stack's bucket; asks AWS for the account if nothing has told it yet."""
        with self._account.in_words():
            return self._account.bucket

    def find_result(self, job_id: str) -> Result | None:
        """Return the stored result of any job of this stack, or None if there is none (yet)."""
        with self._account.in_words():
            return self._results.find(checked_id(job_id))

    def find_results(self, job_ids: Iterable[str]) -> dict[str, Result]:
        """Return the stored results there are of these jobs, by id, in few calls."""
        ids = [checked_id(job_id) for job_id in job_ids]
        with self._account.in_words():
            return self._results.find_many(ids)

    def download(self, result: Result, path: str | Path, told: Told = nobody) -> Path:
        """Write the output of a job to `path`, whole or not at all. Raises `BadOutput`."""
        if result.output is None:
            raise BadOutput(f"job {result.id} ({result.operation}) has no output to write")
        with self._account.in_words():
            self._transfers.download(result.output, Path(path), told)
        return Path(path)

    def download_to(self, result: Result, to: BinaryIO, told: Told = nobody) -> None:
        """Write the output of a job to an open binary file. Raises `BadOutput`."""
        if result.output is None:
            raise BadOutput(f"job {result.id} ({result.operation}) has no output to write")
        with self._account.in_words():
            self._transfers.write(result.output, to, told)

    def collect(self) -> None:
        """Begin to collect answers, if that is not under way."""
        self._collector.start()

    def look_once_more(self, job: Job, timeout: float) -> None:
        """Look for a job's answer in the bucket, as the time is over. Raises `NoAnswerInTime`."""
        if self._collector.trouble:
            raise self._collector.trouble
        with self._account.in_words():
            self._collector.look_once(job)
        if not job.done():
            raise NoAnswerInTime(
                f"no worker answered within {timeout:g} s. Job {job.id} is still in line, and its "
                f"result will lie in the bucket: look with `jobfleet result {job.id}`, or wait longer "
                f"with --timeout{self.why_not_yet(job.id)}",
                job.id,
            )

    def why_not_yet(self, job_id: str) -> str:
        """Return a sentence on a job whose attempts break, to be put behind another; else an empty text."""
        with self._account.in_words():
            stored = self._results.look(job_id)
        last = stored.last_attempt if stored else None
        if last is None:
            return ""
        return (
            f". Its attempt {last.attempt} broke on worker {last.worker}: {last.cause}. "
            "If that was its last, `jobfleet dead list` has it"
        )

    @functools.cached_property
    def _request_queue(self) -> str:
        name = self.settings.names.requests
        if self._replies.url:
            # An address is alike for all queues of an account, which spares asking for this one.
            url = self._replies.url.rpartition("/")[0] + "/" + name
        else:
            url = self._account.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        self._account.learn_number(url)
        return url


__all__ = ["OPERATIONS", "TIMEOUT_SECONDS", "Fleet", "FleetError", "Job", "opened", "out_path"]
