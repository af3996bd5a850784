"""Connections that break or are in other hands, as direct calls meet them on sockets of the tests' own."""

import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ResponseStreamingError
from jobfleet_worker.aws.error_kinds import is_outage

from tests.bare_server import answer, direct, sqs_of

URL = "https://sqs.example/1/q"


def test_one_connection_is_kept(servers: Any, clients: Any) -> None:
    server = servers()
    sqs = sqs_of(clients, server)
    for _ in range(5):
        assert sqs.receive_message(QueueUrl=URL) == {}
    assert (len(server.asked), direct(server), server.connections) == (5, 5, 2)


def test_a_connection_that_was_closed_meanwhile_is_no_failure(servers: Any, clients: Any) -> None:
    server = servers()
    sqs = sqs_of(clients, server)
    sqs.receive_message(QueueUrl=URL)
    server.hang_up()
    sqs.receive_message(QueueUrl=URL)
    assert (direct(server), server.connections) == (2, 3)


@pytest.mark.parametrize(("words", "meant"), [
    (b"", {}),
    (b'{"Messages": null}', {}),
    (b'{"Messages": [{"Body": "1", "MessageAttributes": null}]}', {"Messages": [{"Body": "1"}]}),
    (b'{"Failed": null, "Successful": []}', {"Successful": []}),
])  # fmt: skip
def test_what_sqs_says_nothing_of_is_left_out(
    servers: Any, clients: Any, words: bytes, meant: dict[str, Any]
) -> None:
    server = servers()
    sqs = sqs_of(clients, server)
    server.script = [answer(words)]
    assert sqs.receive_message(QueueUrl=URL) == meant
    assert (len(server.asked), direct(server)) == (1, 1)


@pytest.mark.parametrize("words", [
    None, b"HTTP/1.1 200 OK\r\n", b"what?\r\n\r\n",
    answer(b'{"Messages": [', length=500), answer(b"{", length=1), answer(b"[1]"),
])  # fmt: skip
def test_half_an_answer_is_none(servers: Any, clients: Any, words: bytes | None) -> None:
    server = servers()
    sqs = sqs_of(clients, server)
    server.script, server.closes = [words, answer(b'{"Messages": []}')], True
    assert sqs.receive_message(QueueUrl=URL)["Messages"] == []
    assert (len(server.asked), direct(server)) == (2, 1)


def test_half_an_object_is_told(servers: Any, clients: Any) -> None:
    server = servers()
    s3 = clients(server.url).s3
    server.script = [answer(b"whole", 'ETag: "x"'), answer(b"half", 'ETag: "x"', length=9)]
    server.closes = True
    assert s3.get_object(Bucket="b", Key="k")["Body"].read() == b"whole"
    with pytest.raises(ResponseStreamingError) as problem:
        s3.get_object(Bucket="b", Key="k")["Body"].read()
    assert is_outage(problem.value)
    assert (len(server.asked), direct(server)) == (2, 1)


def test_an_object_that_is_not_read_leaves_no_bytes_for_the_next(servers: Any, clients: Any) -> None:
    server = servers()
    s3 = clients(server.url).s3
    for n in range(4):
        server.script = [answer(b"%d" % n * 100_000, 'ETag: "x"')]
        body = s3.get_object(Bucket="b", Key="k")["Body"]
        if n == 2:
            assert body.read() == b"2" * 100_000
        body.close()
    assert (len(server.asked), direct(server)) == (4, 3)


def test_what_is_packed_on_the_way_is_not_unpacked(servers: Any, clients: Any) -> None:
    server = servers()
    s3 = clients(server.url).s3
    packed = gzip.compress(b"1 2 3")
    server.script = [answer(packed, 'ETag: "x"', "Content-Encoding: gzip")] * 2
    for _ in range(2):
        assert s3.get_object(Bucket="b", Key="k")["Body"].read() == packed
    assert direct(server) == 1


def test_a_proxy_is_boto3s_to_take(servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = servers()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    endpoint = servers()
    ours = clients(endpoint.url)
    for _ in range(2):
        ours.sqs.receive_message(QueueUrl=URL)
        proxy.script = [answer(b"x", 'ETag: "x"')]
        ours.s3.get_object(Bucket="b", Key="k")["Body"].read()
    paths = [asked.split(b" ")[1].decode().removeprefix(endpoint.url) for asked in proxy.asked]
    assert paths == ["/", "/b/k"] * 2
    assert direct(proxy) == len(endpoint.asked) == 0


def test_hosts_without_a_proxy_are_none_in_the_way(
    servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "169.254.169.254")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # of another scheme than the endpoint's
    server = servers()
    sqs_of(clients, server).receive_message(QueueUrl=URL)
    assert direct(server) == 1


def test_a_large_body_may_take_longer_than_a_connect(
    servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobfleet_jobs.direct_calls.signed_http.CONNECT_TIMEOUT_SECONDS", 1)
    server = servers()
    s3 = clients(server.url).s3
    server.script = [answer(b"", 'ETag: "x"')] * 2
    s3.put_object(Bucket="b", Key="k", Body=b"")
    server.receives = 64 * 1024, 0.01  # at most 6 MB a second
    body = bytes(range(256)) * 80_000
    assert s3.put_object(Bucket="b", Key="k", Body=body)["ETag"] == '"x"'
    assert (len(server.asked), direct(server)) == (2, 1)
    assert server.asked[1].partition(b"\r\n\r\n")[2] == body


def test_credentials_that_no_header_can_hold_are_never_sent(
    servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A token that was pasted with a line's end in it: the worker goes on with the last good one."""
    file = tmp_path / "credentials"
    keys = "[default]\naws_access_key_id = k\naws_secret_access_key = s\naws_session_token = "
    file.write_text(keys + "token\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    server = servers()
    sqs = sqs_of(clients, server)
    file.write_text(keys + "to\n  ken, in two lines\n")
    assert sqs.receive_message(QueueUrl=URL) == {}
    file.write_text(keys + "another\n")
    assert sqs.receive_message(QueueUrl=URL) == {}
    assert [b"token: token\r" in asked.lower() for asked in server.asked] == [True, False]
    assert direct(server) == 2


@pytest.mark.parametrize(("status", "code", "pauses"), [
    (400, "AWS.SimpleQueueService.RequestThrottled", 1), (400, "KmsThrottled", 1), (429, "Other", 1),
    (503, "ServiceUnavailable", 1), (400, "ReceiptHandleIsInvalid", 0), (403, "AccessDenied", 0),
])  # fmt: skip
def test_who_asks_for_fewer_calls_is_given_time(
    servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch, status: int, code: str, pauses: int
) -> None:
    server = servers()
    sqs = sqs_of(clients, server)
    slept: list[float] = []
    monkeypatch.setattr("jobfleet_jobs.direct_calls.signed_http.time", SimpleNamespace(sleep=slept.append))
    refusal = answer(json.dumps({"__type": code}).encode()).replace(b"200 OK", b"%d No" % status)
    server.script = [refusal]
    assert "Messages" not in sqs.receive_message(QueueUrl=URL)
    assert (len(server.asked), direct(server), len(slept)) == (2, 1, pauses)


def test_a_refusal_leaves_the_connection_as_it_is(servers: Any, clients: Any) -> None:
    server = servers()
    s3 = clients(server.url).s3
    missing = b"<Error><Code>NoSuchKey</Code></Error>"
    refusal = answer(missing).replace(b"200 OK", b"404 Not Found")
    server.script = [answer(b"x", 'ETag: "x"'), refusal, refusal, answer(b"y", 'ETag: "y"')]
    s3.get_object(Bucket="b", Key="k")["Body"].read()
    for _ in range(2):
        with pytest.raises(s3.exceptions.NoSuchKey):
            s3.get_object(Bucket="b", Key="k")
    assert s3.get_object(Bucket="b", Key="k")["Body"].read() == b"y"
    assert (direct(server), server.connections) == (3, 2)  # boto3 has one of its own


def test_the_body_is_what_was_meant(servers: Any, clients: Any) -> None:
    server = servers()
    entries = [{"Id": "0", "MessageBody": 'ü "\\\n'}]
    sqs_of(clients, server).send_message_batch(QueueUrl=URL, Entries=entries)
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert json.loads(body) == {"QueueUrl": URL, "Entries": entries}
    assert b"AmazonSQS.SendMessageBatch" in head
