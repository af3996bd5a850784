"""The newest jobs, where the bucket holds a million results and this machine has sent many jobs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jobfleet.stack import recent_jobs
from jobfleet.stack.sent_history import History, Sent
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.results.result_batches import BATCH_KINDS, result_batch_key

from tests.counted_work import counted_calls
from tests.listed_objects import ListedObjects, account_of, quick_id


def milliseconds(age: float) -> int:
    return int((datetime.now(UTC) - timedelta(seconds=age)).timestamp() * 1000)


def test_the_newest_of_a_million_are_found_with_few_calls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    bucket, now = ListedObjects(), milliseconds(0)
    for kind in BATCH_KINDS:
        bucket.put_empty(
            f"{kind.prefix}{quick_id(n, now - 50_000 - 100 * n)}_{quick_id(n, now - 50_000 - 100 * n)}"
            f"_w-20260101000000_{'x' * 180}.jsonl"
            for n in range(11_000)
        )
    ids = [quick_id(number, now - 1_000 + number) for number in range(40)]
    lines = "".join(Result(job_id, "stats", "succeeded", "w", 1).to_json() + "\n" for job_id in ids[:30])
    bucket.put(result_batch_key(ids[:30], "w", datetime.now(UTC)), lines)
    History("a-bucket").note([Sent(job_id, "stats", datetime.now(UTC)) for job_id in ids])
    found = recent_jobs.find_jobs(account_of(bucket), 20)
    assert [job.id for job in found.jobs] == ids[:-21:-1]
    assert [job.status for job in found.jobs] == ["unanswered"] * 10 + ["succeeded"] * 10
    assert bucket.calls["ListObjectsV2"] <= 40
    assert bucket.calls["GetObject"] <= 20


def test_the_work_for_what_was_sent_grows_with_it_and_with_the_results_and_not_with_both() -> None:
    now = milliseconds(0)
    ids = [quick_id(number, now + number) for number in range(10_000)]
    sources = [
        recent_jobs._Source(result_batch_key([ids[n], ids[-n - 1]], "w", datetime.now(UTC)), ids[-n - 1])
        for n in range(5_000)
    ] * 2
    open_ids = [quick_id(-n - 1, now + n) for n in range(10)]
    sent = [Sent(job_id, "stats", datetime.now(UTC)) for job_id in [*ids[:990], *open_ids]]
    with counted_calls() as calls:
        open_ones = recent_jobs._unanswered(sent, sources, None)
        made = calls()
    assert [job.id for job in open_ones] == open_ids
    assert made <= 40 * (len(sources) + len(sent))
