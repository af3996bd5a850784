"""All outputs of a batch as one zip file, made while it is sent."""

import json
import zipfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import IO, cast

from jobfleet_jobs.protocol.ids import sent_at
from jobfleet_jobs.protocol.names import BatchEntry

from jobfleet_web.model import JobView, OutputFile
from jobfleet_web.problems import Problem
from jobfleet_web.work.batches.batch_views import Batches
from jobfleet_web.work.files.names import UniqueNames, safe_name
from jobfleet_web.work.files.stored_file import AskedFor, InStore, open_file
from jobfleet_web.work.gateway import Gateway

# Tells where the output of a job lies. Raises `Problem`.
Locate = Callable[[str], Awaitable[InStore]]

# As many jobs are looked up at a time.
PAGE_JOBS = 100

ERRORS = "errors.txt"

# What DOS's times begin with, which a zip file has.
_EARLIEST = (1980, 1, 1, 0, 0, 0)


class _Outlet:
    """Where the zip is written to; what was written is taken away piece by piece. It cannot be sought in."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take what is written."""
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: it is taken, not flushed."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data, self._written = b"".join(self._written), []
        return data


class ZipStream:
    """Makes one zip. A job that failed, or whose output cannot be read, is a line in `errors.txt`."""

    def __init__(self, gateway: Gateway, batches: Batches, locate: Locate) -> None:
        self._gateway, self._batches, self._locate = gateway, batches, locate
        self._outlet = _Outlet()
        self._names = UniqueNames(ERRORS)
        self._errors: list[str] = []

    async def pieces(self, entries: Sequence[BatchEntry]) -> AsyncGenerator[bytes, None]:
        """Give the zip in pieces: no more than a few of them are in memory, however large it is."""
        # zipfile asks no more of what it writes to than the outlet has.
        archive = zipfile.ZipFile(cast("IO[bytes]", self._outlet), "w", zipfile.ZIP_STORED)
        for start in range(0, len(entries), PAGE_JOBS):
            for job in await self._batches.views_of(entries[start : start + PAGE_JOBS]):
                async with aclosing(self._add(archive, job)) as pieces:
                    async for piece in pieces:
                        yield piece
        if self._errors:
            archive.writestr(self._info(ERRORS), "\n".join(self._errors) + "\n")
        archive.close()
        yield self._outlet.take()

    async def _add(self, archive: zipfile.ZipFile, job: JobView) -> AsyncGenerator[bytes, None]:
        if job.failure:
            self._errors.append(f"{_line(job)}: {job.failure.code}: {job.failure.message}")
        elif not job.is_done:
            self._errors.append(f"{_line(job)}: not done yet, {job.status}")
        elif job.output is None:
            name = self._names.take(f"{safe_name(job.name, job.id)}.json")
            archive.writestr(self._info(name, job), json.dumps(dict(job.result or {}), indent=1) + "\n")
            yield self._outlet.take()
        else:
            async with aclosing(self._add_output(archive, job, job.output)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _add_output(
        self, archive: zipfile.ZipFile, job: JobView, output: OutputFile
    ) -> AsyncGenerator[bytes, None]:
        try:
            file = await open_file(self._gateway, await self._locate(job.id), AskedFor())
        except Problem as problem:
            self._errors.append(f"{_line(job)}: {problem.detail}")
            return
        info = self._info(self._names.take(safe_name(output.name, job.id)), job)
        # From 4 GB on, sizes have another form, which must be known beforehand.
        info.file_size = output.bytes
        with archive.open(info, "w") as entry:
            async with aclosing(file.pieces()) as pieces:
                async for piece in pieces:
                    entry.write(piece)
                    yield self._outlet.take()
        yield self._outlet.take()

    def _info(self, name: str, job: JobView | None = None) -> zipfile.ZipInfo:
        at = sent_at(job.id) if job else None
        info = zipfile.ZipInfo(name, max(_EARLIEST, at.timetuple()[:6]) if at else _EARLIEST)
        info.external_attr = 0o644 << 16
        return info


def _line(job: JobView) -> str:
    return f"{safe_name(job.name, job.id)} (job {job.id})"
