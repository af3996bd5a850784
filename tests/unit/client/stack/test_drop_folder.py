"""What is sent to the workers again of a drop folder where inputs are left without tags."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet.errors import BadInput
from jobfleet.stack import drop_folder
from jobfleet.stack.drop_folder import AGAIN_WITHIN, DropFolder
from jobfleet_jobs.drop_events import drop_mark
from jobfleet_jobs.protocol.ids import ids_from
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import result_key

from tests.listed_objects import ListedObjects, account_of, quick_id

HOUR = timedelta(hours=1)


class Untagged(ListedObjects):
    """A bucket whose objects have no tags."""

    def get_object_tagging(self, **asked: str) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html: no tags."""
        self._count("GetObjectTagging")
        return {"TagSet": []}


def drop(bucket: Untagged, name: str, age: timedelta, *, done: bool = False) -> str:
    """Put a file, and its result if it is `done`; return its key."""
    key, at = f"incoming/stats/{name}", datetime.now(UTC) - age
    bucket.put(key, "1 2", at)
    if done:
        job = ids_from(at) + drop_mark("a-bucket", key, "x")
        bucket.put(result_key(job), Result(job, "stats", "succeeded", "w", 1, {}).to_json(), at)
    return key


def put_results_of_others(bucket: Untagged, age: timedelta, count: int) -> None:
    milliseconds = int((datetime.now(UTC) - age).timestamp() * 1_000)
    bucket.put_empty(result_key(quick_id(number, milliseconds + number)) for number in range(count))


def test_only_what_is_young_enough_for_its_result_to_be_there_is_sent_again() -> None:
    bucket = Untagged()
    drop(bucket, "done", HOUR, done=True)
    drop(bucket, "young", timedelta(minutes=9))
    late = drop(bucket, "late", AGAIN_WITHIN - HOUR)
    old = drop(bucket, "old", AGAIN_WITHIN + HOUR)
    # As one that somebody copied there: it is no input any more.
    bucket.put("processed/stats/moved", "1", datetime.now(UTC) - HOUR)
    found = DropFolder(account_of(bucket)).overdue()
    assert {one.key: one.is_too_old for one in found} == {late: False, old: True}
    seen, _ = DropFolder(account_of(bucket)).look()
    assert {one.key for one in seen if one.is_overdue} == {late, old}


def test_what_is_done_is_not_overdue_behind_very_many_results() -> None:
    bucket = Untagged()
    drop(bucket, "old", timedelta(days=100))
    late = drop(bucket, "late", 3 * HOUR)
    put_results_of_others(bucket, 2 * HOUR, 20_000)
    drop(bucket, "done", HOUR, done=True)
    # Older than all that may be sent again.
    put_results_of_others(bucket, timedelta(days=20), 100_000)
    found = DropFolder(account_of(bucket)).overdue()
    assert [one.key for one in found if not one.is_too_old] == [late]
    assert bucket.calls["ListObjectsV2"] <= 25


@pytest.mark.parametrize("many", ["files", "results"])
def test_nothing_is_sent_again_where_not_all_is_looked_at(many: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drop_folder, "RESULT_PAGES_MAX", 2)
    bucket = Untagged()
    drop(bucket, "late", 3 * HOUR)
    if many == "results":
        put_results_of_others(bucket, 2 * HOUR, 2_001)
    else:
        bucket.put_empty(f"incoming/stats/z/{number}" for number in range(10_000))
    with pytest.raises(BadInput, match="nothing was sent again: there are more files or results than"):
        DropFolder(account_of(bucket)).overdue()
