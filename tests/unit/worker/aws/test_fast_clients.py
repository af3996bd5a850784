"""No test calls a real endpoint: what would be sent there is caught in urllib3, and in botocore."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3
from botocore import auth
from botocore.exceptions import NoCredentialsError
from jobfleet_worker.aws.clients import Clients, make_clients

KEYS = ("k", "outputs/a b.png", "a/../b", "./a", "/lead", "a//b", "ü ~+%25/x?#&=*'(", "..", "日本")
REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "us-gov-west-1", "cn-north-1")
BOTO3, DIRECT = "boto3", "direct"
KEY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ENDPOINTS = (None, *(f"http://127.0.0.1:5000{path}" for path in ("", "/", "/below", "/below/")))
BUCKETS = ("jobfleet-lab-123456789012-us-west-2", "with.dots", "xn")


class Caught(Exception):
    """Raised instead of sending something."""


Sent = tuple[str, str, dict[str, str]]  # method, address, headers


def _headers(headers: Any) -> dict[str, str]:
    """Return those headers of a call that its signature is about, and the signature."""
    text = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in headers.items()
    }
    signed = text["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    return {name: text[name] for name in ("authorization", *signed) if name != "host"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sent]]:
    """Do a call that ends before anything is sent, by whom it should be; return what would have been."""
    caught: list[tuple[str, Sent]] = []

    def direct(self: urllib3.HTTPConnectionPool, method: str, url: str, *, headers: Any, **_: Any) -> None:
        port = "" if self.port in (None, 443) else f":{self.port}"
        sending = (method, f"{self.scheme}://{self.host}{port}{url}", _headers(headers))
        caught.append((DIRECT, sending))
        raise Caught

    def by_boto3(request: Any, **_: Any) -> None:
        caught.append((BOTO3, (request.method, request.url, _headers(request.headers))))
        raise Caught

    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: moment)
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", direct)
    for name, value in (
        ("ACCESS_KEY_ID", "key"),
        ("SECRET_ACCESS_KEY", "secret"),
        ("SESSION_TOKEN", "token"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)

    def call(by: str, client: Any, name: str, **parameters: Any) -> Sent:
        caught.clear()
        client.meta.events.register("before-send", by_boto3)
        with pytest.raises(Caught):
            getattr(client, name)(**parameters)
        assert caught[0][0] == by
        return caught[0][1]

    yield call
    monkeypatch.undo()


def close(clients: Clients) -> None:
    for client in clients:
        client.close()


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("region", REGIONS)
def test_an_object_is_fetched_just_as_boto3_would(
    sent: Callable[..., Sent], region: str, endpoint: str | None
) -> None:
    clients = make_clients(region, endpoint)
    for bucket in BUCKETS:
        # Once, to see where boto3 sends what is for that bucket.
        sent(BOTO3, clients.s3, "get_object", Bucket=bucket, Key="first")
        for key in KEYS:
            named = {"Bucket": bucket, "Key": key}
            for more in ({}, {"IfMatch": '"x"'}):
                # boto3's own client is below.
                by_boto3 = sent(BOTO3, clients.s3._client, "get_object", **named, **more)
                assert sent(DIRECT, clients.s3, "get_object", **named, **more) == by_boto3
    close(clients)


@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
def test_an_object_is_put_just_as_boto3_would(
    sent: Callable[..., Sent], monkeypatch: pytest.MonkeyPatch, checksums: str
) -> None:
    """Over TLS boto3 sends the checksum behind the body, so the comparison is one without TLS."""
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", checksums)
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", checksums)
    clients = make_clients("eu-central-1", "http://127.0.0.1:5000")
    sent(BOTO3, clients.s3, "get_object", Bucket="lab", Key="first")
    for key in KEYS:
        named = {"Bucket": "lab", "Key": key}
        by_boto3 = sent(BOTO3, clients.s3._client, "get_object", **named)
        assert sent(DIRECT, clients.s3, "get_object", **named) == by_boto3
        assert ("x-amz-checksum-mode" in by_boto3[2]) == (checksums == "when_supported")
        for metadata in ({}, {"jobfleet-result": '{"notes":["two\\u0020words"]}', "b": "c"}):
            given = {"Bucket": "lab", "Key": key, "Body": b"some bytes", "ContentType": "image/png"}
            given["Metadata"] = metadata
            by_boto3 = sent(BOTO3, clients.s3._client, "put_object", **given)
            assert sent(DIRECT, clients.s3, "put_object", **given) == by_boto3
    close(clients)


def test_over_tls_the_checksum_stands_for_the_body(sent: Callable[..., Sent]) -> None:
    clients = make_clients("eu-central-1", None)
    sent(BOTO3, clients.s3, "get_object", Bucket="lab", Key="first")
    _, address, headers = sent(DIRECT, clients.s3, "put_object", Bucket="lab", Key="k", Body=b"123456789")
    assert address == "https://lab.s3.eu-central-1.amazonaws.com/k"
    assert headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert headers["x-amz-checksum-crc32"] == "y/Q5Jg=="  # CRC-32's own check value, cbf43926
    close(clients)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("region", REGIONS)
def test_messages_are_sent_just_as_boto3_would(
    sent: Callable[..., Sent], region: str, endpoint: str | None
) -> None:
    clients = make_clients(region, endpoint)
    url = {"QueueUrl": "https://sqs.example/1/q"}
    # Once, to see where boto3 sends what is for SQS.
    sent(BOTO3, clients.sqs, "get_queue_url", QueueName="q")
    for name, parameters in {
        "receive_message": {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["passed"]},
        "send_message_batch": {"Entries": [{"Id": "0", "MessageBody": 'ü "\n'}]},
        "delete_message_batch": {"Entries": [{"Id": "0", "ReceiptHandle": "r"}]},
        "change_message_visibility_batch": {
            "Entries": [{"Id": "0", "ReceiptHandle": "r", "VisibilityTimeout": 7}]
        },
    }.items():
        by_boto3 = sent(BOTO3, clients.sqs._client, name, **url, **parameters)
        assert sent(DIRECT, clients.sqs, name, **url, **parameters) == by_boto3
    close(clients)


def test_without_credentials_boto3_says_so(
    sent: Callable[..., Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEY:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    clients = make_clients("us-east-1", None)
    with pytest.raises(NoCredentialsError):
        clients.sqs.receive_message(QueueUrl="https://sqs.example/1/q")
    close(clients)
