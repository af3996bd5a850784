"""The results in the stack's bucket, as the client reads them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import RESULTS, result_key
from jobfleet_jobs.results.result_batches import BATCH_KINDS, Window, batch_windows, may_hold
from jobfleet_jobs.results.result_lookup import KeyPage, find_result

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import read_object

# From here on, finding out by lists which results there are takes fewer calls than asking for each.
LIST_FROM = 4

# A page of a listing brings 1,000 keys, mostly all that is wanted. Where so many pages have not, the ids
# lie far apart, and the rest is listed side by side.
PAGES_IN_LINE = 4
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
        return find_result(job_id, self._read, self._list_page)

    def find_many(self, job_ids: Collection[str]) -> dict[str, Result]:
        """Return the final results there are of these jobs, by id.

        Takes at most a listing for each id, or the pages between the first id and the last if they are
        fewer, once for results of their own and once for each kind of batch; and a read for each result.
        """
        if len(job_ids) < LIST_FROM:
            found = {job_id: self.find(job_id) for job_id in job_ids}
            return {job_id: result for job_id, result in found.items() if result}
        wanted = {result_key(job_id) for job_id in job_ids}
        keys = self._keys([Window(RESULTS, _before(key), key + "\0") for key in sorted(wanted)])
        results = self._all(lambda key: [_result(self._read(key))], wanted.intersection(keys))
        return results | self._in_batches(set(job_ids) - set(results))

    def _in_batches(self, job_ids: set[str]) -> dict[str, Result]:
        if not job_ids:
            return {}
        with ThreadPoolExecutor(len(BATCH_KINDS)) as pool:
            listed = list(pool.map(lambda kind: self._keys(batch_windows(kind, job_ids)), BATCH_KINDS))
        holding = may_hold((key for keys in listed for key in keys), job_ids)
        found = self._all(lambda key: map(_result, (self._read(key) or "").splitlines()), list(holding))
        return {job_id: result for job_id, result in found.items() if job_id in job_ids}

    def _all(self, read: Reader, things: Collection[str]) -> dict[str, Result]:
        with ThreadPoolExecutor(min(READERS, len(things) or 1)) as pool:
            every = [result for results in pool.map(lambda thing: list(read(thing)), things)
                     for result in results]  # fmt: skip
        return {result.id: result for result in every if result and result.status != "failing"}

    def _keys(self, windows: Sequence[Window]) -> set[str]:
        """Return the keys in these windows of one prefix, which are in order; others may be among them."""
        keys, left = self._list(windows, PAGES_IN_LINE)
        if left:
            size = -(-len(left) // READERS)
            parts = [left[start : start + size] for start in range(0, len(left), size)]
            with ThreadPoolExecutor(READERS) as pool:
                for more, _ in pool.map(self._list, parts):
                    keys |= more
        return keys

    def _list(self, windows: Sequence[Window], pages: int | None = None) -> tuple[set[str], list[Window]]:
        """List one window after the other, each from where the last page ended; return the windows left."""
        keys: set[str] = set()
        seen, end = "", False  # how far everything is known, and whether there is nothing behind it
        for number, window in enumerate(windows):
            while not end and max(seen, window.after) < window.end:
                if pages == 0:
                    rest = Window(window.prefix, max(seen, window.after), window.end)
                    return keys, [rest, *windows[number + 1 :]]
                pages = None if pages is None else pages - 1
                page = self._list_page(window.prefix, max(seen, window.after))
                keys.update(page.keys)
                seen, end = page.keys[-1] if page.keys else seen, not page.more
        return keys, []

    def _read(self, key: str) -> str | None:
        data = read_object(self._account, self._account.bucket, key)
        return None if data is None else data.decode()

    def _list_page(self, prefix: str, after: str) -> KeyPage:
        return KeyPage.of(
            self._account.s3.list_objects_v2(Bucket=self._account.bucket, Prefix=prefix, StartAfter=after)
        )


def _before(key: str) -> str:
    """Return a key that sorts right before `key`, to begin a listing with `key` itself."""
    return key[:-1] + chr(ord(key[-1]) - 1)


def _result(text: str | None) -> Result | None:
    try:
        return Result.from_json(text) if text else None
    except BadJob:
        return None  # of a version to come
