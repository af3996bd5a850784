"""The keys of the embedded AWS, and how each kind of service refuses one, read by botocore's own parsers."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localcloud_fixture import client_of, localcloud_command, new_key
from tests.patience import wait_for

# Of each protocol a service: a call that needs no parameter.
CALLS = {
    "sqs": "list_queues",
    "s3": "list_buckets",
    "sts": "get_caller_identity",
    "ec2": "describe_instances",
    "iam": "list_users",
    "ssm": "describe_parameters",
    "autoscaling": "describe_auto_scaling_groups",
    "cloudwatch": "describe_alarms",
}

UNKNOWN = {
    "sqs": (403, "InvalidClientTokenId"),
    "s3": (403, "InvalidAccessKeyId"),
    "sts": (403, "InvalidClientTokenId"),
    "ec2": (401, "AuthFailure"),
    "iam": (403, "InvalidClientTokenId"),
    "ssm": (400, "UnrecognizedClientException"),
    "autoscaling": (403, "InvalidClientTokenId"),
    "cloudwatch": (403, "InvalidClientTokenId"),
}
EXPIRED = {
    "sqs": (403, "ExpiredToken"),
    "s3": (400, "ExpiredToken"),
    "sts": (403, "ExpiredToken"),
    "ec2": (400, "RequestExpired"),
    "iam": (403, "ExpiredToken"),
    "ssm": (400, "ExpiredTokenException"),
    "autoscaling": (403, "ExpiredToken"),
    "cloudwatch": (403, "ExpiredToken"),
}
WRONG_SECRET = {
    "sqs": (403, "SignatureDoesNotMatch"),
    "s3": (403, "SignatureDoesNotMatch"),
    "sts": (403, "SignatureDoesNotMatch"),
    "ec2": (401, "AuthFailure"),
    "iam": (403, "SignatureDoesNotMatch"),
    "ssm": (400, "InvalidSignatureException"),
    "autoscaling": (403, "SignatureDoesNotMatch"),
    "cloudwatch": (403, "SignatureDoesNotMatch"),
}
WRONG_TOKEN = {**UNKNOWN, "s3": (400, "InvalidToken")}


def refusal(environment: dict[str, str], service: str, call: str = "", **asked: Any) -> tuple[int, str]:
    """Return status and code of the refusal that a call must get."""
    with closing(client_of(environment, service)) as client, pytest.raises(ClientError) as refused:
        getattr(client, call or CALLS[service])(**asked)
    answer = refused.value.response
    assert answer["Error"]["Message"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


@pytest.fixture(scope="module")
def dead(localcloud: dict[str, str]) -> dict[str, str]:
    """The environment of a key that has just died."""
    key = new_key(localcloud, seconds=0.05)

    def is_dead() -> bool:
        with closing(client_of(key, "sts")) as sts:
            try:
                sts.get_caller_identity()
            except ClientError:
                return True
            return False

    wait_for(is_dead)
    return key


@pytest.mark.parametrize("service", CALLS)
def test_each_service_refuses_in_its_own_way(
    localcloud: dict[str, str], dead: dict[str, str], service: str
) -> None:
    assert refusal(localcloud | {"AWS_ACCESS_KEY_ID": "ASIA" + "X" * 16}, service) == UNKNOWN[service]
    assert refusal(localcloud | {"AWS_ACCESS_KEY_ID": "NOKEYATALL"}, service)[0] >= 400
    assert refusal(localcloud | {"AWS_SESSION_TOKEN": "forged"}, service) == WRONG_TOKEN[service]
    assert refusal(localcloud | {"AWS_SECRET_ACCESS_KEY": "wrong"}, service) == WRONG_SECRET[service]
    assert refusal(dead, service) == EXPIRED[service]


def test_a_head_of_s3_gets_a_bare_status(localcloud: dict[str, str], dead: dict[str, str]) -> None:
    assert refusal(dead, "s3", "head_bucket", Bucket="some-bucket") == (400, "400")


def test_a_large_upload_with_a_dead_key_gets_the_error_and_no_broken_connection(dead: dict[str, str]) -> None:
    asked = {"Bucket": "some-bucket", "Key": "large", "Body": bytes(5_000_000)}

    assert refusal(dead, "s3", "put_object", **asked) == (400, "ExpiredToken")


def test_a_region_that_does_not_exist_is_named(localcloud: dict[str, str]) -> None:
    nowhere = localcloud | {"AWS_REGION": "us-nowhere-1"}
    with (
        closing(client_of(nowhere, "sqs")) as sqs,
        pytest.raises(ClientError, match="no region 'us-nowhere-1'"),
    ):
        sqs.list_queues()


def test_a_key_lives_as_long_as_it_was_made_for(localcloud: dict[str, str]) -> None:
    with closing(client_of(new_key(localcloud, seconds=1), "sts")) as sts:
        arn = sts.get_caller_identity()["Arn"]
        assert arn.startswith("arn:aws:sts::123456789012:assumed-role/voclabs/user")

        def is_dead() -> bool:
            try:
                return not sts.get_caller_identity()
            except ClientError as error:
                return bool(error.response["Error"]["Code"] == "ExpiredToken")

        wait_for(is_dead, 10)


def test_the_command_prints_the_block_of_the_lab(localcloud: dict[str, str], tmp_path: Path) -> None:
    run = Path(localcloud["LOCALCLOUD_RUN"])
    made = localcloud_command("credentials", "--minutes", "0.5", run=run)
    file = tmp_path / "credentials"
    file.write_text(made.stdout)

    lines = made.stdout.splitlines()
    assert lines[0] == "[default]"
    assert [line.partition("=")[0] for line in lines[1:]] == [
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    ]
    without_keys = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**without_keys, "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    assert identity_by_file(environment, localcloud["AWS_ENDPOINT_URL"]).endswith("=localcloud")


def identity_by_file(environment: dict[str, str], endpoint: str) -> str:
    program = (
        f"import boto3; s = boto3.client('sts', endpoint_url={endpoint!r}, region_name='us-east-1');"
        "print(s.get_caller_identity()['Arn'])"
    )
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--account", "12345"], "'12345' is no account id"),
        (["--minutes", "0"], "0"),
        (["--minutes", "1", "--seconds", "1"], "exclude each other"),
    ],
)
def test_wrong_wishes_are_named(localcloud: dict[str, str], arguments: list[str], words: str) -> None:
    made = localcloud_command("credentials", *arguments, run=Path(localcloud["LOCALCLOUD_RUN"]))

    assert (made.returncode, made.stdout) == (2, "")
    assert words in made.stderr


@pytest.fixture
def bucket(aws: Callable[[str], Any]) -> str:
    s3, name = aws("s3"), f"bucket-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a b+ü/~*'()=.txt", Body=b"mine", Metadata={"with_underscore": "1"})
    return name


def test_another_account_has_its_own_queues_and_instances_and_no_access_to_others_buckets(
    localcloud: dict[str, str], aws: Callable[[str], Any], bucket: str
) -> None:
    other = new_key(localcloud, account="999988887777")
    aws("sqs").create_queue(QueueName="everybody-s-name")
    with closing(client_of(other, "sqs")) as sqs, closing(client_of(other, "s3")) as s3:
        assert "QueueUrls" not in sqs.list_queues()
        url = sqs.create_queue(QueueName="everybody-s-name")["QueueUrl"]
        assert "/999988887777/" in url
        assert s3.list_buckets()["Buckets"] == []

    for call, asked in {
        "head_bucket": {},
        "list_objects_v2": {},
        "get_object": {"Key": "a b+ü/~*'()=.txt"},
        "put_object": {"Key": "theirs", "Body": b""},
        "delete_bucket": {},
    }.items():
        assert refusal(other, "s3", call, Bucket=bucket, **asked)[0] == 403, call
    assert refusal(other, "s3", "create_bucket", Bucket=bucket) == (409, "BucketAlreadyExists")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_link_works_until_its_time_or_its_key_is_over(
    localcloud: dict[str, str], bucket: str, version: str
) -> None:
    key = new_key(localcloud, seconds=60)
    good, over = (link(key, bucket, version, seconds) for seconds in (60, 0))

    with urllib.request.urlopen(good) as answer:  # noqa: S310  our own cloud
        assert answer.read() == b"mine"
    wait_for(lambda: status_of(over) == 403, 10)
    dying = new_key(localcloud, seconds=0.05)
    dead_s = link(dying, bucket, version, 60)
    wait_for(lambda: status_of(dead_s) == 400, 10)
    assert status_of(good.replace(bucket, f"{bucket}x")) in (403, 404)


def link(key: dict[str, str], bucket: str, version: str, seconds: int) -> str:
    session = boto3.session.Session(
        key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], key["AWS_SESSION_TOKEN"], "us-east-1"
    )
    config = Config(signature_version=version)
    with closing(session.client("s3", endpoint_url=key["AWS_ENDPOINT_URL"], config=config)) as s3:
        asked = {"Bucket": bucket, "Key": "a b+ü/~*'()=.txt"}
        return str(s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds))


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310  our own cloud
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_keys_of_users_and_assumed_roles_are_taken_too(
    localcloud: dict[str, str], aws: Callable[[str], Any]
) -> None:
    iam, name = aws("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    user = iam.create_access_key(UserName=name)["AccessKey"]
    role = aws("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/any", RoleSessionName="me", DurationSeconds=900
    )["Credentials"]

    assert arn_of(localcloud, user) == f"arn:aws:iam::123456789012:user/{name}"
    assert arn_of(localcloud, role) == "arn:aws:sts::123456789012:assumed-role/any/me"
    iam.update_access_key(UserName=name, AccessKeyId=user["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        arn_of(localcloud, user)


def arn_of(localcloud: dict[str, str], key: dict[str, str]) -> str:
    session = boto3.session.Session(
        key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"), "us-east-1"
    )
    with closing(session.client("sts", endpoint_url=localcloud["AWS_ENDPOINT_URL"])) as sts:
        return str(sts.get_caller_identity()["Arn"])


def test_without_a_key_nothing_is_open(localcloud: dict[str, str], bucket: str) -> None:
    unsigned = Config(signature_version=botocore.UNSIGNED)

    def refused(service: str, call: str, **asked: Any) -> tuple[int, str]:
        endpoint, region = localcloud["AWS_ENDPOINT_URL"], "us-east-1"
        session = boto3.session.Session(region_name=region)
        made = session.client(service, endpoint_url=endpoint, config=unsigned)
        with closing(made) as client, pytest.raises(ClientError) as error:
            getattr(client, call)(**asked)
        answer = error.value.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]

    for call, asked in {
        "list_objects_v2": {},
        "get_object": {"Key": "a b+ü/~*'()=.txt"},
        "put_object": {"Key": "x", "Body": b""},
        "delete_object": {"Key": "a b+ü/~*'()=.txt"},
        "delete_bucket": {},
    }.items():
        assert refused("s3", call, Bucket=bucket, **asked)[0] == 403, call
    assert refused("sqs", "list_queues") == (403, "MissingAuthenticationToken")
    assert refused("ssm", "describe_parameters") == (400, "MissingAuthenticationTokenException")


def test_what_is_asked_of_the_server_itself_needs_the_secret(localcloud: dict[str, str]) -> None:
    request = urllib.request.Request(  # noqa: S310  our own cloud
        localcloud["AWS_ENDPOINT_URL"] + "/_localcloud/credentials", b"{}", method="POST"
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)  # noqa: S310  our own cloud
