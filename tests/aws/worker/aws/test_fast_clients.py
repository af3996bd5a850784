"""What direct calls answer, beside what boto3 answers. Each test counts which of the two was asked."""

import gzip
import hashlib
import json
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, FlexibleChecksumError, HTTPClientError
from jobfleet_worker.aws.clients import ATTEMPTS, Clients, make_clients

from tests.aws.conftest import Stack
from tests.aws.front import EXPIRED_SQS, EXPIRED_XML, Answer


class Both:
    """Clients whose every call is counted: by boto3 or directly."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.clients: Clients = make_clients("us-east-1", stack.front.url)
        self.s3, self.sqs = self.clients.s3, self.clients.sqs
        self._by_boto3: Counter[str] = Counter()
        for client in (self.s3, self.sqs):
            client.meta.events.register("before-send", self._sent)
        # The first ones show where SQS and the bucket are.
        self.sqs.get_queue_url(QueueName=stack.names.requests)
        self.s3.put_object(Bucket=stack.bucket, Key="first", Body=b"", ContentType="text/plain")
        self.forget()

    def _sent(self, event_name: str, **_: Any) -> None:
        self._by_boto3[event_name.rpartition(".")[2]] += 1

    def forget(self) -> None:
        """Count from here on."""
        self._by_boto3.clear()
        self.stack.front.calls.clear()

    @property
    def boto3(self) -> int:
        """How many calls boto3 sent."""
        return self._by_boto3.total()

    @property
    def all(self) -> int:
        """How many calls came to the cloud."""
        return len(self.stack.front.calls)

    def get(self, key: str, **more: Any) -> dict[str, Any]:
        """Get an object and read it."""
        found: Any = self.s3.get_object(Bucket=self.stack.bucket, Key=key, **more)
        return {**found, "Body": found["Body"].read()}

    def put(self, key: str, body: bytes) -> str:
        """Put an object; return its ETag."""
        answer = self.s3.put_object(Bucket=self.stack.bucket, Key=key, Body=body, ContentType="image/png")
        return str(answer["ETag"])


@pytest.fixture
def both(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    one = Both(stack)
    yield one
    for client in one.clients:
        client.close()


@pytest.mark.parametrize("key", ["a", "a b/ü.png", "a/../b", "x?y#z%20", "a//b"])
@pytest.mark.parametrize("body", [b"", b"some bytes", bytes(range(256)) * 5_000])
def test_what_is_put_is_what_is_got(both: Both, key: str, body: bytes) -> None:
    etag = both.put(key, body)
    assert etag == f'"{hashlib.md5(body).hexdigest()}"'  # noqa: S324 - S3's own digest
    for more in ({}, {"IfMatch": etag}):
        assert both.get(key, **more) == {"Body": body, "ContentLength": len(body), "ETag": etag}
    assert (both.boto3, both.all) == (0, 3)
    theirs = both.stack.s3.get_object(Bucket=both.stack.bucket, Key=key, ChecksumMode="ENABLED")
    assert (theirs["Body"].read(), theirs["ETag"]) == (body, etag)
    assert theirs["ContentType"] == "image/png"
    assert theirs["ChecksumCRC32"] == b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_what_is_encoded_comes_as_it_was_put(both: Both) -> None:
    packed = gzip.compress(b"1 2 3")
    both.stack.s3.put_object(Bucket=both.stack.bucket, Key="g", Body=packed, ContentEncoding="gzip")
    assert both.get("g")["Body"] == packed
    assert both.boto3 == 0


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_bytes_that_changed_on_the_way_are_told(both: Both, algorithm: str) -> None:
    digest = {
        "CRC32": zlib.crc32(b"good").to_bytes(4, "big"),
        "SHA1": hashlib.sha1(b"good").digest(),  # noqa: S324
        "SHA256": hashlib.sha256(b"good").digest(),
    }[algorithm]
    headers = [("ETag", '"x"'), (f"x-amz-checksum-{algorithm.lower()}", b64encode(digest).decode())]
    bodies = {"GET whole": b"good", "GET hurt": b"g0od"}
    both.stack.front.answers = lambda call: (200, headers, bodies[call]) if call in bodies else None
    assert both.get("whole")["Body"] == b"good"
    with pytest.raises(FlexibleChecksumError):
        both.get("hurt")
    assert both.boto3 == 0


def test_a_checksum_of_parts_is_none_of_the_whole(both: Both) -> None:
    headers = [("ETag", '"x-2"'), ("x-amz-checksum-crc32", "AAAAAA==-2")]
    both.stack.front.answers = lambda call: (200, headers, b"good")
    assert both.get("parts")["Body"] == b"good"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({"Key": "none"}, "NoSuchKey"), ({"Key": "first", "IfMatch": '"other"'}, "PreconditionFailed")],
)
def test_what_is_expected_is_said_in_boto3s_words(both: Both, parameters: dict[str, str], code: str) -> None:
    named = {"Bucket": both.stack.bucket, **parameters}
    with pytest.raises(ClientError) as theirs:
        both.stack.s3.get_object(**named)
    with pytest.raises(ClientError) as ours:
        both.s3.get_object(**named)
    assert ours.value.response["Error"] == theirs.value.response["Error"]
    assert str(ours.value) == str(theirs.value)
    assert type(ours.value).__name__ == type(theirs.value).__name__
    assert ours.value.response["Error"]["Code"] == code
    assert (both.boto3, both.all) == (0, 1)


def test_a_bucket_in_another_region_is_found_by_boto3_and_learnt_from_it(both: Both) -> None:
    both.stack.front.bucket_region = "eu-west-1"
    both.put("moved", b"good")  # boto3 is sent on, and remembers
    both.put("moved", b"good")  # boto3 goes there at once, which shows where that is
    assert both.boto3 > 1
    both.forget()
    assert both.get("moved")["Body"] == b"good"
    both.put("moved", b"better")
    assert (both.boto3, both.all) == (0, 2)


def test_messages_go_the_whole_way(both: Both) -> None:
    url = both.stack.requests
    bodies = ['ü "quoted" \\ \n', "2", "x" * 5_000]
    sent = both.sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
    )
    assert {entry["Id"] for entry in sent["Successful"]} == {"0", "1", "2"}
    got = both.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=100,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )["Messages"]  # fmt: skip
    assert sorted(message["Body"] for message in got) == sorted(bodies)
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in got} == {"1"}
    handles = [message["ReceiptHandle"] for message in got]
    assert both.stack.visible() == 0
    both.sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[{"Id": str(n), "ReceiptHandle": h, "VisibilityTimeout": 0} for n, h in enumerate(handles)],
    )
    assert both.stack.visible() == 3
    entries = [{"Id": str(n), "ReceiptHandle": h} for n, h in enumerate([*handles, "none"])]
    answers = [
        {entry["Id"]: (entry["Code"], entry["SenderFault"]) for entry in client.delete_message_batch(
            QueueUrl=url, Entries=entries[3:] if client is both.stack.sqs else entries
        )["Failed"]}
        for client in (both.stack.sqs, both.sqs)
    ]  # fmt: skip
    assert answers[0] == answers[1] != {}
    assert both.stack.waiting(url) == 0
    assert "Messages" not in both.sqs.receive_message(QueueUrl=url)
    assert both.boto3 == 0


def test_a_queue_that_is_gone_is_said_in_boto3s_words(both: Both) -> None:
    entries = {"QueueUrl": f"{both.stack.replies}-none", "Entries": [{"Id": "0", "MessageBody": "x"}]}
    problems = []
    for client in (both.stack.sqs, both.sqs):
        with pytest.raises(ClientError) as problem:
            client.send_message_batch(**entries)
        problems.append(problem.value.response["Error"])
    assert problems[0] == problems[1]


WAYS = ("get", "put", "receive")


def call(both: Both, way: str) -> Any:
    if way == "get":
        return both.get("first")["Body"]
    if way == "put":
        return both.put("again", b"x")
    return both.sqs.receive_message(QueueUrl=both.stack.requests)


def answered_once(given: Answer) -> Any:
    """Answer a call so once, and let the others pass."""
    left = [given]
    return lambda call: left.pop() if left else None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", [
    (500, [], b"<Error><Code>InternalError</Code></Error>"), (503, [], b""),
    (429, [], b"busy"), (301, [("Location", "http://127.0.0.1:1/")], b""),
    (403, [], b"<html>a gateway</html>"),
    (404, [], b"<html>not here</html>"), (200, [("Content-Type", "text/html")], b"<html>sign in</html>"),
])  # fmt: skip
def test_what_is_no_plain_answer_is_asked_of_boto3(both: Both, way: str, answer: Answer) -> None:
    plain = call(both, way)
    both.forget()
    both.stack.front.answers = answered_once(answer)
    assert _lasting(call(both, way)) == _lasting(plain)
    assert (both.boto3, both.all) == (1, 2)


def _lasting(answer: Any) -> Any:
    """Leave out what no two answers have in common."""
    return (
        {k: v for k, v in answer.items() if k != "ResponseMetadata"} if isinstance(answer, dict) else answer
    )


@pytest.mark.parametrize("way", WAYS)
def test_failures_are_boto3s_and_end(both: Both, way: str) -> None:
    both.stack.front.fails = lambda call: True
    with pytest.raises(ClientError) as problem:
        call(both, way)
    assert problem.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert (both.boto3, both.all) == (ATTEMPTS, 1 + ATTEMPTS)


@pytest.mark.parametrize(
    ("way", "body"), [("get", EXPIRED_XML), ("put", EXPIRED_XML), ("receive", EXPIRED_SQS)]
)
def test_an_expired_token_is_known(both: Both, way: str, body: bytes) -> None:
    both.stack.front.answers = lambda call: (400, [], body)
    with pytest.raises(ClientError) as problem:
        call(both, way)
    assert problem.value.response["Error"]["Code"] == "ExpiredToken"


def test_calls_sign_with_the_credentials_of_now(
    both: Both, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    text = "[default]\naws_access_key_id={}\naws_secret_access_key=s\naws_session_token=t\n"
    file.write_text(text.format("old"))
    lab = Both(both.stack)
    both.stack.front.expired_keys = {"old", "key"}
    for way in WAYS:
        with pytest.raises(ClientError):
            call(lab, way)
    file.write_text(text.format("a-new-one"))
    lab.forget()
    for way in WAYS:
        call(lab, way)
    assert (lab.boto3, lab.all) == (0, len(WAYS))
    for client in lab.clients:
        client.close()


@pytest.mark.parametrize("more", [{"Range": "bytes=0-1"}, {"VersionId": "null"}])
def test_what_is_not_plain_is_boto3s(both: Both, more: dict[str, str]) -> None:
    both.stack.front.answers = lambda call: (200, [("ETag", '"x"')], b"ab")
    assert both.get("k", **more)["Body"] == b"ab"
    assert both.boto3 == both.all == 1


@pytest.mark.parametrize("etag", ['"x"\n', '"ü"'])
def test_what_no_header_holds_is_boto3s_to_refuse(both: Both, etag: str) -> None:
    with pytest.raises((HTTPClientError, ClientError)):
        both.get("first", IfMatch=etag)
    assert both.boto3


def test_conditional_puts_are_boto3s(both: Both) -> None:
    given = {"Bucket": both.stack.bucket, "Key": "once", "Body": b"x"}
    both.s3.put_object(**given, IfNoneMatch="*")
    with pytest.raises(ClientError) as problem:
        both.s3.put_object(**given, IfNoneMatch="*")
    assert problem.value.response["Error"]["Code"] == "PreconditionFailed"
    assert both.boto3 == 2


def test_another_bucket_is_found_by_itself(both: Both) -> None:
    other = f"{both.stack.bucket}-2"
    both.stack.s3.create_bucket(Bucket=other)
    for n in range(3):
        both.s3.put_object(Bucket=other, Key=f"k{n}", Body=json.dumps(n).encode())
    assert (both.boto3, both.all) == (1, 3)
    assert both.stack.s3.get_object(Bucket=other, Key="k2")["Body"].read() == b"2"
