"""Submissions: the uploads of one request, sent together or met again."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from jobfleet.sending.prepare import Prepared
from jobfleet_jobs.protocol.message import Result

from jobfleet_web.model import InBucket, JobView, Upload
from jobfleet_web.work.jobs.following import Following
from jobfleet_web.work.jobs.job_facts import JobFacts
from jobfleet_web.work.jobs.job_views import waiting_view
from jobfleet_web.work.sends.sending import Sending, checked
from jobfleet_web.work.sends.sent_once import Record, SentOnce, fingerprint_of

# So long an upload without a key meets the same one that is under way. A job that is not done by then may
# never be: the queue was emptied, or it lies among the dead letters. Its file must not be stuck with it.
MEETS_SECONDS = 900.0

# Is called with each upload that was acknowledged and how many seconds storing and sending it took.
OnSent = Callable[[Upload, float], object]


@dataclass(frozen=True)
class Submitted:
    """What was sent: its batch, None for a single job that belongs to none, and its jobs in order."""

    batch: str | None
    jobs: Sequence[JobView]

    @property
    def job_ids(self) -> list[str]:
        """The ids of the jobs."""
        return [job.id for job in self.jobs]


@dataclass(frozen=True)
class Payload:
    """The uploads of one request. `names_batch` tells that the sender named the batch they go to."""

    uploads: Sequence[Upload]
    batch: str | None
    sender: str
    names_batch: bool

    @property
    def fingerprint(self) -> str:
        """What tells it from others. A batch that was made for it says nothing."""
        return fingerprint_of(self.uploads, self.batch if self.names_batch else None)


class _Sent(NamedTuple):
    """A submission, and the monotonic time when it began."""

    task: "asyncio.Task[Submitted]"
    at: float


class Submissions:
    """Sends the uploads of requests; the same ones again are the same jobs."""

    def __init__(self, sending: Sending, sent_once: SentOnce, following: Following, on_sent: OnSent) -> None:
        self._sending, self._sent_once = sending, sent_once
        self._following, self._on_sent = following, on_sent
        self._sent: dict[str, _Sent] = {}

    async def submit(self, what: Payload, key: str | None) -> Submitted:
        """Send uploads, or meet those that were sent before. Raises `Problem`."""
        fingerprint = what.fingerprint
        name = f"key {key}" if key is not None else f"{what.sender} {fingerprint}"
        while key is not None and (first := self._sent.get(name)):
            # It is being sent: whoever comes after that is told by the record.
            await asyncio.wait([first.task])
            await asyncio.sleep(0)
        now, sent = time.monotonic(), self._sent.get(name)
        if sent and now - sent.at < MEETS_SECONDS:
            task = sent.task
        else:
            wanted = Record([upload.job_id for upload in what.uploads], what.batch, fingerprint)
            # A task of its own: a sender that goes away leaves nothing half done for one who comes again.
            task = asyncio.create_task(self._submit(what.uploads, wanted, key))
            self._sent[name] = _Sent(task, now)
            task.add_done_callback(lambda done: self._ended(name, done))
        found = await asyncio.shield(task)
        await self._discard([one for one in what.uploads if one.job_id not in found.job_ids])
        return replace(found, jobs=[self._following.known(job.id) or job for job in found.jobs])

    async def _submit(self, uploads: Sequence[Upload], wanted: Record, key: str | None) -> Submitted:
        every = [checked(upload, wanted.batch) for upload in uploads]
        record, there = (wanted, False) if key is None else await self._sent_once.claim(key, wanted)
        done: dict[str, Result] = {}
        if there:
            uploads = [replace(one, job_id=job) for one, job in zip(uploads, record.jobs, strict=True)]
            every = [checked(upload, record.batch) for upload in uploads]
            done = await self._following.look(record.jobs)
            for facts, _ in every:
                if facts.id in done:
                    # Whoever sent it may have been cut off before it had its place.
                    await self._sending.enter(facts)
                    self._following.settle(facts, done[facts.id])
        sending = [
            self._send(upload, facts, prepared)
            for upload, (facts, prepared) in zip(uploads, every, strict=True)
            if not (facts.id in done or self._following.is_under_way(facts.id))
        ]
        ended = await asyncio.gather(*sending, return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return Submitted(
            record.batch, [self._following.known(facts.id) or waiting_view(facts) for facts, _ in every]
        )

    async def _discard(self, uploads: Sequence[Upload]) -> None:
        """Remove from the bucket what came in parts, and was there already."""
        for upload in uploads:
            if isinstance(upload.body, InBucket):
                await self._sending.discard(upload.body.key)

    async def _send(self, upload: Upload, facts: JobFacts, prepared: Prepared) -> None:
        begun = time.monotonic()
        job = await self._sending.send(upload, facts, prepared)
        self._following.follow(job, facts)
        self._on_sent(upload, time.monotonic() - begun)

    def _ended(self, name: str, task: "asyncio.Task[Submitted]") -> None:
        """Forget what failed, what the record of its key tells from now on, and what is done by now."""
        failed = task.cancelled() or task.exception() is not None
        if failed or name.startswith("key "):
            self._forget(name, task)
            return
        waiting = {job for job in task.result().job_ids if self._following.is_under_way(job)}

        def note(job: str) -> None:
            waiting.discard(job)
            if not waiting:
                self._forget(name, task)

        note("")
        for job in list(waiting):
            self._following.when_over(job, note)

    def _forget(self, name: str, task: "asyncio.Task[Submitted]") -> None:
        """Forget a submission, but not a later one in its place."""
        if name in self._sent and self._sent[name].task is task:
            del self._sent[name]
