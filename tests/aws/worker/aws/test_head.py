"""A HEAD that S3 refuses without a word."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import error_code
from jobfleet_worker.aws.error_kinds import credentials_refused
from jobfleet_worker.aws.storage import head

from tests.localcloud_fixture import client_of, new_key


@pytest.fixture
def thing(aws: Callable[[str], Any]) -> dict[str, str]:
    """An object, as calls name it."""
    bucket = f"head-{uuid.uuid4().hex}"
    aws("s3").create_bucket(Bucket=bucket)
    aws("s3").put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"level": "7"})
    return {"Bucket": bucket, "Key": "a"}


def test_what_is_refused_because_of_the_credentials_is_known_as_that(
    localcloud: dict[str, str], thing: dict[str, str]
) -> None:
    """Or an attempt breaks for each job in hand, where the worker should wait for new ones."""
    expired = client_of(new_key(localcloud, seconds=0.001), "s3")
    unknown = client_of({**localcloud, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}, "s3")

    for s3, code in ((expired, "ExpiredToken"), (unknown, "InvalidAccessKeyId")):
        with pytest.raises(ClientError) as refused:
            head(s3, **thing)
        assert error_code(refused.value) == code
        assert credentials_refused(refused.value)
        s3.close()


def test_what_is_there_and_what_is_not_costs_one_call(
    aws: Callable[[str], Any], thing: dict[str, str]
) -> None:
    assert head(aws("s3"), **thing)["Metadata"] == {"level": "7"}
    with pytest.raises(ClientError) as missing:
        head(aws("s3"), **{**thing, "Key": "b"})
    assert error_code(missing.value) == "404"
