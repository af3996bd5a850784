"""The jobs that wait for their turn or are at work, and the places that are left."""

import queue
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX

from jobfleet_worker.aws.circuit_breaker import CircuitBreaker
from jobfleet_worker.job.in_hand import JobInHand
from jobfleet_worker.job.leases import Lease, Leases
from jobfleet_worker.settings import WorkerSettings

# Jobs that wait for their turn, for each process: enough to keep it busy, and no other worker idle.
WAITING_PER_PROCESS = 4


class Backlog:
    """Counts what is in hand. An id is at work once: a second message with it waits for the first.

    `many` is set while the queue seems to hold more requests than are received at a time.
    """

    def __init__(self, settings: WorkerSettings, leases: Leases, breaker: CircuitBreaker) -> None:
        self._settings, self._leases, self._breaker = settings, leases, breaker
        self._waiting: queue.SimpleQueue[JobInHand] = queue.SimpleQueue()
        self._same_id: dict[str, deque[JobInHand]] = {}
        self._lock = threading.Lock()
        self._reserved = self._working = 0
        self.many = threading.Event()

    # -- in ---------------------------------------------------------------------------------------

    def places(self) -> int:
        """Reserve up to as many places as one receive can fill; return how many."""
        with self._lock:
            if self._waiting.qsize() >= WAITING_PER_PROCESS * self._settings.processes:
                return 0
            if self._breaker.trouble and len(self._leases) > self._settings.processes:
                return 0  # what is in hand may try first
            places = min(SQS_BATCH_MAX, self._settings.max_in_flight - len(self._leases) - self._reserved)
            self._reserved += max(0, places)
            return max(0, places)

    def fill(self, places: int, jobs: int) -> None:
        """Give reserved places free, as `jobs` came for them and are in hand now."""
        with self._lock:
            self._reserved -= places
            self._working += jobs

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
        self._waiting.put(job)

    def get(self, seconds: float) -> JobInHand:
        """Wait for the next job in line. Raises `queue.Empty` when none came in time."""
        return self._waiting.get(timeout=seconds)

    # -- at work ----------------------------------------------------------------------------------

    def more_may_finish(self) -> bool:
        """Tell whether other jobs may be finished soon."""
        return self._working > 0 or self.many.is_set()

    def is_backlogged(self) -> bool:
        """Tell whether more are begun than there are processes."""
        return self._working > self._settings.processes

    # -- out --------------------------------------------------------------------------------------

    def worked(self) -> None:
        """Note that the work on a job is done, and its result is to be committed."""
        with self._lock:
            self._working -= 1

    def let_go(self, job: JobInHand, *, worked: bool = False) -> None:
        """Forget a job, and line up the next of its id. `worked`: its work was noted as done before."""
        self._leases.release([job.lease])
        with self._lock:
            self._working -= not worked
            others = self._same_id.get(job.request.id) if job.request else None
            if job.request and others is not None:
                if others:
                    self._waiting.put(others.popleft())
                else:
                    del self._same_id[job.request.id]

    def hand_back_waiting(self) -> None:
        """Hand back what was not begun."""
        jobs: list[JobInHand] = []
        with suppress(queue.Empty):
            while True:
                jobs.append(self._waiting.get_nowait())
        with self._lock:
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

    def hand_back(self, leases: Sequence[Lease], seconds: int) -> None:
        """Let others have messages after `seconds`. What cannot be handed back comes back by itself."""
        with suppress(BotoCoreError, ClientError):
            self._leases.hand_back(leases, seconds)
