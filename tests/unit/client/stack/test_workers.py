"""Workers by the thousand, and what the client reads of them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.identity import Identity
from jobfleet.cli.commands.stack import status as command
from jobfleet.errors import NotOffered
from jobfleet.stack import workers
from jobfleet.stack.offered_operations import read_offers
from jobfleet.stack.status import NAMED_MAX, StackStatus
from jobfleet.stack.workers import DETAILS_MAX, read_workers
from jobfleet_jobs.operations.declaration_json import to_json
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.names import heartbeat_key
from jobfleet_jobs.protocol.roll import roll_key

from tests.listed_objects import ListedObjects, account_of

SHINE = {**to_json(Operation("shine", "image", "Shines.")), "package": "wax 1.0"}


def put(bucket: ListedObjects, worker: str, age: float, *, on_roll: bool = True, **more: Any) -> None:
    at = datetime.now(UTC) - timedelta(seconds=age)
    told = Heartbeat(worker, at, at, **{"version": "1", "offer": {"operations": ["stats"]}, **more})
    bucket.put(heartbeat_key(worker), told.to_json(), at)
    if on_roll:
        bucket.put(roll_key(told), b"", at)


@pytest.fixture
def crowd() -> ListedObjects:
    """5,000 workers, and as many that are gone."""
    bucket = ListedObjects()
    for number in range(4_000):
        put(bucket, f"i-{number:04}", number % 60)
    for number in range(4_000, 4_600):
        put(bucket, f"i-{number:04}", 400)
    for number in range(4_600, 4_998):
        put(bucket, f"i-{number:04}", 4_000, stopped=True)
    put(bucket, "i-4998", 5, paused="credentials")
    put(bucket, "i-4999", 100, offer={"operations": ["stats", "shine"], "own": [SHINE]})
    for number in range(5_000):
        put(bucket, f"x-{number:04}", 200_000)
    return bucket


def test_all_of_5000_are_counted_and_those_to_see_to_are_read(crowd: ListedObjects) -> None:
    found = read_workers(Bucket(account_of(crowd)))
    assert {state: found.count(state) for state in workers.STATES} == {
        "alive": 4_001, "paused": 1, "late": 600, "stopped": 398,
    }  # fmt: skip
    assert (found.older, found.whole) == (5_000, True)
    assert [worker.paused for worker in found.workers if worker.state == "paused"] == ["credentials"]
    assert sum(worker.read for worker in found.workers) == DETAILS_MAX
    assert crowd.calls["ListObjectsV2"] <= 21
    assert crowd.calls["GetObject"] == DETAILS_MAX


def status_of(bucket: ListedObjects) -> StackStatus:
    whose = Identity("1", "arn", "x", temporary=False, written=None, ends=None)
    return StackStatus(datetime.now(UTC), whose, "b", (), {}, read_workers(Bucket(account_of(bucket))), ())


def test_what_is_shown_counts_all_of_them(crowd: ListedObjects) -> None:
    seen, account = status_of(crowd), account_of(crowd)
    account.settings = SimpleNamespace(stack="s", region="r")
    facts, rows = command._facts(account, seen), command._worker_rows(seen)
    assert facts["workers"] == "4,001 alive, 1 paused, 600 late, 398 stopped; 100 of 5,000 are shown"
    assert facts["more"] == "5,000 workers not heard of for a day"
    assert [row[1] for row in rows] == ["paused: credentials", *["late"] * (DETAILS_MAX - 1)]
    told = command._for_machines(account, seen)
    assert sum(told["workers_by_state"].values()) == 5_000
    assert len(told["workers"]) == DETAILS_MAX


def test_warnings_name_some_and_count_the_others(crowd: ListedObjects) -> None:
    said = status_of(crowd).warnings
    assert sum("sent its last heartbeat" in words for words in said) == NAMED_MAX
    assert said[-1] == f"the same is true for {600 - NAMED_MAX} more workers (late)"
    assert len(said) == 1 + NAMED_MAX + 1


def test_what_one_of_5000_offers_is_known_by_few_calls(crowd: ListedObjects) -> None:
    offers = read_offers(Bucket(account_of(crowd)))
    assert offers.offered["shine"].workers == ["i-4999"]
    assert len(offers.offered["stats"].workers) == 4_002
    with pytest.raises(NotOffered, match="no live worker offers an operation 'polish'"):
        offers.find("polish")
    assert crowd.calls["ListObjectsV2"] <= 21
    assert crowd.calls["GetObject"] == 2


def test_workers_that_are_on_no_roll_are_all_read() -> None:
    bucket = ListedObjects()
    for number in range(1_000):
        put(bucket, f"i-{number:04}", number / 10, on_roll=False, offer={"operations": ["stats"]})
    put(bucket, "old", 110, on_roll=False, offer={"operations": ["stats", "shine"], "own": [SHINE]})
    found = read_workers(Bucket(account_of(bucket)))
    assert (found.count("alive"), found.older) == (1_001, 0)
    assert read_offers(Bucket(account_of(bucket))).offered["shine"].workers == ["old"]


def test_more_workers_than_are_listed_are_not_passed_over_in_silence(
    crowd: ListedObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PAGES_MAX", 5)
    found = read_workers(Bucket(account_of(crowd)))
    assert not found.whole
    offers = read_offers(Bucket(account_of(crowd)))
    offers.check("ocr")
    with pytest.raises(NotOffered, match=r"none of the 2,\d+ workers looked at"):
        offers.find("polish")


def test_a_worker_whose_clock_is_wrong_speaks_for_others_all_the_same() -> None:
    bucket = ListedObjects()
    for number in range(3):
        put(bucket, f"i-{number}", 20)
    told = Heartbeat("i-3", datetime.now(UTC) - timedelta(hours=1), offer={"operations": ["stats"]})
    bucket.put(heartbeat_key("i-3"), told.to_json())
    bucket.put(roll_key(told), b"")
    offers = read_offers(Bucket(account_of(bucket)))
    assert (offers.live, offers.workers) == (True, ["i-0", "i-1", "i-2", "i-3"])
