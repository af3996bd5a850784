"""Requests on their way out and answers on their way back, for one client process."""

import functools
import logging
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.message import Output, Request, Result, Stored

from jobfleet.answers.collector import GATHER_SECONDS, Collector
from jobfleet.answers.job import Job
from jobfleet.answers.reply_queue import ReplyQueue
from jobfleet.answers.result_store import Results
from jobfleet.aws.account import Account, with_errors_in_words
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.transfers import OnProgress, Transfers, ignore_progress
from jobfleet.errors import BadOutput, NoAnswerInTime, NotTaken
from jobfleet.queues.queue_counts import REQUESTS, Queue, count_at
from jobfleet.sending.prepare import Prepared, checked_id
from jobfleet.sending.request_builder import Outgoing
from jobfleet.sending.send_batches import send
from jobfleet.stack.offered_operations import Known, Offers
from jobfleet.stack.scaling.waking import Waking

if TYPE_CHECKING:
    from jobfleet.stack.scaling.view import ScalingView

_LOG = logging.getLogger(__name__)

# Small files spend their time on the way, not on the line.
UPLOADS_AT_ONCE = 16


@with_errors_in_words
class Exchange:
    """Sends requests and brings their answers; `Fleet` is its face for people.

    `on_sent` is called with the jobs each time some were sent. With `replies=False` no reply queue
    is made, for who sends without waiting; answers can still be had, from the bucket. `gather_seconds` is as
    for `Fleet`.
    """

    def __init__(
        self,
        account: Account,
        offers: Known,
        *,
        on_sent: Callable[[Sequence[Job]], object] | None = None,
        replies: bool = True,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self.account, self._offers = account, offers
        self._on_sent, self._with_replies = on_sent, replies
        self._results = Results(account)
        self._transfers = Transfers(account)
        self._outgoing = Outgoing(account, self._transfers)
        self._replies = ReplyQueue(account)
        self._collector = collector = Collector(account, self._replies, self._results, gather_seconds)
        # Without a reference to this, which goes as soon as nobody has one.
        self._waking = Waking(account, lambda: collector.is_waited_for, _LOG.warning)
        collector.on_heard = self._waking.heard
        # A notebook closes nothing; the reply queue goes with the process all the same. A job that somebody
        # still waits for keeps this, and with it the queue.
        self._closing = weakref.finalize(self, self._replies.close)

    def open(self) -> None:
        """Make what sending takes, if it is not there. Raises `NotDeployed` without a stack."""
        self._open()

    def _open(self) -> tuple[str, str | None]:
        """Return the request queue's address, and the name of the reply queue where there is one."""
        reply_to = self._replies.open() if self._with_replies else None
        return self._request_queue, reply_to

    def close(self) -> None:
        """Delete this process's reply queue. It may be used again; then it makes another."""
        self._waking.close()
        self._collector.close()
        self._replies.close()
        self.account.close()

    @property
    def reply_queue(self) -> str | None:
        """The name of this process's reply queue; None before it is made, or where none may be."""
        return self._replies.name

    @property
    def bucket(self) -> str:
        """The name of the stack's bucket; asks AWS for the account if nothing has told it yet."""
        return self.account.bucket

    def use_bucket(self, bucket: str) -> None:
        """Put inputs into another bucket from now on, and look for results there."""
        self.account.settings = replace(self.account.settings, bucket=bucket, sources={})

    # -- out --------------------------------------------------------------------------------------

    def operation(self, name: str) -> Operation:
        """Return an operation as it is declared; one that not every worker does is asked of the workers.

        Raises `NotOffered`.
        """
        return self._offers.find(name)

    def offers(self) -> Offers:
        """Return what the workers offer, as this process knows it; read again in a while."""
        return self._offers.now()

    def submit(self, prepared: Prepared, on_progress: OnProgress, *, tell_started: bool = False) -> Job:
        """Upload the input of a job if it is large, and send the job."""
        return self.send([self.request(prepared, on_progress=on_progress, tell_started=tell_started)])[0]

    def request(
        self,
        prepared: Prepared,
        *,
        stored: Stored | None = None,
        on_progress: OnProgress = ignore_progress,
        tell_started: bool = False,
    ) -> Request:
        """Upload the input of a job, unless it is `stored` or small; return what is to be sent.

        With `tell_started`, the worker tells when it works on it (`Job.started`).
        """
        self._open()
        self._offers.check(prepared.operation)
        return self._outgoing.request(prepared, stored, on_progress, tell_started=tell_started)

    def send(self, requests: Sequence[Request]) -> list[Job]:
        """Send requests to be answered to this process; return their jobs in order.

        A job that SQS refuses by itself is done at once, with that as its exception.
        """
        queue, reply_to = self._open()
        jobs = [Job(self, request.id, request.operation) for request in requests]
        for job in jobs:
            self._collector.expect(job, by_queue=reply_to is not None)
        try:
            bodies = {each.id: replace(each, reply_to=reply_to).to_json() for each in requests}
            refused = send(self.account.sqs, queue, bodies)
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
        self._waking.sent(at_once=not self._with_replies)
        if self._on_sent:
            self._on_sent([job for job in jobs if job.id not in refused])
        return jobs

    def send_prepared(self, prepared: Sequence[Prepared]) -> list[Job]:
        """Upload what must be, several at a time, and send all."""
        if not prepared:
            return []
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            self._open()
            return self.send(list(pool.map(self.request, prepared)))

    @functools.cached_property
    def _request_queue(self) -> str:
        name = self.account.settings.names.requests
        if self._replies.url:
            # An address is alike for all queues of an account, which spares asking for this one.
            url = self._replies.url.rpartition("/")[0] + "/" + name
        else:
            url = self.account.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        self.account.learn_number(url)
        return url

    # -- back -------------------------------------------------------------------------------------

    def jobs(self, job_ids: Iterable[str], operation: str) -> list[Job]:
        """Return jobs of this stack, whoever sent them; their answers are read from the bucket."""
        jobs = [Job(self, checked_id(job_id), operation) for job_id in job_ids]
        for job in jobs:
            self._collector.expect(job, by_queue=False)
        self._collector.start()
        self._waking.sent()
        return jobs

    def collect(self) -> None:
        """Begin to collect answers, if that is not under way."""
        self._collector.start()

    def look_once_more(self, job: Job, timeout: float) -> None:
        """Look for a job's answer in the bucket, as the time is over. Raises `NoAnswerInTime`."""
        if self._collector.trouble:
            raise self._collector.trouble
        self._collector.look_once(job)
        if not job.done():
            raise NoAnswerInTime(
                f"no worker answered within {timeout:g} s. Job {job.id} is still waiting, and its "
                f"result will be in the bucket: look with `jobfleet result {job.id}`, or wait longer "
                f"with --timeout{self.why_not_yet(job.id)}{self.why_nobody_comes()}",
                job.id,
                explained=bool(self._waking.trouble),
            )

    def why_nobody_comes(self) -> str:
        """Return a sentence on a fleet that sleeps on, to be put behind another; else an empty text."""
        why = self._waking.trouble
        return f". {why[0].upper()}{why[1:]}" if why else ""

    def tell(self, say: Callable[[str], object]) -> None:
        """Have `say` called with what is to be known of a fleet that is woken; else a warning is logged."""
        self._waking.say = say

    @property
    def is_starting(self) -> bool:
        """Whether no worker is there yet and one starts."""
        return self._waking.is_starting

    def clock(self) -> float:
        """Return the seconds of a clock that stands still while a worker starts."""
        return self._waking.clock()

    def line(self) -> Queue:
        """Return how many requests wait and are with the workers. Raises the client's errors."""
        return count_at(self.account, REQUESTS, self._request_queue)

    def scaling(self, since: timedelta) -> "ScalingView":
        """Return how the stack scales, with the decisions of so long a time."""
        from jobfleet.stack.scaling.view import read_scaling

        return read_scaling(Bucket(self.account), since)

    def why_not_yet(self, job_id: str) -> str:
        """Return a sentence on a job whose attempts break, to be put behind another; else an empty text."""
        stored = self._results.look(job_id)
        last = stored.last_attempt if stored else None
        if last is None:
            return ""
        return (
            f". Its attempt {last.attempt} broke on worker {last.worker}: {last.cause}. "
            "If that was its last, `jobfleet dead list` has it"
        )

    def find_results(self, job_ids: Iterable[str]) -> dict[str, Result]:
        """Return the stored results there are of these jobs, by id, in few calls."""
        return self._results.find_many([checked_id(job_id) for job_id in job_ids])

    def find_result(self, job_id: str) -> Result | None:
        """Return the stored result of any job of this stack, or None if there is none (yet)."""
        return self._results.find(checked_id(job_id))

    def look(self, job_id: str) -> Result | None:
        """Return what is stored of a job, also of one that is failing; None if nothing is."""
        return self._results.look(checked_id(job_id))

    def download(self, result: Result, path: str | Path, on_progress: OnProgress = ignore_progress) -> Path:
        """Write the output of a job to `path`, whole or not at all. Raises `BadOutput`."""
        self._transfers.download(_output_of(result), Path(path), on_progress)
        return Path(path)

    def download_to(self, result: Result, to: BinaryIO, on_progress: OnProgress = ignore_progress) -> None:
        """Write the output of a job to an open binary file. Raises `BadOutput`."""
        self._transfers.write(_output_of(result), to, on_progress)


def _output_of(result: Result) -> Output:
    if result.output is None:
        raise BadOutput(f"job {result.id} ({result.operation}) has no output to write")
    return result.output
