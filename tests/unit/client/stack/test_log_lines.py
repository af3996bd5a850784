"""The workers' log lines, of very many workers and in very many objects."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from jobfleet.stack.log_lines import OBJECTS_MAX, LogLines, LogQuery
from jobfleet_jobs.protocol.names import heartbeat_key, log_key

from tests.listed_objects import ListedObjects, account_of

WORKERS = [f"i-{number:017x}" for number in range(5_000)]


def write(bucket: ListedObjects, worker: str, at: datetime, *, old: bool = False) -> None:
    key = log_key(worker, at, at.microsecond)
    if old:
        key = f"logs/{at:%Y/%m/%d}/{worker}-{at:%H%M%S}-{at.microsecond}.jsonl"
    bucket.put(key, json.dumps({"time": at.isoformat(), "worker": worker, "event": "job"}) + "\n", at)


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
