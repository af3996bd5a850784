"""Names that AWS does not take."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    "name", ["My-Stack-1", "my_stack", "-x-y", "x-y-", "a..b", "192.168.0.1", "xn--a", "a-s3alias"]
)
def test_a_bucket_s_name_keeps_to_the_rules(aws: Callable[[str], Any], name: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws("s3").create_bucket(Bucket=name)
    assert refused.value.response["Error"]["Code"] == "InvalidBucketName"


def test_names_within_the_rules_are_taken(aws: Callable[[str], Any]) -> None:
    for name in (f"a.{uuid.uuid4().hex}-1", f"a{uuid.uuid4().hex[:2]}"):
        aws("s3").create_bucket(Bucket=name)
