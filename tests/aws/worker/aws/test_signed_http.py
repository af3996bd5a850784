"""Connections that break or are in other hands, as direct calls meet them on sockets of the tests' own."""

import gzip
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from botocore.exceptions import HTTPClientError, ResponseStreamingError, SSLError
from jobfleet_worker.aws.clients import ATTEMPTS, Clients, make_clients
from jobfleet_worker.aws.error_kinds import is_outage
from jobfleet_worker.settings import BadSettings

URL = "https://sqs.example/1/q"
Script = Callable[[socket.socket, bytes], None]


def answer(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """Return an answer that says to have `length` bytes."""
    size = len(body) if length is None else length
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {size}", *headers, "", ""]).encode() + body


NOTHING = answer(b"{}", "Content-Type: application/x-amz-json-1.0")


class Server:
    """Answers each call as its script says, and remembers what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._listener, self._context = socket.create_server(("127.0.0.1", 0)), context
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        self.asked: list[bytes] = []
        self.connections = 0
        self.script: list[bytes | None] = []  # None closes the connection without a word
        self.closes = False
        self.receives = 1024 * 1024, 0.0  # as many bytes at once, after as many seconds
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        wrap = self._context.wrap_socket if self._context else None
        with suppress(OSError), plain, wrap(plain, server_side=True) if wrap else plain as connection:
            self._open.append(connection)
            while request := self._request(connection):
                self.asked.append(request)
                words = self.script.pop(0) if self.script else NOTHING
                if words is None:
                    return
                connection.sendall(words)
                if self.closes:
                    return

    def _request(self, connection: socket.socket) -> bytes:
        """Read one request, whose body is as long as it says."""
        words = bytearray()
        while b"\r\n\r\n" not in words:
            more = connection.recv(65_536)
            if not more:
                return b""
            words += more
        head, _, body = words.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            size, seconds = self.receives
            time.sleep(seconds)
            more = connection.recv(size)
            if not more:
                return b""
            body += more
        return bytes(head + b"\r\n\r\n" + body)

    def hang_up(self) -> None:
        """Close the connections that are open, as a load balancer does with those nobody uses."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.hang_up()


@pytest.fixture
def servers() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(context: ssl.SSLContext | None = None) -> Server:
        made.append(Server(context))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Clients]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    made: list[Clients] = []

    def make(url: str) -> Clients:
        made.append(make_clients("us-east-1", url))
        return made[-1]

    yield make
    for some in made:
        for client in some:
            client.close()


def direct(server: Server) -> int:
    """How many of the calls were direct: boto3 tells more of itself."""
    return sum(
        b"user-agent: jobfleet/" in asked.lower() and b"\r\namz-sdk-" not in asked for asked in server.asked
    )


def sqs_of(clients: Callable[[str], Clients], server: Server) -> Any:
    """Return a client to which boto3 has shown where SQS is, over a connection of its own."""
    sqs = clients(server.url).sqs
    server.script = [answer(b'{"QueueUrl": ""}')]
    sqs.get_queue_url(QueueName="q")
    assert direct(server) == 0
    server.asked.clear()
    return sqs


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
    monkeypatch.setattr("jobfleet_worker.aws.signed_http.CONNECT_TIMEOUT_SECONDS", 1)
    server = servers()
    s3 = clients(server.url).s3
    server.script = [answer(b"", 'ETag: "x"')] * 2
    s3.put_object(Bucket="b", Key="k", Body=b"")
    server.receives = 64 * 1024, 0.01  # at most 6 MB a second
    body = bytes(range(256)) * 80_000
    assert s3.put_object(Bucket="b", Key="k", Body=body)["ETag"] == '"x"'
    assert (len(server.asked), direct(server)) == (2, 1)
    assert server.asked[1].partition(b"\r\n\r\n")[2] == body


def test_credentials_that_no_header_can_hold_are_an_outage(
    servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A token that was pasted with a line's end in it: the worker waits for a better one."""
    file = tmp_path / "credentials"
    keys = "[default]\naws_access_key_id = k\naws_secret_access_key = s\naws_session_token = "
    file.write_text(keys + "token\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    server = servers()
    sqs = sqs_of(clients, server)
    file.write_text(keys + "to\n  ken, in two lines\n")
    with pytest.raises(HTTPClientError) as problem:
        sqs.receive_message(QueueUrl=URL)
    assert is_outage(problem.value)
    file.write_text(keys + "another\n")
    assert sqs.receive_message(QueueUrl=URL) == {}
    assert (len(server.asked), direct(server)) == (1, 1)


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
    monkeypatch.setattr("jobfleet_worker.aws.signed_http.time", SimpleNamespace(sleep=slept.append))
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


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_that_was_named_is_trusted(
    servers: Any, clients: Any, authority: trustme.CA, variable: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    server = servers(context(authority, "127.0.0.1"))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    assert sqs_of(clients, server).receive_message(QueueUrl=URL) == {}
    assert direct(server) == len(server.asked) == 1


def test_authorities_that_cannot_be_read_are_named_at_once(
    servers: Any, clients: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "none.pem"))
    server = servers()
    with pytest.raises(BadSettings, match=r"none\.pem cannot be read: No such file .* AWS_CA_BUNDLE"):
        clients(server.url)


@pytest.mark.parametrize("known", [False, True])
def test_nothing_is_sent_to_who_is_not_trusted(
    servers: Any, clients: Any, authority: trustme.CA, known: bool,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    """Either nobody trusts the authority, or its certificate is for another name."""
    server = servers(context(authority, "another.example" if known else "127.0.0.1"))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    if known:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    sqs = clients(server.url).sqs
    # boto3's alone, and a direct one before it.
    for _ in range(2):
        with pytest.raises(SSLError):
            sqs.receive_message(QueueUrl=URL)
    assert server.asked == []
    assert server.connections == ATTEMPTS + (1 + ATTEMPTS)


def test_the_body_is_what_was_meant(servers: Any, clients: Any) -> None:
    server = servers()
    entries = [{"Id": "0", "MessageBody": 'ü "\\\n'}]
    sqs_of(clients, server).send_message_batch(QueueUrl=URL, Entries=entries)
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert json.loads(body) == {"QueueUrl": URL, "Entries": entries}
    assert b"AmazonSQS.SendMessageBatch" in head
