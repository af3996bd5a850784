"""Uploads as the web tier's HTTP side hands them over, and a loop to send them in."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_web.model import InBucket, InMemory, Upload
from jobfleet_web.settings import WebSettings
from jobfleet_web.work.work import Work

from tests.patience import wait_for

T = TypeVar("T")


def upload(
    operation: str = "stats", data: bytes = b"1 2 3", name: str = "numbers.txt", *,
    body: InBucket | None = None, job_id: str | None = None, content_type: str = "text/plain",
    **parameters: Any,
) -> Upload:  # fmt: skip
    """Return an upload that was checked."""
    declared = OPERATIONS[operation]
    return Upload(
        job_id or new_job_id(), name, content_type, body or InMemory(data), declared,
        declared.check(parameters), hashlib.sha256(data).hexdigest(), 0.25,
    )  # fmt: skip


async def until(look: Callable[[], Any]) -> None:
    """Wait until something holds, while the loop goes on."""
    await asyncio.to_thread(wait_for, look)


def with_work(settings: WebSettings, use: Callable[[Work], Awaitable[T]]) -> T:
    """Open the way to a stack, use it, and close it."""

    async def run() -> T:
        work = Work(settings)
        try:
            return await use(work)
        finally:
            await work.close()

    return asyncio.run(run())
