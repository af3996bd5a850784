"""Requests over HTTP before a server whose answers are known: what counts, how it is called, who answered."""

import asyncio
from typing import Any

import pytest
from jobfleet.bench.engine.http_target import HttpRequest, HttpTarget, place_of
from jobfleet.bench.engine.samples import OK, Reply
from jobfleet.bench.run import try_once

from tests.known_server import KnownServer
from tests.patience import patience
from tests.ports import refusing_port


def reply(url: str, **more: Any) -> Reply:
    return try_once(HttpTarget(HttpRequest(url, **{"timeout": patience(10), **more})))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("cluster1", OK), ("404", "status 404"), ("503", "status 503"), ("elsewhere", "status 302"),
        ("large", "answer too large"), ("resets", "connection reset"),
        ("closes", "connection closed without an answer"),
    ],
)  # fmt: skip
def test_each_end_of_a_request_has_its_kind(known: KnownServer, path: str, kind: str) -> None:
    assert reply(f"{known.url}/{path}").kind == kind
    assert known.count(f"/{path}") == 1


def test_a_time_out_is_one(known: KnownServer) -> None:
    assert reply(f"{known.url}/holds", timeout=0.2).kind == "timed out"


def test_nobody_there_and_no_such_host() -> None:
    with refusing_port() as port:
        assert reply(f"http://127.0.0.1:{port}/").kind == "connection refused"
    assert reply("http://no-such-host.invalid/").kind == "no such host"


def test_a_redirect_is_not_followed(known: KnownServer) -> None:
    reply(f"{known.url}/elsewhere")
    assert [asked[1] for asked in known.asked] == ["/elsewhere"]


def test_method_headers_and_body_are_sent_as_given(known: KnownServer) -> None:
    reply(f"{known.url}/cluster1", method="POST", headers={"X-One": "1"}, body=b"data")
    ((method, _, headers, body),) = known.asked
    assert (method, headers["X-One"], body) == ("POST", "1", b"data")
    assert headers["User-Agent"].startswith("jobfleet-bench/")


def test_connections_are_kept_or_made_anew(known: KnownServer) -> None:
    async def twice(target: HttpTarget) -> None:
        async with target.open() as send:
            await send()
            await send()

    asyncio.run(twice(HttpTarget(HttpRequest(f"{known.url}/cluster1"))))
    asyncio.run(twice(HttpTarget(HttpRequest(f"{known.url}/cluster2", new_connections=True))))
    asked = [headers.get("Connection") for _, _, headers, _ in known.asked]
    assert asked[:2] == [None, None]
    assert asked[2:] == ["close", "close"]


def test_a_request_whose_kept_connection_was_closed_is_a_failure_and_not_sent_again(
    known: KnownServer,
) -> None:
    async def four() -> list[str]:
        async with HttpTarget(HttpRequest(f"{known.url}/closes-second")).open() as send:
            return [(await send()).kind for _ in range(4)]

    assert asyncio.run(four()) == [OK, "connection closed without an answer"] * 2
    assert known.count("/closes-second") == 4


def test_name_and_password_of_a_url_are_sent_and_told_to_nobody(known: KnownServer) -> None:
    url = known.url.replace("//", "//user:pass-word@") + "/cluster1"
    target = HttpTarget(HttpRequest(url))
    assert target.name == f"{known.url}/cluster1"
    assert try_once(target).kind == OK
    assert known.asked[0][2]["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("body", "headers", "share_by", "place"),
    [
        (b'{"instance": "i-1", "group": "a"}', {}, "instance", "i-1"),
        (b'{"instance": "i-1", "group": "a"}', {}, "group", "a"),
        (b'{"process": 7}', {}, "process", "7"),
        (b'{"other": 1}', {"instance": "h"}, "instance", "h"),
        (b"<html>", {"X-Served-By": "h"}, "X-Served-By", "h"),
        (b'{"instance": ["i"]}', {}, "instance", ""),
        (b'{"instance": "i-1"', {}, "instance", ""),
        (b'{"instance": "i-1"}' + b" " * 5_000, {}, "instance", ""),
        (b'{"instance": "\\u001b[31mred"}', {}, "instance", "\\x1b[31mred"),
    ],
)
def test_who_answered_is_read_from_body_or_header(
    body: bytes, headers: dict[str, str], share_by: str, place: str
) -> None:
    assert place_of(body, headers, share_by) == place


def test_the_size_of_an_answer_is_that_of_its_body(known: KnownServer) -> None:
    assert reply(f"{known.url}/cluster1").size == len(b'{"instance": "i-cluster1-0", "group": "cluster1"}')
