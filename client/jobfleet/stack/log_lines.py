"""The workers' log lines, out of the bucket (docs/worker.md says what they are).

A key holds its day, its worker and the time of its first line, in this order, so that one listing
for each worker brings what came after a time.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jobfleet_jobs.protocol.names import LOGS, WORKERS

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

# How often new workers are looked for, and how long the logs of one are followed after its last heartbeat.
WORKERS_SECONDS = 30.0
SILENT_AFTER = timedelta(minutes=15)


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
            workers = self._workers(wanted.worker)
            since = max(wanted.since, datetime.now(UTC) - timedelta(days=DAYS_MAX))
            # The object that a line is in may have begun before.
            reach = since - LATE_UPLOAD

            def list_since(start: datetime) -> Listing:
                return self._list(workers, start, wanted.worker)

            if wanted.job:
                listing = list_since(reach)
                chosen = sorted(listing.items, key=_time_of)[:OBJECTS_MAX]
            else:
                listing = newest(list_since, lambda some: len(some.items) >= OBJECTS_MAX, reach)
                chosen = sorted(listing.items, key=_time_of)[-OBJECTS_MAX:]
            whole = listing.whole and len(chosen) == len(listing.items) and since == wanted.since
            self._remember(listing.items)
            return LogSearch(self._read(chosen, wanted), whole)

    def follow(
        self,
        wanted: LogQuery,
        interval: float,
        sleep: Callable[[float], None] = time.sleep,
        living: Callable[[], float] = time.monotonic,
    ) -> Iterator[Sequence[LogLine]]:
        """Bring what is new since `find`, every `interval` seconds, for ever."""
        workers, due = list[str](), 0.0
        while True:
            sleep(interval)
            now = datetime.now(UTC)
            with self._account.in_words():
                if living() >= due:
                    workers, due = (
                        self._workers(wanted.worker, now - SILENT_AFTER),
                        living() + WORKERS_SECONDS,
                    )
                items = self._list(workers, now - LATE_UPLOAD, wanted.worker).items
                new = [item for item in items if item.key not in self._seen]
                self._remember(new)
                lines = self._read(sorted(new, key=_time_of)[-OBJECTS_MAX:], wanted)
            self._seen = {key: at for key, at in self._seen.items() if now - at < 2 * LATE_UPLOAD}
            if lines:
                yield lines

    def _workers(self, only: str | None, after: datetime | None = None) -> list[str]:
        """Return the workers that have sent a heartbeat (after a time)."""
        if only:
            return [only]
        signs = self._bucket.list(WORKERS).items
        return [
            sign.key.removeprefix(WORKERS).removesuffix(".json")
            for sign in signs
            if after is None or sign.modified >= after
        ]

    def _list(self, workers: Sequence[str], start: datetime, only: str | None) -> Listing:
        """List the objects that begin at `start` or later: of the first day by worker, then whole days."""
        today, first = datetime.now(UTC).date(), start.date()
        wanted = []
        for worker in workers:
            prefix = f"{LOGS}{first:%Y/%m/%d}/{worker}-"
            wanted.append((prefix, f"{prefix}{start:%H%M%S}"))
        for number in range(1, (today - first).days + 1):
            day = first + timedelta(days=number)
            wanted.append((f"{LOGS}{day:%Y/%m/%d}/{only + '-' if only else ''}", ""))
        listing = self._bucket.list_all(wanted)
        # The name of one worker may begin with another's.
        named = {item.key: item for item in listing.items if only in (None, _worker_of(item))}
        return Listing(list(named.values()), listing.whole)

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
    return item.key.rpartition("/")[2].rsplit("-", 2)[0]


def _time_of(item: ListedObject) -> datetime:
    """Return the time in a key; of a foreign one, when it was written."""
    day, _, name = item.key.removeprefix(LOGS).rpartition("/")
    try:
        _, clock, number = name.removesuffix(".jsonl").rsplit("-", 2)
        return datetime.strptime(f"{day} {clock} {int(number):06}", "%Y/%m/%d %H%M%S %f").replace(tzinfo=UTC)
    except ValueError:
        return item.modified
