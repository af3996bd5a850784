"""The collector of answers: from the reply queue and the bucket to the jobs that wait for them.

Two threads at most, each there only while it has something to wait for: one receives from the reply
queue, one looks into the bucket for what is not to come by the queue. An answer can miss the queue
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html: it takes
a second until a new one can be used), so the bucket is looked at too when the queue has been silent.
"""

import concurrent.futures
import functools
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.started_note import StartedNote

from jobfleet.answers.job import Job
from jobfleet.answers.reply_queue import ReplyQueue
from jobfleet.answers.result_store import Results
from jobfleet.aws.account import Account
from jobfleet.errors import FleetError, JobFailed, Unreachable

# Short at first, so that an answer that missed the queue is soon looked for; then SQS's longest.
LONG_POLL_SECONDS, LONGEST_POLL_SECONDS = 5, 20
SHORT_POLLS = 6

# How often the bucket is looked at for answers that do not come by the queue.
LOOK_FIRST_SECONDS, LOOK_LONGEST_SECONDS = 0.2, 5.0

# With so many jobs under way, answers are let gather for a while, so that a call brings several. That is how
# long at most, where nobody waits for one answer alone.
MANY = 2 * SQS_BATCH_MAX
GATHER_SECONDS = 2.0

# How long AWS may be out of reach before those who wait are told.
TROUBLE_SECONDS = 60.0
TROUBLE_PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0)


T = TypeVar("T")


class _Answer(NamedTuple):
    """An answer as it came; `result` is None where it is too long for a message and lies in the bucket."""

    id: str
    result: Result | None


class Collector:
    """Collects the answers of one client process. With many under way, `gather_seconds` is a call's pause.

    `on_heard` is called when a worker has answered to the queue, or told that it works on a job.
    """

    def __init__(
        self, account: Account, queue: ReplyQueue, results: Results, gather_seconds: float = GATHER_SECONDS
    ) -> None:
        self._account, self._queue, self._results = account, queue, results
        self._gather_seconds = gather_seconds
        self.on_heard: Callable[[], object] = lambda: None
        self._by_queue: dict[str, Job] = {}
        self._by_bucket: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._running: set[str] = set()
        self._closed = False
        self._trouble: FleetError | None = None
        self._trouble_since = 0.0

    @property
    def is_waited_for(self) -> bool:
        """Whether any job has no answer yet."""
        return bool(self._by_queue or self._by_bucket)

    @property
    def trouble(self) -> FleetError | None:
        """Why no answers can be had at the moment, or None."""
        return self._trouble

    def expect(self, job: Job, *, by_queue: bool) -> None:
        """Bring a job its answer when it comes. Called before the job is sent."""
        with self._changed:
            self._wait_for(job, self._by_queue if by_queue else self._by_bucket)
            self._closed = False

    def start(self) -> None:
        """Begin to collect, if that is not under way. Called when jobs were sent."""
        with self._changed:
            for name, waiting, turn in (
                ("queue", self._by_queue, self._listen),
                ("bucket", self._by_bucket, self._look),
            ):
                if waiting and name not in self._running:
                    self._running.add(name)
                    threading.Thread(
                        target=self._run, args=(name, turn), name=f"jobfleet-{name}", daemon=True
                    ).start()
            self._changed.notify_all()

    def drop(self, job: Job) -> None:
        """Expect nothing of a job any more: it was not sent."""
        with self._changed:
            for waiting in (self._by_queue, self._by_bucket):
                if waiting.get(job.id) is job:
                    del waiting[job.id]

    def look_once(self, job: Job) -> None:
        """Look into the bucket for one job's answer, now."""
        found = self._results.find(job.id)
        if found:
            self._settle(_Answer(job.id, found))
            job.settle(found)

    def close(self) -> None:
        """Stop collecting; nobody shall wait for what was not answered yet."""
        with self._changed:
            self._closed = True
            jobs = self._take_all()
            self._changed.notify_all()
        for job in jobs:
            words = f"the fleet was closed before job {job.id} was answered; its result will be in the bucket"
            job.give_up(FleetError(words))

    def _take_all(self) -> list[Job]:
        jobs = [*self._by_queue.values(), *self._by_bucket.values()]
        self._by_queue.clear()
        self._by_bucket.clear()
        return jobs

    def _run(self, name: str, turn: Callable[[], None]) -> None:
        try:
            turn()
        except Exception as problem:  # noqa: BLE001 - a thread has nobody above it: those who wait are told
            self._fail_all(FleetError(f"unforeseen: {type(problem).__name__}: {problem}"))
            with self._changed:
                self._running.discard(name)

    def _idle(self, name: str, waiting: dict[str, Job]) -> bool:
        """Tell whether the thread called `name` has nothing to do; then it ends."""
        with self._changed:
            if waiting and not self._closed:
                return False
            self._running.discard(name)
            return True

    def _listen(self) -> None:
        silent, asked, rate = 0, time.monotonic(), 0.0
        while not self._idle("queue", self._by_queue):
            seconds = LONG_POLL_SECONDS if silent < SHORT_POLLS else LONGEST_POLL_SECONDS
            nothing: list[str] | None = []
            bodies = self._tried(functools.partial(self._queue.receive, seconds), nothing)
            if bodies is None:
                self._go_to_bucket(list(self._by_queue))
                continue
            if bodies:
                self.on_heard()
            for body in bodies:
                if note := StartedNote.read(body):
                    self._note_started(note)
                else:
                    self._settle(_read(body))
            silent = 0 if bodies else silent + 1
            # After 1, 2, 4 silent polls, then after each sixth.
            if silent and (silent & (silent - 1) == 0 or silent % SHORT_POLLS == 0):
                self._find(self._by_queue)
            now = time.monotonic()
            rate, asked = 0.5 * rate + 0.5 * len(bodies) / max(now - asked, 1e-3), now
            self._gather(len(bodies), rate)

    def _gather(self, got: int, rate: float) -> None:
        """Wait until some answers have come together, where many are to come at `rate` a second."""
        with self._changed:
            if 0 < got < SQS_BATCH_MAX and len(self._by_queue) >= MANY and not self._closed:
                self._changed.wait(min(self._gather_seconds, SQS_BATCH_MAX / max(rate, 1e-3)))

    def _look(self) -> None:
        pause = LOOK_FIRST_SECONDS
        while not self._idle("bucket", self._by_bucket):
            found = self._find(self._by_bucket)
            pause = LOOK_FIRST_SECONDS if found else min(2 * pause, LOOK_LONGEST_SECONDS)
            with self._changed:
                if self._by_bucket:
                    self._changed.wait(pause)

    def _find(self, waiting: dict[str, Job]) -> int:
        with self._changed:
            ids = list(waiting)
        nothing: dict[str, Result] = {}
        found = self._tried(functools.partial(self._results.find_many, ids), nothing)
        for job_id, result in found.items():
            self._settle(_Answer(job_id, result))
        return len(found)

    def _note_started(self, note: StartedNote) -> None:
        with self._changed:
            jobs = [waiting.get(note.id) for waiting in (self._by_queue, self._by_bucket)]
        for job in jobs:
            if job:
                job.note_started(note.worker, note.at)

    def _settle(self, answer: _Answer | None) -> None:
        if answer is None:
            return
        if answer.result is None:
            self._go_to_bucket([answer.id])
            return
        with self._changed:
            job = self._by_queue.pop(answer.id, None) or self._by_bucket.pop(answer.id, None)
        if job:
            job.settle(answer.result)

    def _go_to_bucket(self, job_ids: list[str]) -> None:
        with self._changed:
            for job_id in job_ids:
                job = self._by_queue.pop(job_id, None)
                if job:
                    self._wait_for(job, self._by_bucket)
        self.start()

    def _wait_for(self, job: Job, waiting: dict[str, Job]) -> None:
        """Note a job; one of the same id that is noted already hands its answer on."""
        other = waiting.setdefault(job.id, job)
        if other is not job:
            other.add_done_callback(lambda done: _hand_on(done, job))
            other.add_started_callback(lambda begun: _hand_on_start(begun, job))

    def _tried(self, call: Callable[[], T], otherwise: T) -> T:
        """Return what `call` does; while AWS is out of reach, wait a little and return `otherwise`."""
        try:
            answer = call()
        except Exception as problem:
            trouble = self._account.sentences.of(problem)  # it becomes the exception of jobs
            if trouble is None:
                raise
            self._note_trouble(trouble)
            return otherwise
        self._trouble = None
        return answer

    def _note_trouble(self, trouble: FleetError) -> None:
        now = time.monotonic()
        if self._trouble is None:
            self._trouble_since = now
        self._trouble = trouble
        if not isinstance(trouble, Unreachable) or now - self._trouble_since > TROUBLE_SECONDS:
            self._fail_all(trouble)
            return
        with self._changed:
            gone = int(now - self._trouble_since)
            self._changed.wait(TROUBLE_PAUSES_SECONDS[min(gone, len(TROUBLE_PAUSES_SECONDS) - 1)])

    def _fail_all(self, trouble: FleetError) -> None:
        with self._changed:
            jobs = [] if self._closed else self._take_all()
        for job in jobs:
            job.give_up(trouble)


def _hand_on(done: "concurrent.futures.Future[Result]", job: Job) -> None:
    problem = done.exception(0)
    if problem is None:
        job.settle(done.result(0))
    elif isinstance(problem, JobFailed):
        job.settle(problem.result)
    else:
        job.give_up(problem)


def _hand_on_start(begun: Job, job: Job) -> None:
    if begun.started:
        job.note_started(*begun.started)


def _read(body: str) -> _Answer | None:
    try:
        result = Result.from_json(body)
    except BadJob:
        return None  # of a version to come; the bucket has it too
    return _Answer(result.id, None if result.stored else result)
