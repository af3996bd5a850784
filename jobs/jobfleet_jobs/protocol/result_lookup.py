"""The search for a job's result, by whoever may read the bucket.

Most results lie under a key of their own. Those of small jobs done together share an object whose
key says which ids it can hold (`protocol.names.result_batch_key`).
"""

from collections.abc import Callable, Sequence

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import RESULT_BATCHES, result_batch_may_hold, result_key

# S3 lists 1,000 keys a call. Ids sort by time, so a batch lies near its ids; twenty calls reach over
# two million jobs that were sent after the one looked for and done before it.
LISTINGS_MAX = 20


def find_result(
    job_id: str, read: Callable[[str], str | None], keys_after: Callable[[str], Sequence[str]]
) -> Result | None:
    """Return what is stored of a job, the final result rather than a failing one; None if nothing is.

    `read` returns an object's text or None; `keys_after` the keys under `RESULT_BATCHES` that come
    after a key, in order, as many as one call brings. Raises `BadJob` for a result of its own that
    cannot be read.
    """
    text = read(result_key(job_id))
    own = Result.from_json(text) if text is not None else None
    if own and own.status != "failing":
        return own
    return _in_batches(job_id, read, keys_after) or own


def _in_batches(
    job_id: str, read: Callable[[str], str | None], keys_after: Callable[[str], Sequence[str]]
) -> Result | None:
    after = RESULT_BATCHES + job_id
    for _ in range(LISTINGS_MAX):
        keys = keys_after(after)
        for key in keys:
            found = _in_batch(job_id, read(key)) if result_batch_may_hold(key, job_id) else None
            if found:
                return found
        if not keys:
            return None
        after = keys[-1]
    return None


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
