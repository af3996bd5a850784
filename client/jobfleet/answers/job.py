"""A job that was sent, as a future; and many of them, as they are done."""

import asyncio
import concurrent.futures
import logging
import queue
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from jobfleet_jobs.protocol.message import Result

from jobfleet.errors import BadOutput, JobFailed, NoAnswerInTime
from jobfleet.human_text import many

_LOG = logging.getLogger(__name__)

# Whoever waits looks so often whether the clock goes on that stood still while a worker started.
STEP_SECONDS = 1.0


class Sender(Protocol):
    """What a job asks of whoever sent it."""

    def collect(self) -> None:
        """Begin to collect answers, if that is not under way."""

    def clock(self) -> float:
        """Return the seconds of a clock that stands still while a worker starts."""

    def look_once_more(self, job: "Job", timeout: float) -> None:
        """Look for a job's answer, as the time is over. Raises `NoAnswerInTime`."""

    def download(self, result: Result, path: str | Path) -> Path:
        """Write the output of a job to `path`, whole or not at all."""


class Job(concurrent.futures.Future[Result]):
    """A job that was sent: a `concurrent.futures.Future` of its result, that can be awaited too.

    The result stays in the bucket, whether it is waited for or not. A job cannot be taken back, so
    `cancel` returns False. Callbacks run in the thread that gathers the answers: keep them short.
    """

    def __init__(self, sender: Sender, job_id: str, operation: str) -> None:
        super().__init__()
        self.id, self.operation = job_id, operation
        self._sender = sender
        self._started: tuple[str, datetime] | None = None
        self._started_callbacks: list[Callable[[Job], object]] = []
        self._starting = threading.Lock()
        self.set_running_or_notify_cancel()

    def __repr__(self) -> str:
        if not self.done():
            return f"<Job {self.id} {self.operation}: no answer yet>"
        problem = self.exception()
        return f"<Job {self.id} {self.operation}: {f'failed: {problem}' if problem else 'succeeded'}>"

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the answer, for `timeout` seconds if given. Raises `JobFailed` and `NoAnswerInTime`."""
        self._wait(timeout)
        return super().result(0)

    def result_watched(self, timeout: float, every: float, look: Callable[[], object]) -> Result:
        """Wait as `result` does, and call `look` whenever `every` seconds brought no answer."""
        self._sender.collect()
        begun = self._sender.clock()
        while not self.done() and (left := begun + timeout - self._sender.clock()) > 0:
            if not concurrent.futures.wait([self], min(left, every)).done:
                look()
        if not self.done():
            self._sender.look_once_more(self, timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait as `result` does; return what it would raise of the job itself. Raises `NoAnswerInTime`."""
        self._wait(timeout)
        return super().exception(0)

    def download(self, path: str | Path, timeout: float | None = None) -> Path:
        """Wait for the answer and write the output to `path`, whole or not at all."""
        result = self.result(timeout)
        if result.output is None:
            raise BadOutput(f"job {self.id} ({self.operation}) has no output file")
        return self._sender.download(result, path)

    def __await__(self) -> Generator[Any, None, Result]:
        if not self.done():
            self._sender.collect()
        return asyncio.wrap_future(self).__await__()

    @property
    def started(self) -> tuple[str, datetime] | None:
        """Which worker has told that it works on the job, and since when (UTC); None if none has.

        Told only if it was asked for (`submit` with `tell_started`), and of jobs that take a while.
        """
        return self._started

    def add_started_callback(self, call: "Callable[[Job], object]") -> None:
        """Have `call` called with the job when a worker tells that it works on it; at once if one has.

        It is not called if none ever tells. What it raises is logged, as by `add_done_callback`.
        """
        with self._starting:
            if self._started is None:
                self._started_callbacks.append(call)
                return
        self._call_back(call)

    def note_started(self, worker: str, at: datetime) -> None:
        """Take the note that a worker works on it. One of a job that is done is late and changes nothing."""
        with self._starting:
            if self._started is not None or self.done():
                return
            self._started = worker, at
            calls, self._started_callbacks = self._started_callbacks, []
        for call in calls:
            self._call_back(call)

    def _call_back(self, call: "Callable[[Job], object]") -> None:
        try:
            call(self)
        except Exception:  # noqa: BLE001 - whose it is, who gave it knows; answers go on
            _LOG.exception("exception calling callback for %r", self)

    def settle(self, result: Result) -> None:
        """Take the answer. A second one, which SQS may bring, changes nothing."""
        with suppress(concurrent.futures.InvalidStateError):
            self._settle(result)

    def give_up(self, problem: BaseException) -> None:
        """End without an answer. One that came at the same moment counts."""
        with suppress(concurrent.futures.InvalidStateError):
            self.set_exception(problem)

    def _settle(self, result: Result) -> None:
        if result.status == "succeeded":
            self.set_result(result)
        else:
            self.set_exception(JobFailed(result))

    def _wait(self, timeout: float | None) -> None:
        if self.done():
            return
        self._sender.collect()
        if timeout is None:
            super().exception()
            return
        begun = self._sender.clock()
        while not self.done() and (left := begun + timeout - self._sender.clock()) > 0:
            concurrent.futures.wait([self], min(left, STEP_SECONDS))
        if not self.done():
            self._sender.look_once_more(self, timeout)


class as_completed:  # noqa: N801 - what its like in concurrent.futures and asyncio is called
    """Give jobs as they are done: `for job in as_completed(jobs)`, or `async for`.

    Jobs of several fleets may be mixed. Raises `NoAnswerInTime` once `timeout` seconds, counted from
    the first one asked for, are over. While a worker starts, they are not counted.
    """

    def __init__(self, jobs: Iterable[Job], timeout: float | None = None) -> None:
        self._jobs = list(dict.fromkeys(jobs))
        self._timeout = timeout

        self._begun: list[tuple[Sender, float]] = []

    def _collect(self) -> None:
        senders = {id(job._sender): job._sender for job in self._jobs if not job.done()}.values()
        self._begun = [(sender, sender.clock()) for sender in senders]
        for sender in senders:
            sender.collect()

    def _step(self) -> float | None:
        """Return how long to wait for the next one, None for ever. Raises `NoAnswerInTime`.

        The clock counts that stood still for longest: a job of that fleet may be among those left.
        """
        if self._timeout is None:
            return None
        gone = min((sender.clock() - begun for sender, begun in self._begun), default=0.0)
        if gone >= self._timeout:
            raise self._too_late()
        return min(self._timeout - gone, STEP_SECONDS)

    def __iter__(self) -> Iterator[Job]:
        done: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._collect()
        for job in self._jobs:
            job.add_done_callback(done.put)  # type: ignore[arg-type]
        for _ in self._jobs:
            yield self._next(done)

    def _next(self, done: "queue.SimpleQueue[Job]") -> Job:
        while True:
            # What is done is given, whether the time is over or not.
            with suppress(queue.Empty):
                return done.get_nowait()
            step = self._step()
            with suppress(queue.Empty):
                return done.get(timeout=step)

    async def __aiter__(self) -> AsyncIterator[Job]:
        loop = asyncio.get_running_loop()
        done: asyncio.Queue[Job] = asyncio.Queue()
        self._collect()
        for job in self._jobs:
            job.add_done_callback(lambda job: _hand_over(loop, done, job))
        for _ in self._jobs:
            yield await self._next_async(done)

    async def _next_async(self, done: "asyncio.Queue[Job]") -> Job:
        while True:
            with suppress(asyncio.QueueEmpty):
                return done.get_nowait()
            step = self._step()
            with suppress(TimeoutError):
                return await asyncio.wait_for(done.get(), step)

    def _too_late(self) -> NoAnswerInTime:
        left = [job for job in self._jobs if not job.done()]
        return NoAnswerInTime(
            f"{len(left):,} of {many(len(self._jobs), 'job')} had no answer within {self._timeout:g} s. They "
            "are still waiting, and their results will be in the bucket. The first of them is "
            f"{left[0].id}",
            left[0].id,
        )


def _hand_over(loop: asyncio.AbstractEventLoop, done: "asyncio.Queue[Job]", job: Any) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(done.put_nowait, job)
