"""The search for one result, where results before it, behind it and of all ages are in the way."""

from datetime import UTC, datetime

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Attempt, Result
from jobfleet_jobs.protocol.names import result_key
from jobfleet_jobs.results.result_batches import BATCH_KINDS, result_batch_key
from jobfleet_jobs.results.result_lookup import KeyPage, find_result

from tests.listed_objects import ListedObjects, quick_id

AT = datetime(2026, 1, 2, tzinfo=UTC)
OLD = BATCH_KINDS[-1].prefix


def done(job_id: str, status: str = "succeeded") -> Result:
    return Result(job_id, "stats", status, "w1", 1)  # type: ignore[arg-type]


class Bucket(ListedObjects):
    """A bucket with results."""

    def put_batch(self, ids: list[str], prefix: str | None = None) -> None:
        key = result_batch_key(ids, "w1", AT)
        if prefix:
            key = prefix + key.rpartition("/")[2]
        self.put(key, "".join(done(one).to_json() + "\n" for one in ids))

    def find(self, job_id: str, size: int = 1_000) -> Result | None:
        """Look for a result, `size` keys a page."""

        def list_page(prefix: str, after: str) -> KeyPage:
            return KeyPage.of(self.list_objects_v2(Bucket="b", Prefix=prefix, StartAfter=after, MaxKeys=size))

        return find_result(job_id, self.text, list_page)


def test_every_id_of_every_batch_is_found_and_no_other() -> None:
    bucket, ids = Bucket(), [new_job_id(1_000 + n) for n in range(40)]
    for start in range(10):
        bucket.put_batch(ids[start::10])  # each batch spans nearly all
    for start in range(0, 40, 4):
        bucket.put_batch([new_job_id(1_000 + start), *ids[start : start + 4]])
    for one in ids:
        assert bucket.find(one, size=3) == done(one)
    assert bucket.find(new_job_id(1_020), size=3) is None


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_a_final_result_of_its_own_is_enough(status: str) -> None:
    bucket, one = Bucket(), new_job_id()
    bucket.put(result_key(one), done(one, status).to_json())
    assert bucket.find(one) == done(one, status)
    assert bucket.calls["ListObjectsV2"] == 0


def test_a_final_result_among_others_is_more_than_a_failing_one_of_its_own() -> None:
    bucket, one = Bucket(), new_job_id()
    broken = Attempt("2026-01-01T00:00:00.000+00:00", "w2", 1, "broke")
    failing = Result(one, "stats", "failing", "w2", 1, attempts=(broken,))
    bucket.put(result_key(one), failing.to_json())
    assert bucket.find(one) == failing
    bucket.put_batch([new_job_id(), one])
    assert bucket.find(one) == done(one)


def test_a_search_ends_however_many_results_follow() -> None:
    """A million jobs, 2,000 a second, done by 5,000 workers: ten at a time, from over five seconds."""
    start, bucket = 1_700_000_000_000, Bucket()
    within_20s = next(kind.prefix for kind in BATCH_KINDS if kind.span == 20_000)
    bucket.put_empty(
        f"{within_20s}{quick_id(number, start + 5_000 + 5 * number)}_{quick_id(number, start + 5 * number)}"
        f"_i-{number % 5_000:017x}-20260102000000_{'x' * 60}.jsonl"
        for number in range(100_000)
    )
    wanted = [quick_id(1, start + milliseconds) for milliseconds in (0, 250_000, 510_000)]
    for job_id in wanted:
        bucket.put_batch([job_id, quick_id(5, int(job_id[:8] + job_id[9:13], 16) + 19_000)])
    # No more than what the 20 s after it hold, 4,000 batches, and a call for each other kind.
    for job_id in wanted:
        bucket.calls.clear()
        assert bucket.find(job_id) == done(job_id)
        assert bucket.calls["ListObjectsV2"] <= 4 + len(BATCH_KINDS)
    bucket.calls.clear()
    assert bucket.find(quick_id(3, start + 500)) is None
    assert bucket.calls["ListObjectsV2"] <= 4 + len(BATCH_KINDS)
    assert bucket.calls["GetObject"] == 1


def test_a_result_of_the_old_layout_is_found_behind_any_number_of_batches() -> None:
    bucket, one = Bucket(), quick_id(1, 1_700_000_000_000)
    bucket.put_batch([one, quick_id(2, 1_800_000_000_000)], OLD)
    later = (quick_id(number, 1_700_000_001_000 + number) for number in range(25_000))
    bucket.put_empty(f"{OLD}{job_id}_{job_id}_w-1_{job_id[-6:]}.jsonl" for job_id in later)
    assert bucket.find(one) == done(one)
    assert bucket.calls["ListObjectsV2"] <= 26 + len(BATCH_KINDS)
