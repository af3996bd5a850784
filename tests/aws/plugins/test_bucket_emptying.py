"""The end of a bucket with more in it than a listing holds, and while others use it, against S3 over HTTP."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.storage import bucket_emptying
from ansible.module_utils.storage.bucket_emptying import PASSES, NotEmptied, remove_bucket


class Meanwhile:
    """S3, where something happens after each call of a name."""

    def __init__(self, s3: Any, name: str, happens: Callable[[], object]) -> None:
        self._s3, self._name, self._happens = s3, name, happens

    def __getattr__(self, name: str) -> Any:
        do = getattr(self._s3, name)
        if name != self._name:
            return do

        def done(**asked: Any) -> Any:
            answer = do(**asked)
            self._happens()
            return answer

        return done


@pytest.fixture
def s3(aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(bucket_emptying, "PAUSE_SECONDS", 0.0)
    return aws("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket that keeps old versions."""
    name = f"emptying-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def put(s3: Any, bucket: str, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")


def is_there(s3: Any, bucket: str) -> bool:
    return bucket in {one["Name"] for one in s3.list_buckets()["Buckets"]}


def test_a_bucket_of_many_versions_delete_markers_and_unfinished_uploads_is_gone_at_once(
    s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"results/{n:03}" for n in range(250)]
    put(s3, bucket, *keys)
    for _ in range(3):  # on each key again and again
        markers = [{"Key": key} for key in keys * 3]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": markers, "Quiet": True})
    for key in keys[:20] * 2:
        s3.create_multipart_upload(Bucket=bucket, Key=key)
    monkeypatch.setattr(bucket_emptying, "PASSES", 1)

    remove_bucket(s3, bucket)

    assert not is_there(s3, bucket)


def test_what_is_put_while_a_bucket_is_emptied_goes_too(s3: Any, bucket: str) -> None:
    put(s3, bucket, "m")
    late = iter(["a", "a"])
    busy = Meanwhile(s3, "delete_objects", lambda: put(s3, bucket, *[key for key in [next(late, "")] if key]))

    remove_bucket(busy, bucket)

    assert not is_there(s3, bucket)
    assert not list(late)


def test_a_bucket_that_fills_all_the_time_is_given_up(s3: Any, bucket: str) -> None:
    put(s3, bucket, "m")
    rounds: list[int] = []

    def write() -> None:
        rounds.append(1)
        put(s3, bucket, "a")

    with pytest.raises(NotEmptied, match=f"{bucket} fills as fast as it is emptied: stop what writes there"):
        remove_bucket(Meanwhile(s3, "delete_objects", write), bucket)

    assert len(rounds) == PASSES
    remove_bucket(s3, bucket)


def test_what_may_not_be_deleted_is_told_and_the_rest_is_gone(s3: Any, bucket: str) -> None:
    put(s3, bucket, *(f"kept/{n}" for n in range(5)), "a", "z")
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject*",
        "Resource": f"arn:aws:s3:::{bucket}/kept/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)

    with pytest.raises(NotEmptied) as told:
        remove_bucket(s3, bucket)

    assert str(told.value) == (
        f"5 objects in {bucket} cannot be deleted: kept/0 (AccessDenied: Access Denied); "
        "kept/1 (AccessDenied: Access Denied); kept/2 (AccessDenied: Access Denied); and 2 more"
    )
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [
        f"kept/{n}" for n in range(5)
    ]
    s3.delete_bucket_policy(Bucket=bucket)
    remove_bucket(s3, bucket)


def test_what_s3_is_too_busy_to_delete_is_deleted_in_another_pass(s3: Any, bucket: str) -> None:
    put(s3, bucket, "a", "b")
    errors = [{"Key": "a", "Code": "SlowDown", "Message": "Please reduce your request rate."}]

    class Busy(Meanwhile):
        def delete_objects(self, **asked: Any) -> Any:
            return {"Errors": [errors.pop()]} if errors else s3.delete_objects(**asked)

    remove_bucket(Busy(s3, "", lambda: None), bucket)

    assert not is_there(s3, bucket)
    assert not errors


def test_a_bucket_and_an_upload_that_somebody_else_removes_meanwhile_are_gone(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")
    named = {"Bucket": bucket, "Key": "a", "UploadId": upload["UploadId"]}
    put(s3, bucket, "a")

    class Others(Meanwhile):
        def abort_multipart_upload(self, **asked: Any) -> Any:
            s3.abort_multipart_upload(**named)
            return s3.abort_multipart_upload(**asked)

    remove_bucket(Others(s3, "delete_objects", lambda: s3.delete_bucket(Bucket=bucket)), bucket)

    assert not is_there(s3, bucket)
