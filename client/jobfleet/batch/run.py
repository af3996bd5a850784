"""Many images through one operation: uploaded, sent, answered and brought back, all at once.

One thread decides and keeps the ledger; pools upload and download, and post what follows from it to
that thread. What was sent is written down before it is sent and once it is: a run that was killed
in between sends those few again under the same ids, and one id has one effect.
"""

import queue
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX
from jobfleet_jobs.protocol.message import Request, Result, Stored

from jobfleet.answers.job import Job
from jobfleet.batch.background_pool import BackgroundPool
from jobfleet.batch.duplicates import Duplicates
from jobfleet.batch.ledger import Ledger
from jobfleet.batch.plan import BatchItem
from jobfleet.errors import BadInput, BadOutput, JobFailed, NoAnswerInTime, NotTaken
from jobfleet.exchange import UPLOADS_AT_ONCE, Exchange
from jobfleet.files.outputs import make_folder
from jobfleet.human_text import many
from jobfleet.sending.prepare import Prepared, prepare

DOWNLOADS_AT_ONCE = 16
# How many inputs may be under way, which bounds what is in memory and what others have to wait behind.
UNDER_WAY_MAX = 1_000
# How long a request may wait for others to be sent with; longer while as many uploads run as fill a call.
LINGER_SECONDS, LINGER_LONGEST_SECONDS = 0.1, 1.0

# What concerns one image alone; after anything else, no other would fare better.
_OF_ONE = (BadInput, BadOutput, JobFailed, NotTaken)


class Watcher(Protocol):
    """Whom a run tells what becomes of its items."""

    def done(self, item: BatchItem, result: Result) -> None:
        """An item is done, its output written."""

    def before(self, item: BatchItem) -> None:
        """An item was done by an earlier run."""

    def failed(self, item: BatchItem, cause: str, result: Result | None, *, final: bool) -> None:
        """An item failed; `final` if it would fail again."""


class Asked(NamedTuple):
    """What is done to each item."""

    operation: Operation
    parameters: Mapping[str, Value]


class Run:
    """One run; `patience` is how many seconds may pass without any answer."""

    def __init__(
        self, exchange: Exchange, asked: Asked, ledger: Ledger, watcher: Watcher, patience: float
    ) -> None:
        self._exchange, self._operation, self._parameters = exchange, asked.operation, asked.parameters
        self._ledger, self._watcher, self._patience = ledger, watcher, patience
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._up = BackgroundPool(UPLOADS_AT_ONCE, self._events.put)
        self._down = BackgroundPool(DOWNLOADS_AT_ONCE, self._events.put)
        self._ready: list[tuple[BatchItem, Request]] = []
        self._ready_since = 0.0
        self._items_of: defaultdict[str, list[BatchItem]] = defaultdict(list)
        self._jobs: dict[str, Job] = {}
        self._heard: set[str] = set()
        self._twins = Duplicates()
        self._left = 0
        self.under_way = 0

    def go(self, items: Sequence[BatchItem]) -> None:
        """Do all items. Raises what concerns more than one of them, and `NoAnswerInTime`."""
        self._left = len(items)
        self._twins.expect(items)
        todo = deque(self._recalled(items))
        heard = self._exchange.clock()
        while self._left:
            while todo and self.under_way < UNDER_WAY_MAX and self._up.busy < 2 * UPLOADS_AT_ONCE:
                self._begin(todo.popleft())
            self._send_if_due()
            try:
                event = self._events.get(timeout=LINGER_SECONDS)
            except queue.Empty:
                if self._exchange.clock() - heard > self._patience and not (self._up.busy or self._down.busy):
                    raise self._impatient() from None
                continue
            event()
            heard = self._exchange.clock()

    # Each of these is called in the thread of `go`.

    def _recalled(self, items: Sequence[BatchItem]) -> list[BatchItem]:
        """Take up what the ledger knows; return what is to be begun."""
        todo, unsure, sent = [], {}, []
        for item in items:
            entry = self._ledger.find(item)
            if entry is None:
                todo.append(item)
            elif entry.state == "failed":
                self._fail(item, entry.cause or "it failed before", None, final=True)
            elif entry.state == "done" and (item.out is None or item.out.exists()):
                self._left -= 1
                self._watcher.before(item)
            elif entry.state == "sending":
                unsure[entry.job] = (item, entry.body)
                self._items_of[entry.job].append(item)
            else:
                self.under_way += 1
                self._items_of[entry.job].append(item)
                sent.append(entry.job)
        sent.extend(self._send_again(unsure))
        for job in self._exchange.jobs(dict.fromkeys(sent), self._operation.name):
            self._watch(job)
        return todo

    def _send_again(self, unsure: dict[str, tuple[BatchItem, str]]) -> list[str]:
        """Send jobs of which it is not known whether they were sent; return those that are done already."""
        known = self._exchange.find_results(unsure)
        for job_id, (item, body) in unsure.items():
            self.under_way += len(self._items_of[job_id])
            if job_id not in known:
                self._to_send(item, Request.from_json(body))
        return list(known)

    def _begin(self, item: BatchItem) -> None:
        self.under_way += 1
        self._up.do(partial(self._upload, item), partial(self._uploaded, item), partial(self._broken, item))

    def _upload(self, item: BatchItem) -> Request | BatchItem:
        """Upload an image, or return its like that is uploaded already. In a thread of a pool."""
        first = self._twins.first_like(item)
        if first is not item:
            return first
        return self._exchange.request(self._prepared(item))

    def _prepared(self, item: BatchItem) -> Prepared:
        file_name = item.out.name if item.out else None
        return prepare(
            self._operation, item.source, name=item.name, file_name=file_name, parameters=self._parameters
        )

    def _uploaded(self, item: BatchItem, request: Request | BatchItem) -> None:
        if isinstance(request, Request):
            self._items_of[request.id].append(item)
            self._to_send(item, request)
            for twin in self._twins.uploaded(item, request):
                self._join(twin, request)
        elif self._twins.is_lost(request):
            self.under_way -= 1
            self._begin(item)
        elif first := self._twins.request_like(request, item):
            self._join(item, first)

    def _join(self, item: BatchItem, request: Request) -> None:
        """Let an image have the job of one like it; under a name of its own, only the upload."""
        if item.name is not None:
            own = self._prepared(item)
            mine = self._exchange.request(
                own, stored=request.input if isinstance(request.input, Stored) else None
            )
            self._items_of[mine.id].append(item)
            self._to_send(item, mine)
            return
        self._items_of[request.id].append(item)
        job = self._jobs.get(request.id)
        if job is not None:  # else it is noted when it is sent
            self._ledger.note([(item, request.id, request.to_json())], "sent")
            # Not whether it is done: what is still on its way to `_answered` finishes all of its images.
            if job.id in self._heard:
                self._finish(item, job)

    def _to_send(self, item: BatchItem, request: Request) -> None:
        if not self._ready:
            self._ready_since = time.monotonic()
        self._ready.append((item, request))

    def _send_if_due(self) -> None:
        while len(self._ready) >= SQS_BATCH_MAX or (
            self._ready
            and (not self._up.busy or time.monotonic() - self._ready_since > self._linger())
            and self._events.empty()
        ):
            batch, self._ready = self._ready[:SQS_BATCH_MAX], self._ready[SQS_BATCH_MAX:]
            requests = [request for _, request in batch]
            noted = [(item, request.id, request.to_json()) for _, request in batch
                     for item in self._items_of[request.id]]  # fmt: skip
            self._ledger.note(noted, "sending")
            jobs = self._exchange.send(requests)
            # What SQS refused is none that a later run may wait for.
            self._ledger.mark_sent([job.id for job in jobs if not _was_refused(job)])
            for job in jobs:
                self._watch(job)

    def _linger(self) -> float:
        return LINGER_LONGEST_SECONDS if self._up.busy >= SQS_BATCH_MAX else LINGER_SECONDS

    def _watch(self, job: Job) -> None:
        self._jobs[job.id] = job
        job.add_done_callback(lambda _: self._events.put(partial(self._answered, job)))

    def _answered(self, job: Job) -> None:
        self._heard.add(job.id)
        for item in list(self._items_of[job.id]):
            self._finish(item, job)

    def _finish(self, item: BatchItem, job: Job) -> None:
        problem = job.exception(0)
        if problem is not None:
            self._broken(item, problem)
            return
        result = job.result(0)
        out = item.out
        if out is None:
            self._written(item, result, None)
            return

        def fetch() -> None:
            make_folder(out.parent)
            self._exchange.download(result, out)

        self._down.do(fetch, partial(self._written, item, result), partial(self._broken, item))

    def _written(self, item: BatchItem, result: Result, _: object) -> None:
        self._ledger.mark(item, "done")
        self._left -= 1
        self.under_way -= 1
        self._watcher.done(item, result)

    def _broken(self, item: BatchItem, problem: BaseException) -> None:
        if not isinstance(problem, _OF_ONE):
            raise problem
        result = problem.result if isinstance(problem, JobFailed) else None
        if result:
            self._ledger.mark(item, "failed", str(problem))
        self.under_way -= 1
        self._fail(item, str(problem), result, final=result is not None)
        for twin in self._twins.lost(item):
            self.under_way -= 1
            self._begin(twin)

    def _fail(self, item: BatchItem, cause: str, result: Result | None, *, final: bool) -> None:
        self._left -= 1
        self._watcher.failed(item, cause, result, final=final)

    def _impatient(self) -> NoAnswerInTime:
        waiting = [job for job in self._jobs.values() if not job.done()]
        first = waiting[0].id if waiting else ""
        why, sleeping = self._exchange.why_not_yet(first) if first else "", self._exchange.why_nobody_comes()
        return NoAnswerInTime(
            f"no worker answered within {self._patience:g} s; {many(len(waiting), 'job')} "
            f"{'is' if len(waiting) == 1 else 'are'} still waiting, the first of them {first}{why}{sleeping}",
            first,
            explained=bool(sleeping),
        )


def _was_refused(job: Job) -> bool:
    return job.done() and isinstance(job.exception(0), NotTaken)
