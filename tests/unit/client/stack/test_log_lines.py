"""The workers' log lines, of very many workers and in very many objects."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from jobfleet.stack import log_lines
from jobfleet.stack.log_lines import OBJECTS_MAX, LogLines, LogQuery
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.names import heartbeat_key, log_key, result_key
from jobfleet_jobs.results.result_batches import result_batch_key

from tests.listed_objects import ListedObjects, account_of

WORKERS = [f"i-{number:017x}" for number in range(5_000)]


def write(
    bucket: ListedObjects, worker: str, at: datetime, *, old: bool = False, job: str | None = None
) -> None:
    key = log_key(worker, at, at.microsecond)
    if old:
        key = f"logs/{at:%Y/%m/%d}/{worker}-{at:%H%M%S}-{at.microsecond}.jsonl"
    line = {"time": at.isoformat(), "worker": worker, "event": "job", "job": job}
    bucket.put(key, json.dumps(line) + "\n", at)


def write_others(bucket: ListedObjects, since: datetime, until: datetime, a_second: int) -> None:
    """Put so many objects a second of others into the bucket."""
    count = int((until - since).total_seconds() * a_second)
    times = (since + timedelta(seconds=number / a_second) for number in range(count))
    bucket.put_empty(log_key(WORKERS[n % 1_000], at, at.microsecond) for n, at in enumerate(times))


@pytest.mark.parametrize("old", [False, True])
def test_what_few_of_5000_workers_wrote_takes_a_list_for_each_thousand_objects(old: bool) -> None:
    bucket, now = ListedObjects(), datetime.now(UTC)
    for worker in WORKERS:
        bucket.put(heartbeat_key(worker), "{}")
    for number, worker in enumerate(WORKERS[::2]):
        write(bucket, worker, now - timedelta(seconds=1 + number), old=old)
    found = LogLines(account_of(bucket)).find(LogQuery(now - timedelta(hours=1)))
    assert [line.fields["worker"] for line in found.lines] == WORKERS[::2][OBJECTS_MAX - 1 :: -1]
    assert not found.whole
    assert bucket.calls["ListObjectsV2"] <= 8
    assert bucket.calls["GetObject"] == OBJECTS_MAX


def test_the_newest_of_very_many_objects_are_found_with_few_lists() -> None:
    """1,000 workers, each with an object every ten seconds."""
    bucket, now = ListedObjects(), datetime.now(UTC)
    ages = (timedelta(milliseconds=10 * number) for number in range(1, 50_000))
    bucket.put_empty(
        log_key(WORKERS[n % 1_000], now - age, (now - age).microsecond) for n, age in enumerate(ages)
    )
    write(bucket, "last", now - timedelta(milliseconds=1))
    found = LogLines(account_of(bucket)).find(LogQuery(now - timedelta(hours=1)))
    assert ([line.fields["worker"] for line in found.lines], found.whole) == (["last"], False)
    assert bucket.calls["ListObjectsV2"] <= 50
    assert bucket.calls["GetObject"] == OBJECTS_MAX


def test_the_last_lines_of_a_worker_that_is_gone_are_found_behind_those_of_others() -> None:
    bucket, now = ListedObjects(), datetime.now(UTC)
    gone = now - timedelta(minutes=30)
    bucket.put(heartbeat_key("gone"), "{}", gone)
    write(bucket, "gone", gone)
    ages = [timedelta(milliseconds=30 * number) for number in range(1, 40_000)]
    bucket.put_empty(log_key(WORKERS[0], now - age, (now - age).microsecond) for age in ages)
    found = LogLines(account_of(bucket)).find(LogQuery(now - timedelta(minutes=40), worker="gone"))
    assert [line.fields["worker"] for line in found.lines] == ["gone"]
    assert bucket.calls["ListObjectsV2"] <= 50
    assert bucket.calls["GetObject"] == 1


@pytest.mark.parametrize("stored", ["alone", "in a batch", "failing first"])
def test_the_line_of_a_job_is_found_at_its_end_among_those_of_very_many(stored: str) -> None:
    bucket, now = ListedObjects(), datetime.now(UTC)
    sent, ended = now - timedelta(minutes=15), now - timedelta(minutes=4)
    job = new_job_id(sent.timestamp())
    write_others(bucket, sent - timedelta(minutes=6), now, 20)
    write_others(bucket, ended - timedelta(minutes=1), ended + timedelta(minutes=1), 380)
    write(bucket, "w", ended - timedelta(milliseconds=300), job=job)
    # S3 tells whole seconds.
    told = ended.replace(microsecond=0)
    if stored == "alone":
        bucket.put(result_key(job), "{}", told)
    else:
        ids = [job, new_job_id(sent.timestamp() + 1.5)]
        bucket.put(result_batch_key(ids, "w", ended), "{}", told)
    if stored == "failing first":
        bucket.put(result_key(job), "{}", sent + timedelta(minutes=1))
    found = LogLines(account_of(bucket)).find(LogQuery(sent, job=job))
    assert [line.fields["worker"] for line in found.lines] == ["w"]
    assert not found.whole
    assert bucket.calls["ListObjectsV2"] <= 50
    assert bucket.calls["GetObject"] == OBJECTS_MAX


def test_the_first_lines_of_a_job_without_a_result_are_found_behind_those_before_it() -> None:
    bucket, now = ListedObjects(), datetime.now(UTC)
    sent = now - timedelta(minutes=15)
    job = new_job_id(sent.timestamp())
    write_others(bucket, sent - timedelta(minutes=6), now, 10)
    write(bucket, "w", sent + timedelta(seconds=20), job=job)
    found = LogLines(account_of(bucket)).find(LogQuery(sent, job=job))
    assert ([line.fields["worker"] for line in found.lines], found.whole) == (["w"], False)
    assert bucket.calls["ListObjectsV2"] <= 30
    assert bucket.calls["GetObject"] == OBJECTS_MAX


def test_all_lines_of_a_quiet_worker_are_found_among_those_of_very_many() -> None:
    bucket, now = ListedObjects(), datetime.now(UTC)
    start = now - timedelta(minutes=20)
    write_others(bucket, start, now, 100)
    for minutes in (19, 11, 3):
        write(bucket, "quiet", now - timedelta(minutes=minutes))
    lines, wanted = LogLines(account_of(bucket)), LogQuery(start, worker="quiet")
    found = lines.find(wanted)
    assert ([line.fields["worker"] for line in found.lines], found.whole) == (["quiet"] * 3, True)
    assert bucket.calls["ListObjectsV2"] <= 180
    assert bucket.calls["GetObject"] == 3

    late = now - timedelta(minutes=2)
    more = next(lines.follow(wanted, 2.0, lambda _: write(bucket, "quiet", late)))
    assert [line.at for line in more] == [late]


def test_for_one_worker_no_more_is_listed_than_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "PAGES_OF_WORKER_MAX", 30)
    bucket, now = ListedObjects(), datetime.now(UTC)
    write_others(bucket, now - timedelta(minutes=3), now, 400)
    for seconds in (170, 2):
        write(bucket, "quiet", now - timedelta(seconds=seconds))
    found = LogLines(account_of(bucket)).find(LogQuery(now - timedelta(minutes=10), worker="quiet"))
    assert ([now - line.at for line in found.lines], found.whole) == ([timedelta(seconds=2)], False)
    assert bucket.calls["ListObjectsV2"] <= 45


def test_of_one_worker_no_more_is_listed_and_read_than_is_enough() -> None:
    bucket, now = ListedObjects(), datetime.now(UTC)
    ages = [timedelta(milliseconds=10 * number) for number in range(1, 60_000)]
    bucket.put_empty(log_key("busy", now - age, (now - age).microsecond) for age in ages)
    write(bucket, "busy", now - timedelta(milliseconds=1))
    found = LogLines(account_of(bucket)).find(LogQuery(now - timedelta(hours=1), worker="busy"))
    assert ([line.fields["worker"] for line in found.lines], found.whole) == (["busy"], False)
    assert bucket.calls["ListObjectsV2"] <= 12
    assert bucket.calls["GetObject"] == OBJECTS_MAX


def test_following_5000_workers_takes_two_lists_a_turn() -> None:
    bucket, now = ListedObjects(), datetime.now(UTC)
    for worker in WORKERS:
        bucket.put(heartbeat_key(worker), "{}")
    lines = LogLines(account_of(bucket))
    wanted = LogQuery(now - timedelta(minutes=10))
    lines.find(wanted)
    turns = 0

    def turn(seconds: float) -> None:
        nonlocal turns
        turns += 1
        if turns == 3:
            write(bucket, WORKERS[77], datetime.now(UTC))
        bucket.calls["turn"] += 1

    bucket.calls.clear()
    more = next(lines.follow(wanted, 2.0, turn))
    assert [line.fields["worker"] for line in more] == [WORKERS[77]]
    assert bucket.calls == {"turn": 3, "ListObjectsV2": 6, "GetObject": 1}
