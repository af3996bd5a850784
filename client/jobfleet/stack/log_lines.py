"""The workers' log lines, out of the bucket (docs/worker.md says what they are).

A key begins with the time of its first line, so that one listing brings what all workers wrote after a
time. Earlier versions put the day first, then the worker, then the time.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from jobfleet_jobs.careful_json import parse
from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS
from jobfleet_jobs.protocol.ids import is_job_id
from jobfleet_jobs.protocol.names import LOGS, LOGS_BY_TIME, heartbeat_key, log_keys_from, result_key
from jobfleet_jobs.results.result_batches import BATCH_KINDS, batch_windows, may_hold

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import PAGE_KEYS, Bucket, ListedObject, Listing, newest
from jobfleet.human_text import instant

# As many objects are read for one answer; at full speed a worker writes some twenty a second.
OBJECTS_MAX = 1_000

# No further back is looked.
DAYS_MAX = 31

# An object's key has the time of its first line, and it is uploaded once it is full or half a minute
# old: what came so long before the last look may still be new to it.
LATE_UPLOAD = timedelta(minutes=5)

# A job's result and its line are stored right after each other. All that was written around then is listed,
# in as many pages of 1,000 keys as 1,500 objects a second take.
AROUND = timedelta(seconds=30)
PAGES_AROUND_MAX = 100

# The objects of one worker lie among those of all. So many pages are listed for it: more than an hour's at
# 100 objects a second. They are listed in spans of time, from the newest back, each in a few calls.
PAGES_OF_WORKER_MAX = 500
SPAN_FIRST = timedelta(minutes=1)
SPAN_MIN = timedelta(seconds=1)
SPAN_FACTOR = 4

# A worker that has sent no heartbeat for so long is taken to be gone; it lived no longer than until the next
# one was due.
SILENT_AFTER = timedelta(minutes=15)
ONE_MORE = timedelta(seconds=1.25 * PERIOD_SECONDS)

# What the days of earlier versions begin with.
_OLD = LOGS + "2"


@dataclass(frozen=True)
class LogLine:
    """A line as the worker wrote it, and what it says."""

    text: str
    at: datetime
    fields: dict[str, Any]


@dataclass(frozen=True)
class LogQuery:
    """Which lines: not before `since`; of one job, or of one worker, if given."""

    since: datetime
    job: str | None = None
    worker: str | None = None

    def has(self, line: LogLine) -> bool:
        """Tell whether a line is among them."""
        return line.at >= self.since and self.job in (None, line.fields.get("job"))


@dataclass(frozen=True)
class LogSearch:
    """Lines by time, over all workers; not `whole` where there was more than is read at once."""

    lines: Sequence[LogLine]
    whole: bool


class _Span(NamedTuple):
    """A time to list, and what in it is read first; `pages` as in `Bucket.list`."""

    start: datetime
    until: datetime | None
    near: datetime
    pages: int | None = None

    def nearest(self, items: Iterable[ListedObject]) -> list[ListedObject]:
        """Return the objects, those first that began nearest to `near`."""
        return sorted(items, key=lambda item: abs(_time_of(item) - self.near))


class LogLines:
    """Finds lines; `follow` goes on for as long as it is asked. Both raise AWS's errors."""

    def __init__(self, account: Account) -> None:
        self._bucket = Bucket(account)
        self._seen: dict[str, datetime] = {}

    def find(self, wanted: LogQuery) -> LogSearch:
        """Return the newest lines that are wanted; of a job, those at its end and the first ones."""
        since = max(wanted.since, datetime.now(UTC) - timedelta(days=DAYS_MAX))
        if wanted.job:
            listing = self._of_job(wanted.job, since, wanted.worker)
        else:
            # The object that a line is in may have begun before.
            until = self._last_heard_of(wanted.worker)
            listing = self._newest(since - LATE_UPLOAD, wanted.worker, until)
        chosen = sorted(listing.items, key=_time_of)[-OBJECTS_MAX:]
        whole = listing.whole and len(chosen) == len(listing.items) and since == wanted.since
        self._remember(listing.items)
        return LogSearch(self._read(chosen, wanted), whole)

    def follow(
        self, wanted: LogQuery, interval: float, sleep: Callable[[float], None] = time.sleep
    ) -> Iterator[Sequence[LogLine]]:
        """Bring what is new since `find`, every `interval` seconds, for ever."""
        while True:
            sleep(interval)
            now = datetime.now(UTC)
            items = self._newest(now - LATE_UPLOAD, wanted.worker).items
            new = [item for item in items if item.key not in self._seen]
            self._remember(new)
            lines = self._read(sorted(new, key=_time_of)[-OBJECTS_MAX:], wanted)
            self._seen = {key: at for key, at in self._seen.items() if now - at < 2 * LATE_UPLOAD}
            if lines:
                yield lines

    def _last_heard_of(self, worker: str | None) -> datetime | None:
        """Return when a worker that is gone can have written its last lines; None of one that is not."""
        listed = self._bucket.list(heartbeat_key(worker)).items if worker else []
        gone = listed and datetime.now(UTC) - listed[0].modified > SILENT_AFTER
        return listed[0].modified + ONE_MORE if gone else None

    def _of_job(self, job: str, since: datetime, only: str | None) -> Listing:
        """List what is nearest to the job's end, then what began after `since`, then what began before."""
        spans = [_Span(end - AROUND, end + AROUND, end, PAGES_AROUND_MAX) for end in self._ends_of(job)]
        spans += [_Span(since, None, since), _Span(since - LATE_UPLOAD, since, since)]
        found: dict[str, ListedObject] = {}
        whole = True
        for span in spans:
            room = OBJECTS_MAX - len(found)
            if not room:
                return Listing(list(found.values()), whole=False)
            listing = self._list(span.start, only, span.until, span.pages)
            new = [item for item in listing.items if item.key not in found]
            found |= {item.key: item for item in span.nearest(new)[:room]}
            whole = whole and listing.whole and len(new) <= room
        return Listing(list(found.values()), whole)

    def _ends_of(self, job: str) -> list[datetime]:
        """Return when what may be the job's result was stored; nothing where there is none."""
        if not is_job_id(job):
            return []
        stored = list(self._bucket.list(result_key(job)).items)
        for kind in BATCH_KINDS:
            for window in batch_windows(kind, [job]):
                batches = self._bucket.list(window.prefix, window.after, window.end).items
                holding = may_hold([one.key for one in batches], [job])
                stored += [one for one in batches if one.key in holding]
        return sorted({one.modified for one in stored}, reverse=True)

    def _newest(self, reach: datetime, only: str | None, until: datetime | None = None) -> Listing:
        if only:
            return self._newest_of(only, reach, until)
        return newest(
            lambda start: self._list(start, None, until),
            lambda some: len(some.items) >= OBJECTS_MAX,
            reach,
            until,
        )

    def _newest_of(self, worker: str, reach: datetime, until: datetime | None) -> Listing:
        """List one worker's objects from the newest back, until there are enough of them."""
        old = self._list_old(reach, worker)
        found = [item for item in old.items if _is_of(item, worker, reach, until)]
        pages, whole, span, late = 0, old.whole, SPAN_FIRST, until or datetime.now(UTC)
        while late > reach:
            if pages >= PAGES_OF_WORKER_MAX or len(found) >= OBJECTS_MAX:
                return Listing(found, whole=False)
            start = max(reach, late - span)
            before = log_keys_from(until) if until else ""
            listing = self._bucket.list(LOGS_BY_TIME, log_keys_from(start), before)
            pages += len(listing.items) // PAGE_KEYS + 1
            if not listing.whole and span > SPAN_MIN:
                span /= SPAN_FACTOR
                continue
            found += [item for item in listing.items if _is_of(item, worker, start, until)]
            whole, late, until = whole and listing.whole, start, start
            if len(listing.items) < PAGE_KEYS:
                span *= SPAN_FACTOR
        return Listing(found, whole)

    def _list(
        self, start: datetime, only: str | None, until: datetime | None = None, pages: int | None = None
    ) -> Listing:
        """List the objects (of one worker) that begin at `start` or later (and before `until`)."""
        before = log_keys_from(until) if until else ""
        by_time = self._bucket.list(LOGS_BY_TIME, log_keys_from(start), before, pages)
        old = self._list_old(start, only)
        items = [item for item in (*by_time.items, *old.items) if _is_of(item, only, start, until)]
        return Listing(items, by_time.whole and old.whole)

    def _list_old(self, start: datetime, only: str | None) -> Listing:
        """List objects of earlier versions: all since that day at once, or by day where they are many."""
        first = start.date()
        listing = self._bucket.list(_OLD, f"{LOGS}{first:%Y/%m/%d}/")
        if listing.whole:
            return listing
        days = [
            first + timedelta(days=number) for number in range((datetime.now(UTC).date() - first).days + 1)
        ]
        return self._bucket.list_all(
            (f"{LOGS}{day:%Y/%m/%d}/{only + '-' if only else ''}", "") for day in days
        )

    def _remember(self, items: Sequence[ListedObject]) -> None:
        self._seen |= {item.key: max(_time_of(item), item.modified) for item in items}

    def _read(self, items: Sequence[ListedObject], wanted: LogQuery) -> list[LogLine]:
        lines = [
            line
            for _, text in self._bucket.texts([item.key for item in items])
            for line in map(_parse, text.splitlines())
            if line and wanted.has(line)
        ]
        return sorted(lines, key=lambda line: line.at)


def _parse(text: str) -> LogLine | None:
    try:
        fields = parse(text)
    except ValueError:
        return None
    at = instant(fields.get("time")) if isinstance(fields, dict) else None
    return LogLine(text, at, fields) if at else None


def _is_of(item: ListedObject, worker: str | None, start: datetime, until: datetime | None) -> bool:
    at = _time_of(item)
    return at >= start and (until is None or at < until) and worker in (None, _worker_of(item))


def _worker_of(item: ListedObject) -> str:
    name = item.key.rpartition("/")[2].removesuffix(".jsonl")
    return name.split("-", 2)[-1] if item.key.startswith(LOGS_BY_TIME) else name.rsplit("-", 2)[0]


def _time_of(item: ListedObject) -> datetime:
    """Return the time in a key; of a foreign one, when it was written."""
    day, _, name = item.key.removeprefix(LOGS_BY_TIME).removeprefix(LOGS).rpartition("/")
    parts = name.removesuffix(".jsonl")
    by_time = item.key.startswith(LOGS_BY_TIME)
    try:
        clock, number = parts.split("-", 2)[:2] if by_time else parts.rsplit("-", 2)[1:]
        return datetime.strptime(f"{day} {clock} {int(number):06}", "%Y/%m/%d %H%M%S %f").replace(tzinfo=UTC)
    except ValueError:
        return item.modified
