"""A HEAD that S3 refuses without a word."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.storage.bucket_lock import BucketLock
from ansible.module_utils.storage.bucket_settings import exists
from botocore.exceptions import ClientError

from tests.localcloud_fixture import client_of, new_key


def refused(call: Callable[..., Any], *asked: Any) -> str:
    with pytest.raises(ClientError) as problem:
        call(*asked)
    return str(problem.value.response["Error"]["Code"])


def test_who_is_refused_learns_why(localcloud: dict[str, str], aws: Callable[[str], Any]) -> None:
    bucket = f"head-{uuid.uuid4().hex}"
    aws("s3").create_bucket(Bucket=bucket)
    expired = client_of(new_key(localcloud, seconds=0.001), "s3")
    stranger = client_of(new_key(localcloud, account="999988887777"), "s3")

    assert exists(aws("s3"), bucket)
    assert not exists(aws("s3"), f"{bucket}-not")
    assert refused(exists, expired, bucket) == "ExpiredToken"
    assert refused(exists, stranger, bucket) == "AccessDenied"
    assert refused(BucketLock(expired, bucket, "locks/fleet").__enter__) == "ExpiredToken"
    expired.close()
    stranger.close()
