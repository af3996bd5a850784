"""Recent jobs: the stored results of whoever sent them, and what this machine has sent without an answer.

Ids sort by the time they were made, and so do the keys of results (`protocol/names.py`): looking at the
newest jobs takes some listings and as many reads as jobs are shown, however many there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.ids import ids_from, is_job_id, sent_at
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import RESULTS
from jobfleet_jobs.results.result_batches import BATCH_KINDS, is_batch, may_hold, read_batch_key

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import THREADS, Bucket, ListedObject, Listing, newest
from jobfleet.stack.sent_history import History, Sent

Status = Literal["succeeded", "failed", "failing", "unanswered"]
STATUSES: tuple[Status, ...] = ("succeeded", "failed", "failing", "unanswered")

# As many objects are read for one answer.
READ_MAX = 1_000

# What a UUIDv7 begins with until the year 2527; beside results of their own lie the batches.
_V7 = "0"


@dataclass(frozen=True)
class Recent:
    """A job and what is stored of it; `result` is None for one without an answer as yet."""

    id: str
    operation: str
    status: Status
    sent: datetime
    result: Result | None = None


@dataclass(frozen=True)
class JobList:
    """Jobs, newest first; not `whole` where some were left out, but for the limit that was asked for."""

    jobs: Sequence[Recent]
    whole: bool


@dataclass(frozen=True)
class _Source:
    """An object with results, and the greatest id in it."""

    key: str
    greatest: str


def find_jobs(
    account: Account, limit: int, statuses: Sequence[Status] = (), since: datetime | None = None
) -> JobList:
    """Return the newest `limit` jobs sent since `since`, of these `statuses` if any are given.

    Raises AWS's errors.
    """
    bucket = Bucket(account)
    history = History(bucket.name).sent()

    def enough(some: Listing) -> bool:
        # With a status asked for, nobody knows beforehand how many are to be looked at.
        return len(some.items) >= READ_MAX if statuses else _count(some) >= limit

    def list_since(start: datetime) -> Listing:
        first = ids_from(start)
        prefixes = [RESULTS, *(kind.prefix for kind in BATCH_KINDS)]
        return bucket.list_all((prefix + _V7, prefix + first) for prefix in prefixes)

    listing = newest(list_since, enough, since)
    sources = sorted(map(_source, listing.items), key=lambda one: one.greatest, reverse=True)
    start = _start(since, listing, sources)
    open_ones = [] if statuses and "unanswered" not in statuses else _unanswered(history, sources, start)
    answered, read_all = _read(bucket, sources, limit, statuses, since)
    jobs = sorted([*answered, *open_ones], key=lambda job: job.id, reverse=True)
    short = len(jobs) < limit and not listing.whole
    return JobList(jobs[:limit], read_all and not short)


def _start(since: datetime | None, listing: Listing, sources: Sequence[_Source]) -> datetime | None:
    """Return since when every answer is known: what was sent before might have one."""
    if listing.whole or not sources:
        return since
    return max(sent_at(sources[-1].greatest) or datetime.now(UTC), since or datetime.fromtimestamp(0, UTC))


def _count(listing: Listing) -> int:
    """Return how many jobs these objects hold."""
    return sum(read_batch_key(item.key).results if is_batch(item.key) else 1 for item in listing.items)


def _source(item: ListedObject) -> _Source:
    if is_batch(item.key):
        return _Source(item.key, read_batch_key(item.key).greatest)
    return _Source(item.key, item.key.removeprefix(RESULTS).removesuffix(".json"))


def _read(
    bucket: Bucket,
    sources: Sequence[_Source],
    limit: int,
    statuses: Sequence[Status],
    since: datetime | None,
) -> tuple[list[Recent], bool]:
    """Read results, newest first, until no older object can hold one of the newest `limit`."""
    found: dict[str, Recent] = {}
    for start in range(0, len(sources), 2 * THREADS):
        fitting = sorted(
            (job for job in found.values() if _fits(job, statuses, since)), key=lambda job: job.id
        )
        if len(fitting) >= limit and sources[start].greatest < fitting[-limit].id:
            break
        if start >= READ_MAX:
            return fitting, False
        some = sources[start : start + 2 * THREADS]
        for _, text in bucket.texts([source.key for source in some]):
            _merge(found, text.splitlines())
    return [job for job in found.values() if _fits(job, statuses, since)], True


def _merge(found: dict[str, Recent], lines: Iterable[str]) -> None:
    """Take the results in these lines; a final one wins over a failing one."""
    for line in lines:
        try:
            result = Result.from_json(line)
        except BadJob:
            continue  # of a version to come, or no result at all
        sent = sent_at(result.id) if is_job_id(result.id) else None
        known = found.get(result.id)
        if sent and result.status in STATUSES and (known is None or known.status == "failing"):
            found[result.id] = Recent(result.id, str(result.operation), result.status, sent, result)


def _fits(job: Recent, statuses: Sequence[Status], since: datetime | None) -> bool:
    return (not statuses or job.status in statuses) and (since is None or job.sent >= since)


def _unanswered(history: Sequence[Sent], sources: Sequence[_Source], since: datetime | None) -> list[Recent]:
    """Return what this machine has sent, and of which nothing is stored."""
    wanted = []
    for job in history:
        sent = sent_at(job.id) if is_job_id(job.id) else None
        if sent and (since is None or sent >= since):
            wanted.append(Recent(job.id, job.operation, "unanswered", sent))
    stored = {source.greatest for source in sources if not is_batch(source.key)}
    holding = may_hold((one.key for one in sources if is_batch(one.key)), {job.id for job in wanted})
    stored.update(job_id for ids in holding.values() for job_id in ids)
    return [job for job in wanted if job.id not in stored]
