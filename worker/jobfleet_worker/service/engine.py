"""The worker as a whole: what receives, works and commits, and how it starts and stops."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.drop_events import read_event
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.message import Request

from jobfleet_worker.aws.circuit_breaker import Gate, words
from jobfleet_worker.aws.credentials_file import credentials_age
from jobfleet_worker.aws.queues import Message, Queues
from jobfleet_worker.aws.storage import Storage
from jobfleet_worker.clock import Clock
from jobfleet_worker.errors import GivenUp, trace
from jobfleet_worker.job.attempt import Attempts
from jobfleet_worker.job.broken_attempts import backoff
from jobfleet_worker.job.commit import COMMITTERS, Committer
from jobfleet_worker.job.dropped_input import Drops
from jobfleet_worker.job.guarded_calls import Calls
from jobfleet_worker.job.handover import RECENT, Elsewhere, Others
from jobfleet_worker.job.held_messages import Held, Holds
from jobfleet_worker.job.in_hand import Finished, Job
from jobfleet_worker.job.steps import Steps
from jobfleet_worker.offers.offer import Offer, make_offer
from jobfleet_worker.processes.pool import Pool, longest_wait
from jobfleet_worker.reporting.heartbeats import Heartbeats
from jobfleet_worker.reporting.journal import Journal
from jobfleet_worker.reporting.systemd import Watchdog, notify
from jobfleet_worker.service.receiver import Receivers
from jobfleet_worker.service.watched_threads import Loops
from jobfleet_worker.settings import Settings

# How often the main thread looks up: for signals and the watchdog.
TURN_SECONDS = 0.2

# Jobs that wait for their turn, for each process: enough to keep it busy, and no other worker idle.
WAITING_PER_PROCESS = 4


def io_threads(processes: int) -> int:
    """Return how many jobs fetch, wait for a process or store at a time."""
    return min(64, 8 * processes + 8)


class Engine:
    """Runs until `stop` was called and everything in hand is done; a second `stop` ends that too."""

    def __init__(
        self,
        settings: Settings,
        queues: Queues,
        storage: Storage,
        drops: Drops,
        journal: Journal,
        clock: Clock,
        credentials: Callable[[], object] = lambda: None,
        backoff: Callable[[int], int] = backoff,
        version: str = "",
        offer: Offer | None = None,
    ) -> None:
        self._settings, self._queues, self._storage = settings, queues, storage
        self._journal, self._clock, self._backoff = journal, clock, backoff
        self.gate = Gate(clock, credentials, journal.tell, lambda status: notify(f"STATUS={status}"))
        self.holds = Holds(queues, clock, settings.visibility_timeout, settings.job_time_limit, journal.tell)
        self.pool = Pool(settings)
        self.offer = offer or make_offer(settings)
        others = Others(settings.worker_id, lambda: storage.heartbeats(clock.now() - RECENT), clock)
        elsewhere = Elsewhere(self.offer, others, queues, clock)
        calls = Calls(self.gate, self.holds, self._is_stopping, self._is_halted)
        self._steps = Steps(settings, storage, drops, self.pool, calls, clock, self.offer, elsewhere)
        self._attempts = Attempts(settings, storage, drops, queues, self._steps, calls, clock, elsewhere)
        self._committer = Committer(settings, queues, storage, journal, self.holds, self.gate, clock)
        self._receivers = Receivers(
            queues, self.gate, clock, settings.wait_time, self._places, self.take, journal.tell
        )
        self._version = version
        self.heartbeats = Heartbeats(clock, storage.write_heartbeat, self._state)
        self._committer.ended, self._committer.broken = self._ended, self._broken
        self._committer.backlog = lambda: self._working > settings.processes
        self._committer.more, self._committer.halted = self._more_may_finish, self._is_halted
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._in_hand: dict[str, deque[Job]] = {}
        self._lock = threading.Lock()
        self._reserved = self._working = 0
        self._watchdog = Watchdog(clock, lambda: self.gate.trouble is not None)
        self._loops = Loops(self._watchdog, journal.tell, self._died)
        self._log_due = 0.0
        self._stopping, self._halted, self._over = threading.Event(), threading.Event(), threading.Event()

    # -- its life ---------------------------------------------------------------------------------

    def stop(self) -> None:
        """Receive no more and finish what was begun; called again, hand that back too."""
        if self._stopping.is_set():
            self._halted.set()
        self._receivers.stopped.set()
        self._stopping.set()

    def _died(self) -> None:
        """Finish what was begun, as far as it goes without a thread; what starts next has them all."""
        with self._lock:
            if not self._stopping.is_set():
                self.stop()

    def run(self) -> bool:
        """Work until stopped; return whether it was stopped from outside, and not by a thread that died."""
        thread, settings = self._loops.thread, self._settings
        receivers = [thread(name, run) for name, run in self._receivers.loops()]
        patience, workers = longest_wait(settings.job_time_limit), io_threads(settings.processes)
        others = [
            thread("hold", self.holds.run, self._over),
            *(thread(f"commit-{n}", self._committer.run, self._over) for n in range(COMMITTERS)),
            *(thread(f"work-{n}", self._work, patience=patience) for n in range(workers)),
            thread("tidy", self._tidy),
        ]
        self.pool.start()
        self._committer.start()
        for one in [*others, *receivers]:
            one.start()
        notify("READY=1", "STATUS=at work")
        period = min(TURN_SECONDS, self._watchdog.period)
        while not self._stopping.wait(period):
            self._watchdog.feed()
        notify("STOPPING=1")
        notify("STATUS=finishing what was begun")
        self._finish(receivers, period)
        return not self._loops.broken

    def _finish(self, receivers: list[threading.Thread], period: float) -> None:
        deadline = self._clock.monotonic() + self._settings.stop_timeout
        self._hand_back_waiting()
        while any(thread.is_alive() for thread in receivers) or len(self.holds):
            if self._is_halted() or self._clock.monotonic() >= deadline:
                break
            trouble = self.gate.trouble
            if trouble and trouble.credentials_refused and not self.gate.is_open():
                break  # nothing can be finished, and nothing handed back either
            self._watchdog.feed()
            self._hand_back_waiting()
            self._halted.wait(min(period, 0.05))
        self._halted.set()
        self._hand_back(self.holds.all(), 0)
        self.pool.stop()
        self._over.set()
        self._committer.stop()
        self._tidy_once(stopped=True)

    def _tidy(self, moved: Callable[[], None]) -> None:
        """Upload what was said, and the heartbeat, from time to time."""
        while not self._over.is_set():
            moved()
            if self.gate.is_open():
                self._tidy_once(moved)
            self._over.wait(1.0)

    def _tidy_once(self, moved: Callable[[], None] = lambda: None, *, stopped: bool = False) -> None:
        # If this fails, the next round does it, or the next start does.
        with suppress(BotoCoreError, ClientError):
            if stopped or self.heartbeats.due():
                self.heartbeats.write(stopped=stopped)
            if self._clock.monotonic() >= self._log_due and not stopped:
                self._log_due = self._clock.monotonic() + self._settings.log_max_age
                self._journal.upload(moved)

    def _state(self) -> Heartbeat:
        trouble = self.gate.trouble
        return Heartbeat(
            self._settings.worker_id,
            version=self._version,
            in_flight=len(self.holds),
            paused=trouble.kind if trouble else None,
            credentials_age=credentials_age(),
            offer=self.offer.sign(),
        )

    def _is_stopping(self) -> str | None:
        return "the worker stops" if self._stopping.is_set() else None

    def _is_halted(self) -> str | None:
        return "the worker stops" if self._halted.is_set() else None

    # -- messages in ------------------------------------------------------------------------------

    def _more_may_finish(self) -> bool:
        return self._working > 0 or self._receivers.many.is_set()

    def _places(self) -> int:
        with self._lock:
            if self._waiting.qsize() >= WAITING_PER_PROCESS * self._settings.processes:
                return 0
            if self.gate.trouble and len(self.holds) > self._settings.processes:
                return 0  # what is in hand may try first
            places = min(SQS_BATCH_MAX, self._settings.max_in_flight - len(self.holds) - self._reserved)
            self._reserved += max(0, places)
            return max(0, places)

    def take(self, messages: list[Message], places: int, asked_at: float) -> None:
        """Hold what was received, do at once what is small, and line up the rest."""
        held = self.holds.take(messages, asked_at)
        with self._lock:
            self._reserved -= places
            self._working += len(held)
        if self._stopping.is_set():
            self._drop(held)
            return
        small = [job for job in map(self._read, held) if not self._lined_up(job)]
        for job in small:
            self._do(job, self._attempts.make_small)

    def _read(self, held: Held) -> Job:
        body = held.message.body
        try:
            return Job(held, Request.from_json(body))
        except BadJob as problem:
            unreadable = problem
        try:
            event = read_event(body, self._settings.bucket)
        except BadJob as problem:
            return Job(held, None, problem)
        if isinstance(event, Request):
            return Job(held, event)
        return Job(held, None, unreadable, event=event)

    def _lined_up(self, job: Job) -> bool:
        """Leave a job that is not small to the threads that do those; one id is in their hands once."""
        if job.request:
            with self._lock:
                others = self._in_hand.get(job.request.id)
                if others is not None:
                    job.again = True
                    others.append(job)
                    return True
                self._in_hand[job.request.id] = deque()
            if self._steps.is_small(job):
                return False
        self._waiting.put(job)
        return True

    # -- work -------------------------------------------------------------------------------------

    def _work(self, moved: Callable[[], None]) -> None:
        while not self._over.is_set():
            moved()
            with suppress(queue.Empty):
                job = self._waiting.get(timeout=1.0)
                job.moved = moved
                if self._stopping.is_set():
                    self._drop([job.held])
                elif self.holds.is_lost(job.held):
                    self._let_go(job)
                else:
                    self._do(job, self._attempts.make)

    def _do(self, job: Job, make: Callable[[Job], Finished]) -> None:
        try:
            finished = make(job)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this job's, and the worker lives on
            self._end_badly(job, problem)
        else:
            with self._lock:
                self._working -= 1
            self._committer.put(finished)

    # -- messages out -----------------------------------------------------------------------------

    def _ended(self, finished: Finished) -> None:
        self.heartbeats.count(finished.line["outcome"], finished.result.id)
        self._let_go(finished.job, worked=True)

    def _broken(self, finished: Finished, problem: Exception) -> None:
        self._end_badly(finished.job, problem, worked=True)

    def _end_badly(self, job: Job, problem: Exception, *, worked: bool = False) -> None:
        job_id = job.request.id if job.request else ""
        if isinstance(problem, GivenUp):
            self._journal.tell("given-up", job=job_id, attempt=job.held.message.attempt, cause=str(problem))
            self._hand_back([job.held], 0)
        else:
            wait = self._backoff(job.held.message.attempt)
            # Of what is no known failure, whoever has to find the fault wants to know where it is.
            where = "" if isinstance(problem, BotoCoreError | ClientError) else trace(problem)
            self._journal.tell(
                "attempt-broken", job=job_id, attempt=job.held.message.attempt, cause=words(problem),
                again_in_seconds=wait, **({"trace": where} if where else {}),
            )  # fmt: skip
            # Where this cannot be stored, the next attempt says that this one left no word.
            with suppress(BotoCoreError, ClientError):
                self._attempts.note_broken(job, words(problem))
            self.heartbeats.count("broken", job_id)
            self._hand_back([job.held], wait)
        self._let_go(job, worked=worked)

    def _let_go(self, job: Job, *, worked: bool = False) -> None:
        self.holds.release([job.held])
        with self._lock:
            self._working -= not worked
            others = self._in_hand.get(job.request.id) if job.request else None
            if job.request and others is not None:
                if others:
                    self._waiting.put(others.popleft())
                else:
                    del self._in_hand[job.request.id]

    def _hand_back_waiting(self) -> None:
        """Hand back what was not begun."""
        jobs: list[Job] = []
        with suppress(queue.Empty):
            while True:
                jobs.append(self._waiting.get_nowait())
        with self._lock:
            for others in self._in_hand.values():
                jobs += others
                others.clear()
        self._drop([job.held for job in jobs])

    def _drop(self, held: Sequence[Held]) -> None:
        if held:
            self._hand_back(held, 0)
            with self._lock:
                self._working -= len(held)

    def _hand_back(self, held: Sequence[Held], seconds: int) -> None:
        with suppress(BotoCoreError, ClientError):
            self.holds.hand_back(held, seconds)
