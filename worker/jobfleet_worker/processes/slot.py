"""One process of the pool, which is thrown away when anything about it is odd.

Each process is a pebble pool of its own. A pool of several shares pipes and locks, and one that is
killed in the wrong instant takes the others with it.
"""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from pebble import ProcessExpired, ProcessPool

from jobfleet_worker.clock import LOOK_SECONDS
from jobfleet_worker.errors import BrokenAttempt, GivenUp
from jobfleet_worker.processes import child
from jobfleet_worker.processes.host_memory import job_memory
from jobfleet_worker.processes.progress import Progress
from jobfleet_worker.settings import WorkerSettings

# What one process does before a new one takes its place: what libraries leak goes with it.
TASKS_PER_PROCESS = 1_000

# One runs, the next lies ready: the process does not wait for this one's next turn.
TASKS_PER_SLOT = 2

# pebble looks after its processes ten times a second and gives one that hangs three seconds to end.
GRACE_SECONDS = 15.0

# A job whose process was taken away by a neighbour's fault begins again this often.
TRIES = 5


class KilledFromOutside(BrokenAttempt):
    """Its process was killed by none of us, as the kernel does when the host's memory runs out."""


def longest_wait(job_time_limit: float) -> float:
    """Return for how many seconds `Slot.run` may wait without a look at anything else."""
    return TASKS_PER_SLOT * (job_time_limit + GRACE_SECONDS)


class Slot:
    """One process, with a pool around it that is thrown away when anything about it is odd."""

    def __init__(self, settings: WorkerSettings, context: Any) -> None:
        self._context = context
        self._time_limit, self._memory_limit = settings.job_time_limit, job_memory(settings.job_memory_limit)
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._futures: set[Future[child.Done]] = set()
        self._progress = Progress(context)
        self._stopped = False
        self.tasks = 0

    def start(self) -> None:
        with self._lock, suppress(RuntimeError):  # the first job meets it too, and says so
            self._started()

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._throw_away()

    def run(
        self,
        task: child.Task,
        time_limit: float | None = None,
        given_up: Callable[[], str | None] | None = None,
        begun: Callable[[], None] = lambda: None,
    ) -> child.Done:
        """Return how it went. `given_up` is asked all the time; where it has a reason, the job is killed.

        `begun` is called each time that the job is handed to a process.
        """
        limit = time_limit or self._time_limit
        for _ in range(TRIES):
            begun()
            pool, future, number = self._schedule(task, limit)
            try:
                # The one before may use up its time too.
                return _result(future, longest_wait(limit), given_up)
            except GivenUp:
                self._renew(pool)
                raise
            except (BrokenProcessPool, CancelledError):
                self._renew(pool)
            except (ProcessExpired, FutureTimeoutError) as problem:
                # What is left in the pipes nobody knows; the neighbour's job begins again.
                self._renew(pool)
                # pebble may be behind with the news, and take a job that has ended for the one that runs.
                if self._progress.in_the_midst(number):
                    raise self._cause(problem, limit) from problem
            finally:
                with self._lock:
                    self._futures.discard(future)
        raise BrokenAttempt("the job's process was taken away again and again")

    def _cause(self, problem: ProcessExpired | FutureTimeoutError, limit: float) -> BrokenAttempt:
        if not isinstance(problem, ProcessExpired):
            return BrokenAttempt(f"the job took longer than {limit:g} s")
        if problem.exitcode == child.OUT_OF_MEMORY:
            return BrokenAttempt(
                f"the job needs more than the {self._memory_limit:,} bytes of memory it may have"
            )
        if problem.exitcode == -signal.SIGKILL:
            return KilledFromOutside(
                "the job's process was killed from outside, as it is when the host's memory runs out"
            )
        code = 0 if problem.exitcode == child.UNASKED else problem.exitcode
        return BrokenAttempt(f"the job's process died with exit code {code}")

    def _schedule(self, task: child.Task, time_limit: float) -> tuple[ProcessPool, Future[child.Done], int]:
        with self._lock:
            number = self._progress.next()
            numbered = task._replace(number=number)
            for _ in range(TRIES):
                try:
                    pool = self._started()
                    future = pool.schedule(child.work, args=(numbered,), timeout=time_limit)
                except RuntimeError:  # its process died while it had nothing to do
                    self._throw_away()
                else:
                    self._futures.add(future)
                    return pool, future, number
        raise BrokenAttempt("no process could be started for the job")

    def _started(self) -> ProcessPool:
        if self._stopped:
            raise GivenUp("the worker stops")
        if self._pool is None or not self._pool.active:
            self._throw_away()
            self._pool = ProcessPool(
                max_workers=1,
                max_tasks=TASKS_PER_PROCESS,
                initializer=child.prepare,
                initargs=(self._memory_limit, self._progress),
                context=self._context,
            )
            if not self._pool.active:  # asking starts it
                raise RuntimeError("no process")
        return self._pool

    def _renew(self, pool: ProcessPool) -> None:
        with self._lock:
            if self._pool is pool:
                self._throw_away()

    def _throw_away(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
        for future in self._futures:
            future.cancel()
        self._futures.clear()


def _result(
    future: "Future[child.Done]", seconds: float, given_up: Callable[[], str | None] | None
) -> child.Done:
    deadline = time.monotonic() + seconds
    while given_up is not None and not future.done() and time.monotonic() < deadline:
        wait([future], LOOK_SECONDS)
        if reason := given_up():
            raise GivenUp(reason)
    return future.result(timeout=max(0.0, deadline - time.monotonic()))
