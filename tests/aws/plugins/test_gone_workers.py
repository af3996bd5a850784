"""Heartbeats of instances that are gone, against S3 over HTTP."""

from collections.abc import Callable
from typing import Any

from ansible.module_utils.fleet.gone_workers import forget, gone_workers
from jobfleet_jobs.protocol import names

BUCKET = "gone-workers-tests"


def test_only_heartbeats_of_instances_that_are_gone_are_found_and_deleted(aws: Callable[[str], Any]) -> None:
    s3 = aws("s3")
    assert gone_workers(s3, BUCKET, set()) == []
    s3.create_bucket(Bucket=BUCKET)
    gone, alive = "i-0123456789abcdef0", "i-0123456789abcdef1"
    kept = [names.heartbeat_key(one) for one in (alive, "laptop", "i-am-a-name")]
    kept.append(f"{names.WORKERS}i-0.txt")
    for key in [*kept, names.heartbeat_key(gone)]:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")

    found = gone_workers(s3, BUCKET, {alive})
    forget(s3, BUCKET, found)

    assert found == [gone]
    left = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert sorted(left) == sorted(kept)
    for key in left:
        s3.delete_object(Bucket=BUCKET, Key=key)
    s3.delete_bucket(Bucket=BUCKET)
