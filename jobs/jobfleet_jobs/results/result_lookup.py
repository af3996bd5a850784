"""The search for a job's result, by whoever may read the bucket.

Most results lie under a key of their own. Those of small jobs done together share an object whose
key says which ids it can hold (`results.result_batches`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import result_key
from jobfleet_jobs.results.result_batches import BATCH_KINDS, Window, batch_windows, may_hold


class KeyPage(NamedTuple):
    """The keys that one call lists, in order, and whether there are more behind them."""

    keys: Sequence[str]
    more: bool

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "KeyPage":
        """Read what ListObjectsV2 answers."""
        return cls([item["Key"] for item in answer.get("Contents", ())], bool(answer.get("IsTruncated")))


# Lists the keys under a prefix that come after a key, as many as one call brings.
ListPage = Callable[[str, str], KeyPage]


def find_result(job_id: str, read: Callable[[str], str | None], list_page: ListPage) -> Result | None:
    """Return what is stored of a job, the final result rather than a failing one; None if nothing is.

    `read` returns an object's text or None. Raises `BadJob` for a result of its own that cannot be read.
    """
    text = read(result_key(job_id))
    own = Result.from_json(text) if text is not None else None
    if own and own.status != "failing":
        return own
    return _in_batches(job_id, read, list_page) or own


def _in_batches(job_id: str, read: Callable[[str], str | None], list_page: ListPage) -> Result | None:
    for kind in BATCH_KINDS:
        for window in batch_windows(kind, [job_id]):
            for keys in _pages(window, list_page):
                for key in may_hold(keys, [job_id]):
                    found = _in_batch(job_id, read(key))
                    if found:
                        return found
    return None


def _pages(window: Window, list_page: ListPage) -> Iterator[Sequence[str]]:
    after, more = window.after, True
    while more and after < window.end:
        page = list_page(window.prefix, after)
        yield page.keys
        after, more = page.keys[-1] if page.keys else window.end, page.more


def _in_batch(job_id: str, lines: str | None) -> Result | None:
    for line in (lines or "").splitlines():
        if job_id in line:
            try:
                result = Result.from_json(line)
            except BadJob:
                continue
            if result.id == job_id:
                return result
    return None
