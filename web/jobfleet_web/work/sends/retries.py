"""Retries: a job that failed is sent again with the same input, as a new job of the same batch."""

import hashlib
from dataclasses import replace

from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.ids import new_job_id

from jobfleet_web.model import InMemory, JobView, Upload
from jobfleet_web.work.jobs.following import Following
from jobfleet_web.work.jobs.job_facts import JobFacts
from jobfleet_web.work.jobs.job_views import waiting_view
from jobfleet_web.work.sends.sending import Sending, checked
from jobfleet_web.work.sends.sent_once import Record, SentOnce


class Retries:
    """Sends jobs again; the same request once more, under its Idempotency-Key, is the same new job."""

    def __init__(self, sending: Sending, sent_once: SentOnce, following: Following) -> None:
        self._sending, self._sent_once, self._following = sending, sent_once, following

    async def retry(self, old: JobFacts, operation: Operation, key: str | None) -> JobView:
        """Send the job of `old`, whose input is in the bucket, again. Raises `Problem`."""
        record, there = await self._claimed(old, key)
        [job_id] = record.jobs
        upload = Upload(
            job_id, old.name, old.content_type, InMemory(b""), operation, old.parameters or {}, ""
        )
        facts, prepared = checked(upload, record.batch)
        facts = replace(facts, bytes=old.bytes, received=None, retry_of=old.id)
        if there:
            done = await self._following.look([job_id])
            if job_id in done:
                # Whoever sent it may have been cut off before it had its place.
                await self._sending.enter(facts)
                return self._following.settle(facts, done[job_id])
        if not self._following.is_under_way(job_id):
            self._following.follow(await self._sending.send_copy(facts, prepared, str(old.key)), facts)
        return self._following.known(job_id) or waiting_view(facts)

    async def _claimed(self, old: JobFacts, key: str | None) -> tuple[Record, bool]:
        """Return what is to be done under a key, and whether somebody began it before."""
        wanted = Record([new_job_id()], old.batch, hashlib.sha256(f"retry {old.id}".encode()).hexdigest())
        return (wanted, False) if key is None else await self._sent_once.claim(key, wanted)
