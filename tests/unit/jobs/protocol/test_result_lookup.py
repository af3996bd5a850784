from datetime import UTC, datetime

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Attempt, Result
from jobfleet_jobs.protocol.names import RESULT_BATCH_MAX, result_batch_key, result_batch_may_hold, result_key
from jobfleet_jobs.protocol.result_lookup import LISTINGS_MAX, find_result

AT = datetime(2026, 1, 2, tzinfo=UTC)


def done(job_id: str, status: str = "succeeded") -> Result:
    return Result(job_id, "stats", status, "w1", 1)  # type: ignore[arg-type]


class Bucket(dict[str, str]):
    """Objects by key; lists three at a time."""

    listings = 0

    def keys_after(self, after: str) -> list[str]:
        self.listings += 1
        return sorted(key for key in self if key > after and key.startswith("results/batches/"))[:3]

    def put_batch(self, ids: list[str]) -> str:
        key = result_batch_key(ids, "w1", AT)
        self[key] = "".join(done(one).to_json() + "\n" for one in ids)
        return key


def test_every_id_of_every_batch_is_found_and_no_other() -> None:
    bucket, ids = Bucket(), [new_job_id(1_000 + n) for n in range(40)]
    for start in range(10):
        bucket.put_batch(ids[start::10])  # each batch spans nearly all
    for one in ids:
        assert find_result(one, bucket.get, bucket.keys_after) == done(one)
    assert find_result(new_job_id(1_020), bucket.get, bucket.keys_after) is None


def test_a_listing_ends_after_so_many_calls() -> None:
    bucket = Bucket()
    for n in range(100):
        bucket.put_batch([new_job_id(2_000 + n)])
    assert find_result(new_job_id(1_000), bucket.get, bucket.keys_after) is None
    assert bucket.listings == LISTINGS_MAX


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_a_final_result_of_its_own_is_enough(status: str) -> None:
    bucket, one = Bucket(), new_job_id()
    bucket[result_key(one)] = done(one, status).to_json()
    assert find_result(one, bucket.get, bucket.keys_after) == done(one, status)
    assert bucket.listings == 0


def test_a_final_result_among_others_is_more_than_a_failing_one_of_its_own() -> None:
    bucket, one = Bucket(), new_job_id()
    broken = Attempt("2026-01-01T00:00:00.000+00:00", "w2", 1, "broke")
    failing = Result(one, "stats", "failing", "w2", 1, attempts=(broken,))
    bucket[result_key(one)] = failing.to_json()
    assert find_result(one, bucket.get, bucket.keys_after) == failing
    bucket.put_batch([new_job_id(), one])
    assert find_result(one, bucket.get, bucket.keys_after) == done(one)


def test_the_key_of_the_largest_batch_fits_and_tells_its_ids() -> None:
    ids = [new_job_id(1_000 + n) for n in range(RESULT_BATCH_MAX)]
    key = result_batch_key(ids, "w" * 80, AT)
    assert len(key) <= 1_024
    assert all(result_batch_may_hold(key, one) for one in ids)
    assert not result_batch_may_hold(key, new_job_id(900))
    assert sum(result_batch_may_hold(key, new_job_id(1_050)) for _ in range(1_000)) <= 2
