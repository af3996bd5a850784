"""The keys of objects that hold the results of several small jobs.

A key begins with the greatest id in the object, so that a listing that starts at an id skips what ends
before it. Ids begin with the time when they were made. An object lies under a prefix that says how far
apart in time its ids are at most: a search for one id ends so long after it, however many results follow.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

# As many results as one object may hold: a key says something of each, and S3 allows it 1,024 bytes.
RESULT_BATCH_MAX = 100

# The last digits of a UUID, as many as tell a hundred of them apart nearly always.
_MARK_DIGITS = 6

# What sorts behind every id.
_BEHIND_ALL = "g"


class BatchKind(NamedTuple):
    """Where batches lie whose ids are at most `span` milliseconds apart; None: however far."""

    prefix: str
    span: int | None


# A search lists each kind once at least. Jobs that come without a backlog before them are of the first. All
# results that share an object lay under the last one once; nothing is written there any more.
BATCH_SPAN_MAX = 20_000
BATCH_KINDS = (
    BatchKind("results/within-1s/", 1_000),
    BatchKind("results/within-20s/", BATCH_SPAN_MAX),
    BatchKind("results/batches/", None),
)


class Window(NamedTuple):
    """The keys under `prefix` behind `after` and before `end`, in order."""

    prefix: str
    after: str
    end: str


class BatchName(NamedTuple):
    """What the key of a batch says. `marks` are the ends of its ids, put together."""

    greatest: str
    least: str
    marks: str

    @property
    def results(self) -> int:
        """How many results it holds."""
        return len(self.marks) // _MARK_DIGITS


def is_batch(key: str) -> bool:
    """Tell whether a key is that of a batch."""
    return key.startswith(tuple(kind.prefix for kind in BATCH_KINDS))


def result_batch_key(ids: Sequence[str], worker: str, at: datetime) -> str:
    """Where the results of small jobs lie that were done together.

    Behind the greatest id come the least, who wrote it and when (UTC), and the last digits of every id.
    """
    greatest, least = max(ids), min(ids)
    span = _milliseconds(greatest) - _milliseconds(least)
    prefix = next(kind.prefix for kind in BATCH_KINDS if kind.span is None or span <= kind.span)
    marks = "".join(job_id[-_MARK_DIGITS:] for job_id in ids)
    return f"{prefix}{greatest}_{least}_{worker}-{at:%Y%m%d%H%M%S%f}_{marks}.jsonl"


def read_batch_key(key: str) -> BatchName:
    """Return what a batch's key says; of a foreign key, nothing that holds an id."""
    greatest, _, rest = key.rpartition("/")[2].partition("_")
    least, _, rest = rest.partition("_")
    return BatchName(greatest, least, rest.removesuffix(".jsonl").rpartition("_")[2])


def in_batches(ids: Iterable[str]) -> list[list[str]]:
    """Part ids so that each part may be stored as one batch: few enough, and made at about the same time."""
    parts: list[list[str]] = []
    for job_id in sorted(ids):
        last = parts[-1] if parts else []
        fits = last and _milliseconds(job_id) - _milliseconds(last[0]) <= BATCH_SPAN_MAX
        if fits and len(last) < RESULT_BATCH_MAX:
            last.append(job_id)
        else:
            parts.append([job_id])
    return parts


def batch_windows(kind: BatchKind, job_ids: Iterable[str]) -> list[Window]:
    """Return where batches of a kind lie that can hold the results of these jobs, in the order of keys."""
    ids = sorted(job_ids)
    if kind.span is None:
        # One window has all the others in it.
        return [Window(kind.prefix, kind.prefix + job_id, kind.prefix + _BEHIND_ALL) for job_id in ids[:1]]
    return [
        Window(kind.prefix, kind.prefix + job_id, kind.prefix + _after(job_id, kind.span)) for job_id in ids
    ]


def may_hold(keys: Iterable[str], job_ids: Collection[str]) -> dict[str, list[str]]:
    """Return those batches that may hold the result of any of these jobs, each with the jobs' ids.

    A wrong yes is rare, a wrong no never. The work grows with the keys and with the ids, not with both.
    """
    ids = sorted(set(job_ids))
    by_mark: dict[str, list[str]] = defaultdict(list)
    for job_id in ids:
        by_mark[job_id[-_MARK_DIGITS:]].append(job_id)
    found: dict[str, list[str]] = {}
    for key in keys:
        name = read_batch_key(key)
        if bisect_left(ids, name.least) == bisect_right(ids, name.greatest):
            continue
        held: list[str] = []
        for start in range(0, len(name.marks), _MARK_DIGITS):
            same = by_mark.get(name.marks[start : start + _MARK_DIGITS])
            if same:
                held += same[bisect_left(same, name.least) : bisect_right(same, name.greatest)]
        if held:
            found[key] = held
    return found


def _after(job_id: str, span: int) -> str:
    """Return what sorts behind all ids made up to `span` milliseconds after this one."""
    digits = f"{_milliseconds(job_id) + span + 1:012x}"
    return f"{digits[:8]}-{digits[8:]}-" if len(digits) == 12 else _BEHIND_ALL


def _milliseconds(job_id: str) -> int:
    """Return what stands where a UUIDv7 has the milliseconds of Unix time."""
    return int(job_id[:8] + job_id[9:13], 16)
