"""The workers' log lines, out of the bucket (docs/worker.md says what they are).

A key begins with the time of its first line, so that one listing brings what all workers wrote after a
time. Earlier versions put the day first, then the worker, then the time.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS
from jobfleet_jobs.protocol.names import LOGS, LOGS_BY_TIME, heartbeat_key, log_keys_from

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket, ListedObject, Listing, newest
from jobfleet.human_text import instant

# As many objects are read for one answer; at full speed a worker writes some twenty a second.
OBJECTS_MAX = 1_000

# No further back is looked.
DAYS_MAX = 31

# An object's key has the time of its first line, and it is uploaded once it is full or half a minute
# old: what came so long before the last look may still be new to it.
LATE_UPLOAD = timedelta(minutes=5)

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


class LogLines:
    """Finds lines; `follow` goes on for as long as it is asked."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._bucket = Bucket(account)
        self._seen: dict[str, datetime] = {}

    def find(self, wanted: LogQuery) -> LogSearch:
        """Return the newest lines that are wanted; of a job, the first after it was sent."""
        with self._account.in_words():
            since = max(wanted.since, datetime.now(UTC) - timedelta(days=DAYS_MAX))
            # The object that a line is in may have begun before.
            reach = since - LATE_UPLOAD
            if wanted.job:
                listing = self._list(reach, wanted.worker)
                chosen = sorted(listing.items, key=_time_of)[:OBJECTS_MAX]
            else:
                listing = self._newest(reach, wanted.worker, self._last_heard_of(wanted.worker))
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
            with self._account.in_words():
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

    def _newest(self, reach: datetime, only: str | None, until: datetime | None = None) -> Listing:
        return newest(
            lambda start: self._list(start, only, until),
            lambda some: len(some.items) >= OBJECTS_MAX,
            reach,
            until,
        )

    def _list(self, start: datetime, only: str | None, until: datetime | None = None) -> Listing:
        """List the objects (of one worker) that begin at `start` or later (and before `until`)."""
        before = log_keys_from(until) if until else ""
        by_time = self._bucket.list(LOGS_BY_TIME, log_keys_from(start), before)
        old = self._list_old(start, only)
        items = [
            item
            for item in (*by_time.items, *old.items)
            if _time_of(item) >= start and only in (None, _worker_of(item))
        ]
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
        fields = json.loads(text)
    except ValueError:
        return None
    at = instant(fields.get("time")) if isinstance(fields, dict) else None
    return LogLine(text, at, fields) if at else None


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
