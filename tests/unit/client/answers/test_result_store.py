"""Many results at once, out of a bucket that holds a million."""

import pytest
from jobfleet.answers.result_store import READERS, Results
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import result_key
from jobfleet_jobs.results.result_batches import BATCH_KINDS

from tests.listed_objects import ListedObjects, account_of, quick_id

START = 1_700_000_000_000
OLD = BATCH_KINDS[-1].prefix


def put_batch(bucket: ListedObjects, ids: list[str], prefix: str) -> None:
    marks = "".join(job_id[-6:] for job_id in ids)
    lines = "".join(Result(job_id, "stats", "succeeded", "w", 1).to_json() + "\n" for job_id in ids)
    bucket.put(f"{prefix}{max(ids)}_{min(ids)}_w-20260101000000_{marks}.jsonl", lines)


@pytest.fixture(scope="module")
def million() -> ListedObjects:
    """100 jobs a second for ten thousand seconds: 50,000 of them have keys of their own, twenty a batch."""
    bucket = ListedObjects()
    bucket.put_empty(result_key(quick_id(number, START + 200 * number)) for number in range(50_000))
    for kind, every in zip(BATCH_KINDS[:2], (2, 3), strict=True):
        bucket.put_empty(
            f"{kind.prefix}{quick_id(number, START + 200 * number + 400 * every)}"
            f"_{quick_id(number, START + 200 * number)}_w-20260101000000_{'x' * 120}.jsonl"
            for number in range(25_000)
        )
    return bucket


@pytest.mark.parametrize(
    ("apart", "lists"),
    [
        # All on a page or two, with the 20 s behind it.
        pytest.param(10, 2 + 2 + 2 + 1, id="sent together"),
        # Each on a page of its own; or all pages from the first on, where they are fewer.
        pytest.param(9_000, 51 + 26 + 26 + 1 + 3 * READERS, id="sent over three hours"),
    ],
)
def test_many_are_found_with_few_lists(million: ListedObjects, apart: int, lists: int) -> None:
    ids = [quick_id(-number - 1, START + 50 + apart * number) for number in range(1_000)]
    kinds = [kind.prefix for kind in BATCH_KINDS]
    for number, job_id in enumerate(ids[:40]):
        if number % 4:
            put_batch(million, [job_id], kinds[number % 4 - 1])
        else:
            million.put(result_key(job_id), Result(job_id, "stats", "succeeded", "w", 1).to_json())
    million.calls.clear()
    found = Results(account_of(million)).find_many(ids[::-1])
    assert sorted(found) == sorted(ids[:40])
    assert million.calls["GetObject"] == 40
    assert million.calls["ListObjectsV2"] <= lists


def test_few_that_lie_far_apart_are_not_looked_for_in_between(million: ListedObjects) -> None:
    ids = [quick_id(-number - 1, START + 1_000_000 * number + 7) for number in range(9)]
    for job_id in ids[1:]:
        put_batch(million, [job_id], BATCH_KINDS[number_of(job_id)].prefix)
    million.calls.clear()
    assert sorted(Results(account_of(million)).find_many(ids)) == ids[1:]
    assert million.calls["ListObjectsV2"] <= len(ids) * 3 + 1


def number_of(job_id: str) -> int:
    """Choose one of the kinds of batches that are written."""
    return int(job_id[-1], 16) % 2


def test_results_of_the_old_layout_are_found_behind_any_number_of_batches() -> None:
    bucket = ListedObjects()
    ids = [quick_id(number, START + number) for number in range(4)]
    put_batch(bucket, [*ids[1:], quick_id(9, 2 * START)], OLD)
    later = (quick_id(number, START + 10 + number) for number in range(25_000))
    bucket.put_empty(f"{OLD}{job_id}_{job_id}_w-1_{job_id[-6:]}.jsonl" for job_id in later)
    assert sorted(Results(account_of(bucket)).find_many(ids)) == ids[1:]
    assert bucket.calls["ListObjectsV2"] <= 26 + len(BATCH_KINDS)
