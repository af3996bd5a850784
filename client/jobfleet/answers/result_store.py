"""The results in the stack's bucket, as the client reads them."""

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import RESULT_BATCHES, RESULTS, result_batch_may_hold, result_key
from jobfleet_jobs.protocol.result_lookup import find_result

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import read_object

# From here on, finding out by lists which results there are takes fewer calls than asking for each.
LIST_FROM = 4
# S3 lists 1,000 keys a call. Ids sort by time, so results of others in between are all that can make
# it more; beyond this many calls the results are asked for one by one.
LISTINGS_MAX = 20
READERS = 8


Reader = Callable[[str], Iterable[Result | None]]


class Results:
    """Reads results."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def find(self, job_id: str) -> Result | None:
        """Return the final result of a job, or None if there is none (yet)."""
        found = self.look(job_id)
        return found if found and found.status != "failing" else None

    def look(self, job_id: str) -> Result | None:
        """Return what is stored of a job, also of one that is failing; None if nothing is."""
        return find_result(job_id, self._read, self._batches_after)

    def find_many(self, job_ids: Collection[str]) -> dict[str, Result]:
        """Return the final results there are of these jobs, by id."""
        if len(job_ids) < LIST_FROM:
            found = {job_id: self.find(job_id) for job_id in job_ids}
            return {job_id: result for job_id, result in found.items() if result}
        least, greatest = min(job_ids), max(job_ids)
        wanted = {result_key(job_id): job_id for job_id in job_ids}
        keys = self._keys(RESULTS, _before(result_key(least)), result_key(greatest))
        if keys is None:
            return self._all(lambda job_id: [self.find(job_id)], job_ids)
        results = self._all(
            lambda key: [_result(self._read(key))], [key for key in keys if wanted.pop(key, None)]
        )
        return results | self._in_batches(set(job_ids) - set(results))

    def _in_batches(self, job_ids: set[str]) -> dict[str, Result]:
        if not job_ids:
            return {}
        # A batch's key begins with the greatest id in it, which may be any later one.
        keys = self._keys(RESULT_BATCHES, RESULT_BATCHES + min(job_ids), None)
        if keys is None:
            return self._all(lambda job_id: [self.find(job_id)], job_ids)
        holding = [key for key in keys if any(result_batch_may_hold(key, job_id) for job_id in job_ids)]
        found = self._all(lambda key: map(_result, (self._read(key) or "").splitlines()), holding)
        return {job_id: result for job_id, result in found.items() if job_id in job_ids}

    def _all(self, read: Reader, things: Collection[str]) -> dict[str, Result]:
        with ThreadPoolExecutor(min(READERS, len(things) or 1)) as pool:
            every = [result for results in pool.map(lambda thing: list(read(thing)), things)
                     for result in results]  # fmt: skip
        return {result.id: result for result in every if result and result.status != "failing"}

    def _keys(self, prefix: str, after: str, last: str | None) -> list[str] | None:
        """Return the keys after `after` up to `last`; None if that takes too many calls."""
        keys: list[str] = []
        for _ in range(LISTINGS_MAX):
            page = self._account.s3.list_objects_v2(
                Bucket=self._account.bucket, Prefix=prefix, StartAfter=after
            )
            found = [item["Key"] for item in page.get("Contents", [])]
            keys.extend(found)
            if not page.get("IsTruncated") or (last and found[-1] >= last):
                return keys
            after = found[-1]
        return None

    def _read(self, key: str) -> str | None:
        data = read_object(self._account, self._account.bucket, key)
        return None if data is None else data.decode()

    def _batches_after(self, key: str) -> list[str]:
        answer = self._account.s3.list_objects_v2(
            Bucket=self._account.bucket, Prefix=RESULT_BATCHES, StartAfter=key
        )
        return [item["Key"] for item in answer.get("Contents", [])]


def _before(key: str) -> str:
    """Return a key that sorts right before `key`, to begin a listing with `key` itself."""
    return key[:-1] + chr(ord(key[-1]) - 1)


def _result(text: str | None) -> Result | None:
    try:
        return Result.from_json(text) if text else None
    except BadJob:
        return None  # of a version to come
