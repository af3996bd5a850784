"""Batches as the bucket tells them: a listing says what belongs to one, results say what became of it."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.protocol.ids import is_job_id
from jobfleet_jobs.protocol.names import WEB_BATCHES, BatchEntry

from jobfleet_web.links import link
from jobfleet_web.model import BatchView, JobView
from jobfleet_web.problems import Problem
from jobfleet_web.work.gateway import Gateway
from jobfleet_web.work.jobs.following import Following
from jobfleet_web.work.jobs.job_facts import JobFacts
from jobfleet_web.work.jobs.job_views import waiting_view

# A page of a view, and what a batch may hold to be shown: a listing brings 1,000 a call.
PAGE_JOBS = 1_000
BATCH_MAX_JOBS = 50_000

STATUSES = ("waiting", "working", "succeeded", "failed")


def checked_batch_id(batch: str) -> str:
    """Return a batch's id. Raises `Problem` for what is none."""
    if not is_job_id(batch):
        raise Problem(
            404, "no-such-batch", f"{shown(batch)} is no batch",
            mend=f"POST {link('/api/v1/batches')} gives a new one; leave `batch` out to have one made",
        )  # fmt: skip
    return batch


class Batches:
    """Reads batches. Who asks for the same one at the same time shares the calls."""

    def __init__(self, gateway: Gateway, following: Following) -> None:
        self._gateway, self._following = gateway, following
        self._reading: dict[str, asyncio.Task[list[JobView]]] = {}

    async def view(self, batch: str, after: str = "", limit: int = PAGE_JOBS) -> BatchView:
        """Return a page of a batch behind the job `after`; counts are of all. Raises `Problem`."""
        jobs = await self.jobs(batch)
        page, following = _page([(job.id, job) for job in jobs], after, limit)
        return BatchView(batch, page, counts_of(jobs), following)

    async def latest(self, batch: str, after: str = "", limit: int = PAGE_JOBS) -> BatchView:
        """Return a page on which the latest try of a job stands for all of them. Raises `Problem`."""
        tried = tries_of(await self.jobs(batch))
        page, following = _page([(first, tries[-1]) for first, tries in sorted(tried.items())], after, limit)
        counts = counts_of([tries[-1] for tries in tried.values()])
        return BatchView(batch, page, counts, following, {one[-1].id: len(one) for one in tried.values()})

    async def jobs(self, batch: str) -> list[JobView]:
        """Return all jobs of a batch as they are now, in the order of their ids. Raises `Problem`."""
        checked_batch_id(batch)
        task = self._reading.get(batch)
        if task is None:
            task = asyncio.create_task(self._read(batch))
            self._reading[batch] = task
            task.add_done_callback(lambda _: self._reading.pop(batch, None))
        return await asyncio.shield(task)

    async def entries(self, batch: str) -> list[BatchEntry]:
        """Return what belongs to a batch. Raises `Problem`."""
        return await self._gateway.read(self._list, checked_batch_id(batch))

    async def views_of(self, entries: Sequence[BatchEntry]) -> list[JobView]:
        """Return jobs as they are now. Results that this process lacks are read in few calls."""
        known = self._following.known
        # Taken first: results that come in now may have others forgotten.
        kept = {one.job: view for one in entries if (view := known(one.job))}
        lacking = [one for one in entries if one.job not in kept]
        found = await self._following.look([one.job for one in lacking]) if lacking else {}
        done = {one.job: _facts(one) for one in lacking if one.job in found}
        views = {job: self._following.settle(facts, found[job]) for job, facts in done.items()}
        return [
            views.get(one.job) or known(one.job) or kept.get(one.job) or waiting_view(_facts(one))
            for one in entries
        ]

    async def _read(self, batch: str) -> list[JobView]:
        return await self.views_of(await self.entries(batch))

    def _list(self, batch: str) -> list[BatchEntry]:
        listing = self._gateway.bucket.list(f"{WEB_BATCHES}{batch}/", pages=BATCH_MAX_JOBS // PAGE_JOBS)
        found = (BatchEntry.of(item.key) for item in listing.items)
        return [entry for entry in found if entry and is_job_id(entry.job)]


def counts_of(jobs: Sequence[JobView]) -> dict[str, int]:
    """Return how many jobs there are, in all and by status."""
    counted = Counter[str](job.status for job in jobs)
    return {"total": len(jobs), **{status: counted[status] for status in STATUSES}}


def tries_of(jobs: Iterable[JobView]) -> dict[str, list[JobView]]:
    """Return the tries of each job, the latest one last, by the id of the first; `jobs` are in order of ids.

    Whoever put an entry into the batch may say what it likes: no job is left out, and none comes twice.
    """
    tried: dict[str, list[JobView]] = {}
    first_of: dict[str, str] = {}
    for job in jobs:
        # A clock of another host may be behind, so that a try comes before the one that it follows.
        first = first_of.get(job.id) or first_of.get(job.retry_of or "") or job.retry_of or job.id
        first_of[job.id] = first_of[job.retry_of or job.id] = first
        tried.setdefault(first, []).append(job)
    for tries in tried.values():
        followed = {job.retry_of for job in tries}
        tries.sort(key=lambda job: job.id not in followed)
    return tried


def _page(rows: Sequence[tuple[str, JobView]], after: str, limit: int) -> tuple[list[JobView], str | None]:
    """Return a page of the rows, which are in the order of their ids, and where the next one begins."""
    behind = [row for row in rows if row[0] > after]
    page = behind[: max(1, min(limit, PAGE_JOBS))]
    return [job for _, job in page], page[-1][0] if len(behind) > len(page) else None


def _facts(entry: BatchEntry) -> JobFacts:
    return JobFacts(entry.job, entry.name, entry.operation, batch=entry.batch, retry_of=entry.retry_of)
