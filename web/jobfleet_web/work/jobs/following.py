"""The jobs that are followed until they are done: those that this process sent, and those it is asked for.

A job that this process sent is answered by the reply queue. Any other, and one whose answer missed the queue,
is looked for in the bucket: by one task for all jobs that somebody waits for, however many those are.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from jobfleet.answers.job import Job
from jobfleet.errors import JobFailed
from jobfleet_jobs.protocol.message import Output, Result

from jobfleet_web.model import JobView
from jobfleet_web.problems import Problem
from jobfleet_web.work.gateway import Gateway
from jobfleet_web.work.jobs.job_facts import JobFacts
from jobfleet_web.work.jobs.job_views import done_view, waiting_view
from jobfleet_web.work.jobs.kept import Kept

# What is kept of jobs that are done, so that a page that is read again asks nobody.
DONE_MAX, DONE_MAX_BYTES = 20_000, 16 * 1024 * 1024
# What a view takes besides its result.
_VIEW_BYTES = 1_500

# As many jobs are followed, though nobody waits for them.
UNDER_WAY_MAX = 50_000

# How often the bucket is looked at, in seconds; longer while nothing new comes.
LOOK_FIRST_SECONDS, LOOK_LONGEST_SECONDS = 0.25, 3.0
LOOK_MAX_JOBS = 2_000

# A job that nobody waits for, and whose answer the queue did not bring, is looked for so long.
GIVEN_UP_SECONDS = 900.0


@dataclass
class Followed:
    """A job under way. `done` is a future of its view; `sent` is the monotonic time when it was sent.

    `began` is after how many seconds a worker began with it, None as long as nobody told.
    """

    facts: JobFacts
    done: "asyncio.Future[JobView]"
    job: Job | None = None
    sent: float | None = None
    sent_at: datetime | None = None
    began: float | None = None
    waiters: int = 0

    @property
    def view(self) -> JobView:
        """The job as it is known here."""
        if self.done.done() and not self.done.cancelled():
            return self.done.result()
        return waiting_view(self.facts, working=self.began is not None)


class _Done(NamedTuple):
    """A job that is done, and where its output lies."""

    view: JobView
    output: Output | None


class Following:
    """All jobs under way that this process knows. Used by the event loop's thread alone.

    `on_changed` is called with each job that a worker began with, and with each that is done.
    """

    def __init__(self, gateway: Gateway, on_changed: Callable[[JobView], object]) -> None:
        self._gateway, self._on_changed = gateway, on_changed
        self._under_way: dict[str, Followed] = {}
        self._done: Kept[_Done] = Kept(DONE_MAX, DONE_MAX_BYTES)
        self._looking: asyncio.Task[None] | None = None
        self._look_soon = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._under_way)

    def follow(self, job: Job, facts: JobFacts) -> None:
        """Follow a job that this process just sent."""
        loop = asyncio.get_running_loop()
        followed = self._under_way.get(job.id) or Followed(facts, loop.create_future())
        followed.facts, followed.job, followed.sent = facts, job, time.monotonic()
        followed.sent_at, followed.began = datetime.now(UTC), None
        self._done.drop(job.id)
        self._under_way[job.id] = followed

        def tell(call: Callable[..., object], *given: object) -> None:
            # At the end of the process the loop may be closed before the last answer comes.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(call, *given)

        job.add_started_callback(lambda started: tell(self._started, followed, started))
        job.add_done_callback(lambda done: tell(self._answered, followed, done))
        if len(self._under_way) > UNDER_WAY_MAX:
            self._forget_one()

    def known(self, job_id: str) -> JobView | None:
        """Return a job as this process knows it, without asking anybody."""
        if followed := self._under_way.get(job_id):
            return followed.view
        done = self._done.get(job_id)
        return done.view if done else None

    def output_of(self, job_id: str) -> Output | None:
        """Return where the output of a job lies, if this process knows it."""
        done = self._done.get(job_id)
        return done.output if done else None

    def is_under_way(self, job_id: str) -> bool:
        """Tell whether this process sent a job that is not done."""
        return job_id in self._under_way

    def when_over(self, job_id: str, call: Callable[[str], object]) -> None:
        """Call `call` with the id of a job that is under way, once it is done, or followed no more."""
        self._under_way[job_id].done.add_done_callback(lambda _: call(job_id))

    def settle(self, facts: JobFacts, result: Result) -> JobView:
        """Take a final result that was found in the bucket."""
        followed = self._under_way.get(facts.id)
        if followed:
            self._settle(followed, result, by_bucket=True)
            return followed.done.result()
        view = done_view(facts, result, None, None)
        self._keep(view, result)
        return view

    async def wait(self, jobs: Sequence[JobFacts], seconds: float) -> Mapping[str, JobView]:
        """Wait until all jobs are done, at most so long; return those that were waited for, as they are then.

        Where they are many, or their results large, not all of them are `known` afterwards.
        """
        if seconds <= 0:
            return {}
        waiting = [self._awaited(facts) for facts in jobs if self._done.get(facts.id) is None]
        for followed in waiting:
            followed.waiters += 1
        if any(followed.job is None for followed in waiting):
            self._look_on()
        try:
            pending = {followed.done for followed in waiting if not followed.done.done()}
            if pending:
                await asyncio.wait(pending, timeout=seconds)
            return {followed.facts.id: followed.view for followed in waiting}
        finally:
            for followed in waiting:
                self._let_go(followed)

    async def look(self, job_ids: Collection[str]) -> dict[str, Result]:
        """Return the final results that the bucket has of jobs. Raises `Problem`."""
        return await self._gateway.read(self._gateway.fleet.exchange.find_results, list(job_ids))

    def close(self) -> None:
        """Look for nothing any more."""
        self._closed = True
        if self._looking:
            self._looking.cancel()

    def _forget_one(self) -> None:
        """Forget the job that was sent first; whoever asks for it is told by the bucket."""
        oldest = next((one for one in self._under_way.values() if not one.waiters), None)
        if oldest:
            del self._under_way[oldest.facts.id]
            oldest.done.cancel()

    def _awaited(self, facts: JobFacts) -> Followed:
        followed = self._under_way.get(facts.id)
        if followed is None:
            followed = Followed(facts, asyncio.get_running_loop().create_future())
            self._under_way[facts.id] = followed
        return followed

    def _let_go(self, followed: Followed) -> None:
        followed.waiters -= 1
        # A job that others sent is followed only as long as somebody waits for it.
        if followed.waiters <= 0 and followed.sent is None:
            self._under_way.pop(followed.facts.id, None)

    def _started(self, followed: Followed, job: Job) -> None:
        """Take note that a worker began with a job, at a time by its own clock."""
        if followed.job is not job or followed.done.done() or not job.started or not followed.sent_at:
            return
        _, at = job.started
        followed.began = max(0.0, (at - followed.sent_at).total_seconds())
        self._on_changed(followed.view)

    def _answered(self, followed: Followed, done: "Future[Result]") -> None:
        if followed.job is not done or followed.done.done():
            return
        problem = done.exception(0)
        if problem is None:
            self._settle(followed, done.result(0))
        elif isinstance(problem, JobFailed):
            self._settle(followed, problem.result)
        else:
            # Its answer cannot be had by the queue. It is in the bucket, or will be.
            followed.job = None
            self._look_on()

    def _settle(self, followed: Followed, result: Result, *, by_bucket: bool = False) -> None:
        if followed.done.done():
            return
        since = None if followed.sent is None or by_bucket else time.monotonic() - followed.sent
        view = done_view(followed.facts, result, since, followed.began)
        followed.done.set_result(view)
        self._under_way.pop(view.id, None)
        self._keep(view, result)
        self._on_changed(view)

    def _keep(self, view: JobView, result: Result) -> None:
        self._done.put(view.id, _Done(view, result.output), _VIEW_BYTES + len(result.to_json()))

    def _look_on(self) -> None:
        if self._closed:
            return
        self._look_soon.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_for_all())

    def _to_look_for(self) -> dict[str, Followed]:
        """Return those that the queue does not bring: the ones that somebody waits for, then the others."""
        sought = [one for one in self._under_way.values() if one.job is None]
        for one in sought:
            if not one.waiters and one.sent is not None and time.monotonic() - one.sent > GIVEN_UP_SECONDS:
                del self._under_way[one.facts.id]
                one.done.cancel()
        sought = [one for one in sought if one.facts.id in self._under_way]
        sought.sort(key=lambda one: -one.waiters)
        return {one.facts.id: one for one in sought[:LOOK_MAX_JOBS]}

    async def _look_for_all(self) -> None:
        pause = LOOK_FIRST_SECONDS
        while sought := self._to_look_for():
            self._look_soon.clear()
            try:
                found = await self.look(sought)
            except Problem:
                # Those who wait learn of it when their time is over; the next look may do better.
                found, pause = {}, LOOK_LONGEST_SECONDS
            for job_id, result in found.items():
                self._settle(sought[job_id], result, by_bucket=True)
            pause = LOOK_FIRST_SECONDS if found else min(2 * pause, LOOK_LONGEST_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_soon.wait(), pause)
                # Somebody new waits: soon, but not at once for each of a crowd.
                pause = LOOK_FIRST_SECONDS
                await asyncio.sleep(pause)
