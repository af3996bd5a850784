from datetime import UTC, datetime

import pytest
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.results.result_batches import (
    BATCH_KINDS,
    BATCH_SPAN_MAX,
    RESULT_BATCH_MAX,
    batch_windows,
    in_batches,
    is_batch,
    may_hold,
    read_batch_key,
    result_batch_key,
)

from tests.counted_work import counted_calls

AT = datetime(2026, 1, 2, tzinfo=UTC)


def holds(key: str, job_id: str) -> bool:
    return bool(may_hold([key], [job_id]))


def test_the_key_of_the_largest_batch_fits_and_tells_its_ids() -> None:
    ids = [new_job_id(1_000 + n) for n in range(RESULT_BATCH_MAX)]
    key = result_batch_key(ids, "w" * 80, AT)
    assert len(key) <= 1_024
    assert all(holds(key, one) for one in ids)
    assert not holds(key, new_job_id(900))
    assert sum(holds(key, new_job_id(1_050)) for _ in range(1_000)) <= 2
    assert (read_batch_key(key).greatest, read_batch_key(key).results) == (ids[-1], RESULT_BATCH_MAX)


@pytest.mark.parametrize(
    ("span", "prefix"),
    [
        (0.0, "results/within-1s/"),
        (1.0, "results/within-1s/"),
        (1.001, "results/within-20s/"),
        (20.0, "results/within-20s/"),
        (20.001, "results/batches/"),
    ],
)
def test_a_batch_lies_where_its_span_says_and_within_the_window_of_each_of_its_ids(
    span: float, prefix: str
) -> None:
    ids = [new_job_id(1_000), new_job_id(1_000 + span)]
    key = result_batch_key(ids, "w1", AT)
    assert key.startswith(prefix)
    assert is_batch(key)
    (kind,) = [kind for kind in BATCH_KINDS if kind.prefix == prefix]
    for job_id in ids:
        (window,) = batch_windows(kind, [job_id])
        assert window.after < key < window.end


@pytest.mark.parametrize(
    "job_id", ["ffffffff-ffff-4fff-bfff-ffffffffffff", "00000000-0000-4000-8000-000000000000"]
)
def test_an_id_of_any_kind_has_its_windows(job_id: str) -> None:
    key = result_batch_key([job_id], "w1", AT)
    (window,) = batch_windows(BATCH_KINDS[0], [job_id])
    assert window.after < key < window.end


def test_ids_are_parted_by_the_time_they_were_made_and_none_is_lost() -> None:
    start = [new_job_id(1_000 + n / 10) for n in range(250)]
    stragglers = [new_job_id(5), new_job_id(500), "ffffffff-ffff-4fff-bfff-ffffffffffff"]
    ids = [*start, *stragglers]
    parts = in_batches(ids[::-1])
    assert sorted(one for part in parts for one in part) == sorted(ids)
    assert [len(part) for part in parts] == [1, 1, 100, 100, 50, 1]
    for part in parts:
        assert not result_batch_key(part, "w1", AT).startswith(BATCH_KINDS[-1].prefix)
    assert BATCH_KINDS[-2].span == BATCH_SPAN_MAX


def test_foreign_keys_hold_nothing() -> None:
    foreign = ["results/batches/0", "results/within-1s/", "results/within-1s/a_b", "results/within-1s/_z_1_2"]
    assert may_hold(foreign, [new_job_id()]) == {}


def test_the_work_grows_with_the_keys_and_with_the_ids_and_not_with_both() -> None:
    """1,000 ids over 10,000 keys that all span all of them: each pair by itself would be ten million."""
    ids = [new_job_id(1_000 + n) for n in range(10_000)]
    keys = [result_batch_key([ids[n], ids[-n - 1]], "w1", AT) for n in range(5_000)] * 2
    wanted = ids[:1_000]
    with counted_calls() as calls:
        found = may_hold(keys, wanted)
        made = calls()
    assert {job_id for held in found.values() for job_id in held} == set(wanted)
    assert made <= 25 * (len(keys) + len(wanted))
