"""Uploads on their way out: into the bucket side by side, and to the queue in as few calls as may be."""

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from jobfleet.answers.job import Job
from jobfleet.errors import FleetError, NotTaken
from jobfleet.sending.prepare import Prepared, key_part, prepare_stored
from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX
from jobfleet_jobs.protocol.message import Request, Stored
from jobfleet_jobs.protocol.names import BatchEntry, shown_name, upload_key

from jobfleet_web.model import InMemory, Upload
from jobfleet_web.problems import Problem
from jobfleet_web.work.aws_problems import problem_of
from jobfleet_web.work.gateway import SENDS, Gateway
from jobfleet_web.work.jobs.job_facts import JobFacts, facts_of, metadata_of


def key_of(job_id: str, name: str) -> str:
    """Return where the input of a job lies, whatever its file was called."""
    last = key_part(shown_name(name.replace("\\", "/").rstrip("/").rpartition("/")[2])).strip()
    return upload_key(job_id, last if last.strip(".") else "input")


def checked(upload: Upload, batch: str | None) -> tuple[JobFacts, Prepared]:
    """Return what an upload says of its job, and the job that can be sent. Raises `Problem`."""
    facts = facts_of(upload, batch, key_of(upload.job_id, upload.name))
    file_name = str(facts.key).rpartition("/")[2]
    try:
        prepared = prepare_stored(
            upload.operation, file_name, parameters=upload.parameters, job_id=upload.job_id
        )
    except FleetError as problem:
        raise problem_of(problem) from problem
    return facts, prepared


class Sending:
    """Puts inputs and sends requests.

    Requests of uploads that come at the same time share a call, up to ten of them, without waiting for
    each other: while a call is under way, the next ones gather. Only full calls go side by side.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._line: deque[tuple[Request, asyncio.Future[Job]]] = deque()
        self._calls: set[asyncio.Task[None]] = set()

    async def send(self, upload: Upload, facts: JobFacts, prepared: Prepared) -> Job:
        """Send one upload: first its input, then its request, then its place in the batch."""
        key, metadata = str(facts.key), metadata_of(facts)
        if isinstance(upload.body, InMemory):
            store = functools.partial(self._put, upload.body.data, key, metadata)
        else:
            store = functools.partial(self._settle, upload.body.key, key, metadata)
        return await self._send_stored(facts, prepared, store)

    async def send_copy(self, facts: JobFacts, prepared: Prepared, source: str) -> Job:
        """Send a job whose input is that of another, which lies under `source`."""
        store = functools.partial(self._copy, source, str(facts.key), metadata_of(facts))
        return await self._send_stored(facts, prepared, store)

    async def discard(self, key: str) -> None:
        """Remove an input that no job needs. What cannot be removed now expires with the others."""
        bucket = self._gateway.account.bucket
        with suppress(Problem):
            await self._gateway.put(lambda: self._gateway.account.s3.delete_object(Bucket=bucket, Key=key))

    async def _send_stored(self, facts: JobFacts, prepared: Prepared, store: Callable[[], object]) -> Job:
        job = await self._sent(await self._gateway.put(self._stored, facts, prepared, store))
        await self.enter(facts)
        return job

    async def enter(self, facts: JobFacts) -> None:
        """Give a job its place in its batch, if it belongs to one; once more changes nothing."""
        if facts.batch:
            entry = BatchEntry(facts.batch, facts.id, facts.operation, facts.name, facts.retry_of)
            await self._gateway.put(self._put, b"", entry.key, {})

    def _stored(self, facts: JobFacts, prepared: Prepared, store: Callable[[], object]) -> Request:
        """Store an input and return its request; what no worker does is not stored."""
        there = Stored(self._gateway.account.bucket, str(facts.key))
        request = self._gateway.fleet.exchange.request(prepared, stored=there, tell_started=True)
        store()
        return request

    async def _sent(self, request: Request) -> Job:
        answer: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._line.append((request, answer))
        self._call_on()
        return await answer

    def _call_on(self) -> None:
        """Begin a call if none is under way, and one more for each ten that wait."""
        while self._line and (
            not self._calls or (len(self._line) >= SQS_BATCH_MAX and len(self._calls) < SENDS)
        ):
            several = [self._line.popleft() for _ in range(min(SQS_BATCH_MAX, len(self._line)))]
            call = asyncio.create_task(self._send(several))
            self._calls.add(call)
            call.add_done_callback(self._ended)

    def _ended(self, call: "asyncio.Task[None]") -> None:
        self._calls.discard(call)
        self._call_on()

    async def _send(self, several: Sequence[tuple[Request, "asyncio.Future[Job]"]]) -> None:
        try:
            jobs = await self._gateway.send(
                self._gateway.fleet.exchange.send, [request for request, _ in several]
            )
        except BaseException as problem:
            for _, answer in several:
                if not answer.done():
                    answer.set_exception(problem)
            if not isinstance(problem, Exception):
                raise
            return
        for job, (_, answer) in zip(jobs, several, strict=True):
            refusal = job.exception(0) if job.done() else None
            if answer.done():
                continue
            if isinstance(refusal, NotTaken):
                answer.set_exception(problem_of(refusal))
            else:
                answer.set_result(job)

    def _put(self, data: bytes, key: str, metadata: dict[str, str]) -> None:
        account = self._gateway.account
        account.direct_s3.put_object(Bucket=account.bucket, Key=key, Body=data, Metadata=metadata)

    def _copy(self, source: str, key: str, metadata: dict[str, str]) -> None:
        bucket = self._gateway.account.bucket
        self._gateway.account.s3.copy_object(
            Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source},
            MetadataDirective="REPLACE", Metadata=metadata,
        )  # fmt: skip

    def _settle(self, there: str, key: str, metadata: dict[str, str]) -> None:
        """Bring an input that came in parts under its job's key, with all that is known by now."""
        s3, bucket = self._gateway.account.s3, self._gateway.account.bucket
        if there == key and s3.head_object(Bucket=bucket, Key=key).get("Metadata") == metadata:
            return
        self._copy(there, key, metadata)
        if there != key:
            s3.delete_object(Bucket=bucket, Key=there)
