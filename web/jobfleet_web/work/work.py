"""The door to the stack for all of the web tier: send uploads, wait for them, see what became of them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jobfleet.stack.offered_operations import Offers
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Output

from jobfleet_web.links import link
from jobfleet_web.model import BatchView, FleetView, JobView, Upload
from jobfleet_web.problems import Problem
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.batches.batch_events import BatchEvents, Event
from jobfleet_web.work.batches.batch_views import PAGE_JOBS, Batches, checked_batch_id
from jobfleet_web.work.batches.zip_stream import ZipStream
from jobfleet_web.work.files.large_upload import LargeUpload
from jobfleet_web.work.files.stored_file import AskedFor, InStore, StoredFile, open_file
from jobfleet_web.work.fleet_state import SCALING_REACH, FleetState
from jobfleet_web.work.gateway import Gateway
from jobfleet_web.work.jobs.following import Following
from jobfleet_web.work.jobs.job_facts import JobFacts, facts_of_view
from jobfleet_web.work.jobs.job_views import waiting_view
from jobfleet_web.work.jobs.jobs_in_bucket import JobsInBucket, checked_job_id, no_such_job
from jobfleet_web.work.metrics import Metrics
from jobfleet_web.work.quiet_line import LOST, QUIET, is_lost
from jobfleet_web.work.scaling_report import scaling_report
from jobfleet_web.work.sends.retries import Retries
from jobfleet_web.work.sends.sending import Sending, key_of
from jobfleet_web.work.sends.sent_once import SentOnce
from jobfleet_web.work.sends.submissions import Payload, Submissions, Submitted

__all__ = ["PAGE_JOBS", "AskedFor", "Event", "LargeUpload", "StoredFile", "Submitted", "Work"]


class Work:
    """One stack. Its methods are coroutines of one event loop and raise `Problem`."""

    def __init__(self, settings: WebSettings) -> None:
        self.metrics = Metrics()
        self._gateway = Gateway(settings.client_settings())
        self._fleet_state = FleetState(self._gateway)
        self.following = Following(self._gateway, self._job_changed)
        self._in_bucket = JobsInBucket(self._gateway)
        self._batches = Batches(self._gateway, self.following)
        self._events = BatchEvents(self._batches, self._fleet_json)
        self._sending = Sending(self._gateway)
        sent_once = SentOnce(self._gateway)
        self._retries = Retries(self._sending, sent_once, self.following)
        self._submissions = Submissions(self._sending, sent_once, self.following, on_sent=self._sent)

    # -- out --------------------------------------------------------------------------------------

    async def operation(self, name: str) -> Operation:
        """Return an operation as it is declared. Raises `Problem` for one that no live worker offers."""
        found = OPERATIONS.get(name)
        if found and not found.part:
            return found
        return await self._gateway.read(self._gateway.fleet.operation, name)

    async def operations(self) -> Offers:
        """Return what the workers offer, packages' own included."""
        return await self._gateway.read(self._gateway.fleet.exchange.offers)

    async def submit(
        self,
        uploads: Sequence[Upload],
        *,
        batch: str | None,
        key: str | None,
        sender: str,
        new_batch: bool = False,
    ) -> Submitted:
        """Send uploads: when this returns, their inputs are in the bucket and their requests in the queue.

        Several belong to a batch, a new one if none is given; with `new_batch`, a single one does, too. The
        same uploads again are the same jobs, in the batch that they had: under the same `key` (an
        Idempotency-Key), and without a key if the same `sender` has them under way. So give no `batch` that
        the sender did not name.
        """
        if batch is not None:
            checked_batch_id(batch)
        elif new_batch or len(uploads) > 1:
            batch, new_batch = new_job_id(), True
        what = Payload(uploads, batch, sender, names_batch=not new_batch)
        submitted = await self._submissions.submit(what, key)
        for job in submitted.jobs:
            self._events.job_changed(job)
        return submitted

    def begin_large(self, job_id: str, name: str, metadata: Mapping[str, str] | None = None) -> LargeUpload:
        """Begin to put an input into the bucket while it comes in.

        What is not known by then, `submit` adds to its metadata.
        """
        return LargeUpload(self._gateway, key_of(job_id, name), metadata or {})

    async def retry(self, job_id: str, key: str | None = None) -> JobView:
        """Send a job again, with the same input, as a new job of the same batch; not one that succeeded.

        Under the same `key` (an Idempotency-Key) it is the same new job. One without a result may lie among
        the dead letters, which only this brings to a worker again.
        """
        job = await self.job(checked_job_id(job_id))
        if job.status == "succeeded":
            raise Problem(
                409, "no-retry", f"job {job_id} has succeeded",
                mend="send the file again to have it done another time",
            )  # fmt: skip
        old = await self._in_bucket.facts(job_id)
        if old is None or old.key is None or old.parameters is None:
            raise Problem(
                409, "no-retry", f"job {job_id} was not sent from here, or its input is gone",
                mend="send the file again",
            )  # fmt: skip
        new = await self._retries.retry(old, await self.operation(old.operation), key)
        self._events.job_changed(new)
        return new

    # -- back -------------------------------------------------------------------------------------

    async def wait(self, job_ids: Sequence[str], seconds: float) -> list[JobView]:
        """Wait until the jobs are done, at most so long; return them as they are then, in order."""
        views = await asyncio.gather(*(self.job(job_id) for job_id in job_ids))
        waiting = [facts_of_view(view) for view in views if not view.is_done]
        waited = await self.following.wait(waiting, seconds)
        return [self.following.known(view.id) or waited.get(view.id) or view for view in views]

    async def job(self, job_id: str) -> JobView:
        """Return a job, whoever sent it. Raises `Problem` 404 where nothing is known of it."""
        job = await self._job(job_id)
        if not job.is_done and facts_of_view(job).age_seconds > QUIET.total_seconds():
            # A program may ask for nothing but this. One look within some seconds, for however many that ask.
            await self._fleet_state.view()
        return self._told(job)

    async def _job(self, job_id: str) -> JobView:
        known = self.following.known(checked_job_id(job_id))
        # What a batch's listing told of it is not all, and that a job is lost its result would deny.
        if known and known.bytes is not None and not is_lost(known, self._fleet_state.lost_before):
            return known
        facts, stored = await asyncio.gather(self._in_bucket.facts(job_id), self._in_bucket.stored(job_id))
        if facts is None and stored is None:
            raise no_such_job(job_id)
        facts = facts or JobFacts(job_id, operation=stored.operation if stored else "")
        if stored and stored.status != "failing":
            return self.following.settle(facts, stored)
        return waiting_view(facts, failing=stored)

    async def batch(self, batch_id: str, after: str = "", limit: int = PAGE_JOBS) -> BatchView:
        """Return a page of a batch, behind the job `after`."""
        return self._all_told(await self._batches.view(batch_id, after, limit))

    async def latest(self, batch_id: str, after: str = "", limit: int = PAGE_JOBS) -> BatchView:
        """Return a page of a batch in which the latest try of a job stands for all of them."""
        return self._all_told(await self._batches.latest(batch_id, after, limit))

    def events(self, batch_id: str) -> AsyncGenerator[Event, None]:
        """Give what changes in a batch, beginning with all that is there, until `end_streams`."""
        return self._events.listen(batch_id)

    async def zip(self, batch_id: str) -> AsyncGenerator[bytes, None]:
        """Return all outputs of a batch as a zip file, in pieces that are made while they are sent."""
        entries = await self._batches.entries(batch_id)
        if not entries:
            raise Problem(404, "empty-batch", f"batch {batch_id} has no jobs", mend="upload files into it")
        return ZipStream(self._gateway, self._batches, self._located).pieces(entries)

    async def output(self, job_id: str, wanted: AskedFor | None = None) -> StoredFile:
        """Return the output of a job. Raises `Problem`: 409 before it is done, 422 if it failed, 404."""
        return await open_file(self._gateway, await self._located(job_id), wanted or AskedFor())

    async def input(self, job_id: str, wanted: AskedFor | None = None) -> StoredFile:
        """Return the input of a job as it was uploaded."""
        facts = await self._in_bucket.facts(checked_job_id(job_id))
        if facts is None or facts.key is None:
            await self.job(job_id)
            raise Problem(
                404,
                "no-input-file",
                f"the input of job {job_id} stood in its request, or has expired",
                mend="send the file again if it is still needed",
            )
        kind = facts.content_type or "application/octet-stream"
        return await open_file(self._gateway, InStore(facts.key, facts.name, kind), wanted or AskedFor())

    async def fleet(self) -> FleetView:
        """Return how the stack is; never raises `Problem`."""
        view = await self._fleet_state.view()
        self.metrics.fleet_seen(view)
        return view

    async def scaling(self) -> Mapping[str, Any]:
        """Return how the fleet scales, and how it did in the last hours. Raises `Problem`."""
        view = await self._gateway.read(self._fleet_state.scaling.look)
        return scaling_report(view, SCALING_REACH)

    async def ready(self) -> None:
        """Raise `Problem` if no upload could be taken now: AWS, the stack or the credentials are away."""
        await self._fleet_state.check()

    def end_streams(self) -> None:
        """End all streams of events; called when the process is told to stop, as nothing else ends them."""
        self._events.close()

    async def close(self) -> None:
        """Stop: nobody is waited for any more, and the reply queue goes."""
        self.end_streams()
        self.following.close()
        await asyncio.to_thread(self._gateway.close)

    def _told(self, job: JobView) -> JobView:
        """Say it of a job that waits for nothing."""
        if not is_lost(job, self._fleet_state.lost_before):
            return job
        return replace(job, is_lost=True, notes=[*job.notes, LOST])

    def _all_told(self, batch: BatchView) -> BatchView:
        return replace(batch, jobs=[self._told(job) for job in batch.jobs])

    async def _located(self, job_id: str) -> InStore:
        job = await self.job(job_id)
        if job.failure:
            raise Problem(
                422, job.failure.code, job.failure.message, mend=job.failure.mend, more={"job": job.to_json()}
            )
        if job.is_lost:
            raise Problem(
                409, "lost", f"job {job_id} is lost: {LOST}",
                mend=f"POST {link(f'/api/v1/jobs/{job_id}/retry')} sends it again",
            )  # fmt: skip
        if not job.is_done:
            raise Problem(
                409, "not-done", f"job {job_id} is not done yet, {job.status}",
                mend=f"ask again in a moment; GET {link(f'/api/v1/jobs/{job_id}')} tells how it is",
            ).with_headers(Retry_After="1")  # fmt: skip
        if job.output is None:
            raise Problem(
                404, "no-output-file", f"{job.operation} gives an answer and no file",
                mend=f"GET {link(f'/api/v1/jobs/{job_id}')} has it in `result`",
            )  # fmt: skip
        at = await self._output_of(job_id)
        return InStore(at.key, job.output.name, job.output.content_type, at.etag)

    async def _output_of(self, job_id: str) -> Output:
        stored = self.following.output_of(job_id)
        if stored is None:
            result = await self._in_bucket.stored(job_id)
            stored = result.output if result else None
        if stored is None:
            raise no_such_job(job_id)
        return stored

    async def _fleet_json(self) -> Mapping[str, Any]:
        return (await self.fleet()).to_json()

    def _sent(self, upload: Upload, seconds: float) -> None:
        self.metrics.uploaded(upload.operation.name, upload.bytes, upload.received_seconds, seconds)

    def _job_changed(self, job: JobView) -> None:
        if job.is_done:
            self.metrics.job_done(job)
            self._fleet_state.job_done()
        self._events.job_changed(job)
