"""Processes for what may hang, swell or crash: one core each, every job's harm kept to itself.

Each process is a pebble pool of its own. A pool of several shares pipes and locks, and one that is
killed in the wrong instant takes the others with it.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from pebble import ProcessExpired, ProcessPool

from jobfleet_worker.clock import LOOK_SECONDS
from jobfleet_worker.errors import BrokenAttempt, GivenUp
from jobfleet_worker.operations.limits import limits_of
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.processes import child
from jobfleet_worker.processes.memory_file import MemoryFile, path_of
from jobfleet_worker.processes.progress import Progress
from jobfleet_worker.settings import WorkerSettings

# What one process does before a new one takes its place: what libraries leak goes with it.
TASKS_PER_PROCESS = 1_000

# One runs, the next lies ready: the process does not wait for this one's next turn.
TASKS_PER_SLOT = 2

# pebble looks after its processes ten times a second and gives one that hangs three seconds to end.
GRACE_SECONDS = 15.0

# Pillow gives the memory of every picture back to the system, and gets it page by page for the next. Six of
# its blocks, 96 MiB, are what a photo of 12 megapixels takes before and after; kept by each process, they
# took a quarter off the CPU time of its threshold, and a fifth off that of greyscale.
PILLOW_BLOCKS = "6"

# A job whose process was taken away by a neighbour's fault begins again this often.
TRIES = 5


def longest_wait(job_time_limit: float) -> float:
    """Return for how many seconds `Pool.run` may wait for the processes without a look at anything else."""
    return TASKS_PER_SLOT * (job_time_limit + GRACE_SECONDS)


class Pool:
    """`run` does one operation in a process; any number of threads may call it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._context = child.Context()
        self._context.set_forkserver_preload([
            "jobfleet_worker.processes.child", "jobfleet_worker.operations.imaging.decode",
            "jobfleet_worker.operations.imaging.encode", "pebble.pool.process",
        ])  # fmt: skip
        # Libraries that make threads of their own would only take the cores from each other.
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        os.environ.setdefault("PILLOW_BLOCKS_MAX", PILLOW_BLOCKS)
        self._limits = limits_of(settings)
        self._slots = [_Slot(settings, self._context) for _ in range(settings.processes)]
        self._places = threading.Semaphore(settings.processes * TASKS_PER_SLOT)
        self._choosing = threading.Lock()
        # Of its own, as it may take an hour: one at a time, so that it has the disk to itself.
        self._stream, self._stream_place = _Slot(settings, self._context), threading.Semaphore()

    def start(self) -> None:
        """Start the processes, so that the first job need not wait for them."""
        for slot in self._slots:
            slot.start()

    def stop(self) -> None:
        """Kill the processes. What they worked on ends as given up."""
        for slot in [*self._slots, self._stream]:
            slot.stop()

    def run(
        self,
        operation: Operation,
        parameters: Mapping[str, Value],
        data: bytes,
        output: str | None,
        given_up: Callable[[], str | None] = lambda: None,
        begun: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Return the outcome. Raises `BadJob`, `BrokenAttempt`, and `GivenUp` with what `given_up` returns.

        `begun` is called when the job has its place, and when it begins again because of a neighbour.
        """
        while not self._places.acquire(timeout=LOOK_SECONDS):
            if reason := given_up():
                raise GivenUp(reason)
        try:
            if reason := given_up():
                raise GivenUp(reason)
            with self._choosing:
                slot = min(self._slots, key=lambda one: one.tasks)
                slot.tasks += 1
            try:
                return self._run_in(slot, operation, parameters, data, output, begun)
            finally:
                with self._choosing:
                    slot.tasks -= 1
        finally:
            self._places.release()

    @contextmanager
    def stream_place(self, given_up: Callable[[], str | None]) -> Iterator[None]:
        """Wait for the one place for a stream, and have it inside. Raises `GivenUp`."""
        while not self._stream_place.acquire(timeout=LOOK_SECONDS):
            if reason := given_up():
                raise GivenUp(reason)
        try:
            yield
        finally:
            self._stream_place.release()

    def run_streamed(
        self,
        operation: Operation,
        parameters: Mapping[str, Value],
        source: BinaryIO,
        folder: Path,
        time_limit: float,
        given_up: Callable[[], str | None],
    ) -> Outcome:
        """Return the outcome on a file; `folder` is for what does not fit into memory.

        `given_up` is asked all the time. Raises what `run` does.
        """
        task = child.Task(operation, parameters, path_of(source.fileno()), "", None, self._limits, folder)
        done = self._stream.run(task, time_limit, given_up)
        if done.bad:
            raise BadJob(*done.bad)
        return Outcome(done.result or {})

    def _run_in(
        self,
        slot: "_Slot",
        operation: Operation,
        parameters: Mapping[str, Value],
        data: bytes,
        output: str | None,
        begun: Callable[[], None],
    ) -> Outcome:
        with MemoryFile(data) as source, MemoryFile() as target:
            task = child.Task(operation, parameters, source.path, target.path, output, self._limits)
            done = slot.run(task, begun=begun)
            if done.bad:
                raise BadJob(*done.bad)
            outcome = Outcome(done.result or {})
            if done.content_type is None:
                return outcome
            return replace(outcome, data=target.read(), content_type=done.content_type)


class _Slot:
    """One process, with a pool around it that is thrown away when anything about it is odd."""

    def __init__(self, settings: WorkerSettings, context: Any) -> None:
        self._context = context
        self._time_limit, self._memory_limit = settings.job_time_limit, settings.job_memory_limit
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
                    raise BrokenAttempt(self._cause(problem, limit)) from problem
            finally:
                with self._lock:
                    self._futures.discard(future)
        raise BrokenAttempt("the job's process was taken away again and again")

    def _cause(self, problem: ProcessExpired | FutureTimeoutError, limit: float) -> str:
        if not isinstance(problem, ProcessExpired):
            return f"the job took longer than {limit:g} s"
        if problem.exitcode == child.OUT_OF_MEMORY:
            return f"the job needs more than the {self._memory_limit:,} bytes of memory it may have"
        if problem.exitcode == -signal.SIGKILL:
            return "the job's process was killed from outside, as it is when the host's memory runs out"
        code = 0 if problem.exitcode == child.UNASKED else problem.exitcode
        return f"the job's process died with exit code {code}"

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
