"""What comes over a socket from those who mean no good, or do not know better."""

import socket
from typing import Any

import pytest

from tests.patience import wait_for
from tests.web_process import TOKEN, StartWeb, WebProcess

IDLE = 300


@pytest.fixture
def web(start_web: StartWeb) -> WebProcess:
    """A web host."""
    return start_web(host_names=["203.0.113.7"])


def request(line: str, *headers: str, body: bytes = b"", token: str = TOKEN) -> bytes:
    """Return a request that closes its connection."""
    given = [f"{line} HTTP/1.1", "Connection: close", f"Content-Length: {len(body)}", *headers]
    if token:
        given.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*given, "", ""]).encode("latin-1") + body


def status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer[9:12])


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (request("GET /nowhere", "Host: 203.0.113.7"), 404),
        (request("GET /", "Host: evil.example"), 421),
        (request("GET /"), 400),
        (request("POST /", "Host: localhost", "Origin: http://evil.example"), 403),
        (request("POST /", "Host: localhost", "Origin: null"), 403),
        (request("POST /", "Host: localhost", "Content-Encoding: gzip"), 415),
        (
            request(
                "POST /", "Host: localhost", "Content-Type: multipart/form-data; boundary=x", body=b"junk"
            ),
            400,
        ),
        (request("GET /nowhere", "Host: localhost", token=""), 401),
        (request("GET /nowhere", "Host: localhost", token="wrong"), 401),  # noqa: S106
        (request("GET /%00%0d%0aX:y", "Host: localhost"), 404),
        (request("GET /a b", "Host: localhost"), 400),
        (request("GET /" + "a" * 20_000, "Host: localhost"), 404),
        (request("BREW /", "Host: localhost"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100 + b"\r\n\r\n", 400),
    ],
)
def test_each_is_refused_and_the_next_is_answered(web: WebProcess, sent: bytes, wanted: int) -> None:
    answer = web.exchange(sent)
    assert status(answer) == wanted
    assert b"\r\ncontent-type: application/problem+json\r\n" in answer
    assert b"\r\nx-content-type-options: nosniff\r\n" in answer
    assert status(web.exchange(request("GET /nowhere", "Host: localhost"))) == 404
    assert web.lines("mistake") == []


def test_answers_carry_no_name_of_a_server_and_nothing_of_what_was_sent_in_headers(web: WebProcess) -> None:
    answer = web.exchange(request("GET /a\tb", "Host: localhost", "X-A: b\x00c"))
    assert b"uvicorn" not in answer.lower()
    assert b"\r\nserver:" not in answer.lower()


def test_many_idle_and_half_open_connections_keep_nobody_out(web: WebProcess) -> None:
    connections: list[socket.socket] = []
    for number in range(IDLE):
        connections.append(web.connect())
        if number % 3 == 0:
            connections[-1].sendall(b"POST /api/v1/upload HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    assert status(web.exchange(request("GET /nowhere", "Host: localhost"))) == 404
    for one in connections:
        one.close()


def test_no_secret_and_nothing_of_a_body_is_in_the_log(web: WebProcess, stack: Any) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="plan.txt"\r\n\r\nhush-hush\r\n'
        b'--x\r\nContent-Disposition: form-data; name="columns"\r\n\r\nprivate-column\r\n--x--'
    )
    kind = "Content-Type: multipart/form-data; boundary=x"
    for token in (TOKEN, "a-guess-of-somebody"):
        web.exchange(
            request(
                "POST /api/v1/upload?operation=stats&more=true",
                "Host: localhost",
                kind,
                "Prefer: respond-async",
                "Cookie: also-hush",
                body=body,
                token=token,
            )
        )
    wait_for(lambda: len(web.lines("request")) == 2, 10, web.log)
    for word in (TOKEN, "guess", "hush", "plan.txt", "private", "more=true", "secret"):
        assert word not in web.log()


def test_pipelined_requests_are_answered_in_order(web: WebProcess) -> None:
    first = request("POST /", "Host: localhost", body=b"x" * 1_000).replace(b"Connection: close\r\n", b"")
    answers = web.exchange(first + request("GET /nowhere", "Host: localhost"))
    assert [int(one[:3]) for one in answers.split(b"HTTP/1.1 ")[1:]] == [415, 404]
