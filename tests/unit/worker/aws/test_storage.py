"""What the other workers offer, where there are thousands of them."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.names import heartbeat_key
from jobfleet_jobs.protocol.roll import roll_key
from jobfleet_worker.aws.storage import Storage

from tests.listed_objects import ListedObjects


def storage_of(bucket: ListedObjects) -> Storage:
    return Storage(cast("Any", bucket), "a-bucket", 1)


def put(bucket: ListedObjects, told: Heartbeat, age: float, *, on_roll: bool = True) -> None:
    at = datetime.now(UTC) - timedelta(seconds=age)
    bucket.put(heartbeat_key(told.worker), told.to_json(), at)
    if on_roll:
        bucket.put(roll_key(told), b"", at)


def test_what_one_of_5000_offers_is_known_by_few_calls() -> None:
    bucket = ListedObjects()
    for number in range(5_000):
        put(bucket, Heartbeat(f"i-{number:04}", offer={"operations": ["stats"]}), age=number % 60)
    put(bucket, Heartbeat("j-1", offer={"operations": ["stats", "shine"]}), age=100)
    put(bucket, Heartbeat("i-gone", offer={"operations": ["gone"]}), age=1_000)
    found = storage_of(bucket).heartbeats(datetime.now(UTC) - timedelta(minutes=5))
    assert len(found) == 5_001
    assert [told.worker for told in found if "shine" in told.offer["operations"]] == ["j-1"]
    assert not [told.worker for told in found if "gone" in told.offer["operations"]]
    assert bucket.calls["ListObjectsV2"] <= 11
    assert bucket.calls["GetObject"] == 2


def test_heartbeats_of_workers_that_are_on_no_roll_are_all_read() -> None:
    bucket = ListedObjects()
    for number in range(1_000):
        put(
            bucket,
            Heartbeat(f"i-{number:04}", offer={"operations": [f"o{number}"]}),
            number / 10,
            on_roll=False,
        )
    found = storage_of(bucket).heartbeats(datetime.now(UTC) - timedelta(minutes=5))
    assert [told.offer["operations"] for told in found] == [[f"o{number}"] for number in range(1_000)]


@pytest.mark.parametrize(
    ("message", "is_over"),
    [("with an explicit deny: arn:aws:iam::1:policy/voc-cancel-cred", True), ("", False)],
)
def test_that_a_lab_has_ended_is_no_word_on_who_else_works(message: str, is_over: bool) -> None:
    class Denies:
        def list_objects_v2(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "ListObjectsV2")

    storage = Storage(cast("Any", Denies()), "b", 1)
    if is_over:
        with pytest.raises(ClientError):
            storage.heartbeats(datetime.now(UTC))
    else:
        assert storage.heartbeats(datetime.now(UTC)) == []
