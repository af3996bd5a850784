"""The way of a body from the request to what can be submitted, and back out of the bucket if it fails."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from starlette.requests import Request

from jobfleet_web.model import InMemory, Upload
from jobfleet_web.uploads.budget import Budget
from jobfleet_web.uploads.form import NUMBERS_NAME, CheckEarly, Form, SentFile, read_form
from jobfleet_web.uploads.kept import KeptBodies, Store
from jobfleet_web.uploads.limits import KEPT_BYTES, PART_BYTES, UploadLimits
from jobfleet_web.uploads.stream import chunks, declared_length, too_large


class Incoming:
    """What came with one request, whole and not yet submitted."""

    def __init__(self, form: Form, bodies: KeptBodies, seconds: float) -> None:
        self.form, self.seconds = form, seconds
        self._bodies = bodies

    @property
    def data(self) -> bytes:
        """The body of the one file, which is in memory."""
        whole = self.form.files[0].body.whole
        if not isinstance(whole, InMemory):
            raise TypeError("the body is not in memory")
        return whole.data

    async def replace(self, data: bytes) -> None:
        """Take `data` for what came."""
        body = self._bodies.begin(NUMBERS_NAME)
        await body.write(data)
        await body.end()
        self.form.files = [SentFile("", "text/plain", body)]

    async def uploads(self, operation: Operation, parameters: Mapping[str, Value]) -> list[Upload]:
        """Return it as uploads; from now on nothing is removed, whatever happens, as jobs may refer to it."""
        for file in self.form.files:
            await file.body.finish()
        self._bodies.is_handed_over = True
        return [
            Upload(
                file.body.job_id, file.body.name, file.content_type, file.body.whole, operation, parameters,
                file.body.sha256, self.seconds,
            )
            for file in self.form.files
        ]  # fmt: skip


class Intake:
    """Takes bodies in within the limits and the budget of the process."""

    def __init__(self, store: Store, limits: UploadLimits, budget: Budget) -> None:
        self._store, self._limits, self._budget = store, limits, budget

    @asynccontextmanager
    async def form(self, request: Request, check_early: CheckEarly) -> AsyncIterator[Incoming]:
        """Take a multipart body. Memory is held for as long as the context lasts.

        Raises `Problem`, and `ClientDisconnect` where the sender goes; nothing is left in the bucket then.
        """
        async with self._kept(request) as bodies:
            began = time.monotonic()
            form = await read_form(request, self._limits, bodies, check_early)
            yield Incoming(form, bodies, time.monotonic() - began)

    @asynccontextmanager
    async def file(self, request: Request, content_type: str, most: int) -> AsyncIterator[Incoming]:
        """Take a body of at most `most` bytes that is itself one file of numbers, as `form` does."""
        async with self._kept(request) as bodies:
            began = time.monotonic()
            body = bodies.begin(NUMBERS_NAME)
            async for chunk in chunks(request, replace(self._limits, input_bytes=most)):
                await body.write(chunk)
                if body.size > most:
                    raise too_large(most)
            await body.end()
            form = Form([SentFile("", content_type, body)])
            yield Incoming(form, bodies, time.monotonic() - began)

    @asynccontextmanager
    async def _kept(self, request: Request) -> AsyncIterator[KeptBodies]:
        most = min(KEPT_BYTES + PART_BYTES, self._budget.total)
        length = declared_length(request)
        async with self._budget.share(most if length is None else min(length, most)) as share:
            bodies = KeptBodies(self._store, share)
            try:
                yield bodies
            except BaseException:
                if not bodies.is_handed_over:
                    await bodies.abort()
                raise
