"""The lock between machines, against S3 over HTTP."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.storage import bucket_lock
from ansible.module_utils.storage.bucket_lock import BucketLock, LockHeld

from tests.patience import patience, wait_for

BUCKET = "lock-tests"
KEY = "locks/fleet"


@pytest.fixture
def s3(aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(bucket_lock, "LOOK_SECONDS", 0.05)
    client = aws("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.delete_object(Bucket=BUCKET, Key=KEY)
    client.delete_bucket(Bucket=BUCKET)


def is_there(s3: Any) -> bool:
    return bool(s3.list_objects_v2(Bucket=BUCKET, Prefix=KEY)["KeyCount"])


def test_of_several_at_once_only_one_is_in_at_a_time_and_all_get_in(s3: Any) -> None:
    inside, most, done, knocks = [], [0], [], [0]

    def knock(**_: Any) -> None:
        knocks[0] += 1

    def enter(name: int) -> None:
        with BucketLock(s3, BUCKET, KEY):
            inside.append(name)
            most[0] = max(most[0], len(inside))
            # All that still wait would meet it.
            met = knocks[0] + 3 - len(done)
            wait_for(lambda: knocks[0] >= met)
            inside.remove(name)
            done.append(name)

    s3.meta.events.register("before-call.s3.PutObject", knock, unique_id="knock")

    threads = [threading.Thread(target=enter, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patience(60))
    s3.meta.events.unregister("before-call.s3.PutObject", unique_id="knock")

    assert sorted(done) == [0, 1, 2, 3]
    assert most == [1]
    assert not is_there(s3)


def test_who_waits_in_vain_is_told_who_holds_it(s3: Any) -> None:
    with (
        BucketLock(s3, BUCKET, KEY),
        pytest.raises(LockHeld, match=f"has changed the fleet for more than 0 seconds.*{BUCKET}/{KEY}"),
        BucketLock(s3, BUCKET, KEY, wait=0.2),
    ):
        pass


def test_a_lock_that_a_killed_run_left_behind_is_taken_over(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = BucketLock(s3, BUCKET, KEY)
    killed.__enter__()
    monkeypatch.setattr(bucket_lock, "EXPIRES_SECONDS", 1)

    with BucketLock(s3, BUCKET, KEY, wait=30):
        killed.__exit__()  # comes back to life: the lock is not its own any more
        assert is_there(s3)


def test_nothing_is_launched_under_a_lock_that_has_grown_old(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BucketLock(s3, BUCKET, KEY) as lock:
        assert lock.is_safe()
        monkeypatch.setattr(bucket_lock, "SAFE_SECONDS", 0.0)
        assert not lock.is_safe()
