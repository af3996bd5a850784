"""The jobs that wait for their turn or are at work, and the places that are left."""

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX

from jobfleet_worker.aws.circuit_breaker import CircuitBreaker
from jobfleet_worker.clock import Clock
from jobfleet_worker.job.in_hand import Finished, JobInHand
from jobfleet_worker.job.leases import Lease, Leases
from jobfleet_worker.service.busy_slots import BusySlots
from jobfleet_worker.service.line_room import LineRoom
from jobfleet_worker.settings import WorkerSettings
from jobfleet_worker.turns import Turns

# Jobs that wait for their turn, for each process, at most: enough to keep it busy with the shortest.
WAITING_PER_PROCESS = 4

# While jobs wait in line, a place that came free waits for others, so that one receive fills them all: for so
# many at most, and not so long that small jobs of others behind a folder of images would be held up.
FILLED_TOGETHER = 5
FILLED_TOGETHER_SECONDS = 0.5


def io_threads(processes: int) -> int:
    """Return how many jobs fetch, wait for a process or store at a time."""
    return min(64, 8 * processes + 8)


class Backlog:
    """Counts what is in hand. An id is at work once: a second message with it waits for the first.

    Groups take turns. One that fills the line does not keep others out for long either: for each job that
    ends, one message is received, and SQS gives those of quiet groups first. Small jobs are never in line.

    `many` is set while the queue seems to hold more requests than are received at a time.
    """

    def __init__(
        self, settings: WorkerSettings, leases: Leases, breaker: CircuitBreaker, clock: Clock
    ) -> None:
        self._settings, self._leases, self._breaker, self._clock = settings, leases, breaker, clock
        self._waiting: Turns[JobInHand] = Turns()
        self._same_id: dict[str, deque[JobInHand]] = {}
        self._lock = threading.Condition()  # told when a job is lined up
        self._reserved = self._working = self._with_threads = 0
        most = io_threads(settings.processes) + WAITING_PER_PROCESS * settings.processes
        self._room = LineRoom(settings.processes, most, clock)
        self._free_since: float | None = None
        self.many = threading.Event()
        self.busy = BusySlots(settings.processes, clock)

    # -- in ---------------------------------------------------------------------------------------

    def places(self) -> int:
        """Reserve up to as many places as one receive can fill; return how many."""
        with self._lock:
            if self._breaker.trouble and len(self._leases) > self._settings.processes:
                return 0  # what is in hand may try first
            free = self._settings.max_in_flight - len(self._leases)
            if in_line := len(self._waiting) + self._with_threads:
                free = min(free, self._room.in_line() - in_line)
            else:
                free = min(free, self._room.at_once())
            places = max(0, min(SQS_BATCH_MAX, free - self._reserved))
            # A slot that has no job waits for no others.
            slots_have_work = in_line + self._reserved > self._settings.processes
            if in_line and slots_have_work and self._wait_for_more(places):
                return 0
            self._reserved += places
            return places

    def _wait_for_more(self, places: int) -> bool:
        """Tell whether so many places are to wait for others that come free."""
        now = self._clock.monotonic()
        if not 0 < places < FILLED_TOGETHER:
            self._free_since = None
            return False
        self._free_since = now if self._free_since is None else self._free_since
        if now - self._free_since < FILLED_TOGETHER_SECONDS:
            return True
        self._free_since = None
        return False

    def fill(self, places: int, jobs: int) -> None:
        """Give reserved places free, as `jobs` came for them and are in hand now."""
        with self._lock:
            self._reserved -= places
            self._working += jobs
            self.busy.add(jobs)

    def is_first(self, job: JobInHand) -> bool:
        """Tell whether a job's id is in no other's hands; a job whose id is waits for the other's end."""
        if job.request is None:
            return True
        with self._lock:
            others = self._same_id.get(job.request.id)
            if others is not None:
                job.again = True
                others.append(job)
                return False
            self._same_id[job.request.id] = deque()
            return True

    def put(self, job: JobInHand) -> None:
        """Line up a job."""
        with self._lock:
            job.was_in_line = True
            self._waiting.put(job.group, job)
            self._lock.notify()

    @contextmanager
    def next_job(self, seconds: float) -> Iterator[JobInHand]:
        """Wait for the next job in line, and have it inside. Raises `queue.Empty` when none came in time."""
        with self._lock:
            if not self._lock.wait_for(lambda: self._waiting, seconds):
                raise queue.Empty
            job = self._waiting.take()
            self._with_threads += 1
        try:
            yield job
        finally:
            with self._lock:
                self._with_threads -= 1

    # -- at work ----------------------------------------------------------------------------------

    def in_hand(self) -> int:
        """Return how many messages are in hand, also of jobs that are done and not committed."""
        return len(self._leases)

    def more_may_finish(self) -> bool:
        """Tell whether other jobs may be finished soon."""
        return self._working > 0 or self.many.is_set()

    def is_at_work(self) -> bool:
        """Tell whether jobs are in hand that are not finished."""
        return self._working > 0

    # -- out --------------------------------------------------------------------------------------

    def worked(self, finished: Finished) -> None:
        """Note that the work on a job is done, and its result is to be committed.

        Its slot is free then if it had a process. Most of a small job's work are the calls that commit it.
        """
        with self._lock:
            self._working -= 1
            self._room.ended(finished.seconds, was_in_line=finished.job.was_in_line)
            if finished.seconds:
                self._leave_slot(finished.job)

    def let_go(self, job: JobInHand, *, worked: bool = False) -> None:
        """Forget a job, and line up the next of its id. `worked`: its work was noted as done before."""
        self._leases.release([job.lease])
        with self._lock:
            self._working -= not worked
            self._leave_slot(job)
            others = self._same_id.get(job.request.id) if job.request else None
            if job.request and others is not None:
                if others:
                    self.put(others.popleft())
                else:
                    del self._same_id[job.request.id]

    def hand_back_waiting(self) -> None:
        """Hand back what was not begun."""
        with self._lock:
            jobs = [self._waiting.take() for _ in range(len(self._waiting))]
            for others in self._same_id.values():
                jobs += others
                others.clear()
        self.drop([job.lease for job in jobs])

    def drop(self, leases: Sequence[Lease]) -> None:
        """Hand back messages whose jobs are not begun."""
        if leases:
            self.hand_back(leases, 0)
            with self._lock:
                self._working -= len(leases)
                self.busy.add(-len(leases))

    def _leave_slot(self, job: JobInHand) -> None:
        if job.in_slot:
            job.in_slot = False
            self.busy.add(-1)

    def hand_back(self, leases: Sequence[Lease], seconds: int) -> None:
        """Let others have messages after `seconds`. What cannot be handed back comes back by itself."""
        with suppress(BotoCoreError, ClientError):
            self._leases.hand_back(leases, seconds)
