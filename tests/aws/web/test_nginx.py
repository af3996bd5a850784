"""nginx as the role `web` configures it, in front of an application that tells what came through."""

import hashlib
import json
import resource
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.aws.web.nginx_before import ADDRESS, LARGEST, Site, application, nginx, settings
from tests.patience import patience, wait_for
from tests.unit.plugins.tls.test_web_certificate import ensure

BEHIND = ("uvicorn", "tests.aws.web.app_behind:app", "--log-level", "error")
WAIT = patience(30)
IDLE = 10_000


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with nothing behind nginx."""
    with nginx(tmp_path_factory.mktemp("empty")) as site:
        yield site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the application that tells."""
    with nginx(tmp_path_factory.mktemp("site")) as running, application(running, *BEHIND):
        yield running


def exchanged(site: Site, data: bytes, port: int | None = None) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are, and return status, headers and body of the answer."""
    with site.connect(port) as connection:
        connection.sendall(data)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


def logged(site: Site) -> list[dict[str, Any]]:
    whole, _, _ = (site.folder / "requests.log").read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def assert_problem(status: int, content_type: str | None, body: bytes, *, shown: int) -> dict[str, Any]:
    assert (status, content_type) == (shown, "application/problem+json")
    told: dict[str, Any] = json.loads(body)
    assert told["status"] == shown
    assert told["type"].startswith("urn:jobfleet:problem:")
    assert all(told[name] for name in ("title", "detail", "mend"))
    return told


def test_without_an_application_the_answer_is_a_problem_that_says_to_come_again(empty: Site) -> None:
    answer = requests.get(f"{empty.url}/readyz", timeout=WAIT)

    assert_problem(answer.status_code, answer.headers["Content-Type"], answer.content, shown=502)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Server"] == "nginx"


def test_an_application_that_dies_with_a_request_in_hand_is_told_the_same_way(empty: Site) -> None:
    with application(empty, *BEHIND) as process, empty.connect() as connection:
        connection.sendall(f"GET /hold HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n".encode())
        requests.post(f"{empty.url}/", data=b"after it", timeout=WAIT)
        process.kill()
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 502 ")
    assert_problem(502, "application/problem+json", body, shown=502)


def test_a_sender_of_too_much_reads_why(site: Site) -> None:
    answer = requests.post(f"{site.url}/", files={"myfile": bytes(32 * LARGEST)}, timeout=WAIT)

    told = assert_problem(answer.status_code, answer.headers["Content-Type"], answer.content, shown=413)
    assert str(LARGEST) in told["detail"]


def test_a_sender_of_too_much_that_sends_all_of_it_before_it_reads_a_word_reads_why(site: Site) -> None:
    """As many libraries do. What is closed under them is an error without words."""
    size = 32 * LARGEST
    head = f"POST / HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"

    status, headers, body = exchanged(site, head.encode() + bytes(size))

    assert_problem(status, headers["content-type"], body, shown=413)


def test_a_sender_of_too_much_that_does_not_say_how_much_is_stopped(site: Site) -> None:
    pieces = (bytes(65536) for _ in range(32 * LARGEST // 65536))

    answer = requests.post(f"{site.url}/", data=pieces, timeout=WAIT)

    assert answer.status_code == 413


def test_only_uploads_may_be_large(site: Site) -> None:
    answer = requests.post(f"{site.url}/api/v1/jobs/1/retry", data=bytes(65537), timeout=WAIT)

    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/?operation=stats", "/api/v1/upload"])
def test_the_largest_file_passes_as_it_is(site: Site, path: str) -> None:
    data = secrets.token_bytes(LARGEST)

    answer = requests.post(f"{site.url}{path}", data=data, timeout=WAIT)

    assert answer.json() == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": LARGEST}


def test_an_upload_goes_on_while_it_comes_in(site: Site) -> None:
    head = f"POST /?mark=mine HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Length: 200000\r\n\r\n"
    with site.connect() as connection:
        connection.sendall(head.encode() + bytes(100_000))
        assert requests.get(f"{site.url}/begun?mark=mine", timeout=WAIT).text == "ok"
        connection.sendall(bytes(100_000))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_sender_whose_upload_the_application_refuses_unread_reads_why(site: Site) -> None:
    for _ in range(40):
        answer = requests.post(f"{site.url}/api/v1/stats", data=bytes(LARGEST), timeout=WAIT)
        assert (answer.status_code, answer.json()) == (401, {"title": "no"})


def test_events_go_out_as_they_happen(site: Site) -> None:
    answer = requests.get(f"{site.url}/api/v1/batches/b/events", stream=True, timeout=WAIT)
    lines = answer.iter_lines(chunk_size=1)

    assert next(lines) == b"data: first"
    requests.get(f"{site.url}/release", timeout=WAIT)
    assert [line for line in lines if line] == [b"data: second"]


def test_the_sender_s_address_is_the_one_that_nginx_sees(site: Site) -> None:
    pretended = dict.fromkeys(("X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded"), "192.0.2.66")

    headers = requests.get(f"{site.url}/any", headers=pretended, timeout=WAIT).json()["headers"]

    assert headers["x-real-ip"] == ADDRESS
    assert headers["host"] == f"{ADDRESS}:{site.port}"
    assert "192.0.2.66" not in json.dumps(headers)


@pytest.mark.parametrize("path", ["/a//b", "/a/%2e%2e/b", "/%00", "/b%2Fc"])
def test_a_path_is_passed_on_as_it_was_asked_for(site: Site, path: str) -> None:
    status, _, body = exchanged(site, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    if path == "/%00":  # what no file is called, nginx refuses
        assert status == 400
    else:
        assert (status, json.loads(body)["path"]) == (200, requests.utils.unquote(path))


LONG = b"a" * 40_000
JUNK = {
    "no HTTP": (b"\x16\x03\x01 what is this\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "length and chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a body in a form of its own": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    "another version": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "a method that gives back what was sent": (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "long address": (b"GET /" + LONG + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "long header": (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + LONG + b"\r\n\r\n", 400),
}  # fmt: skip


@pytest.mark.parametrize("kind", JUNK)
def test_junk_is_answered_with_a_problem(site: Site, kind: str) -> None:
    data, shown = JUNK[kind]

    status, headers, body = exchanged(site, data)

    assert_problem(status, headers["content-type"], body, shown=shown)


def test_of_a_request_that_nginx_refuses_the_log_has_its_own_method(empty: Site) -> None:
    requests.post(f"{empty.url}/refused", data=bytes(65537), timeout=WAIT)

    wait_for(lambda: "/refused" in {line["path"] for line in logged(empty)})
    [line] = [line for line in logged(empty) if line["path"] == "/refused"]
    assert (line["method"], line["status"]) == ("POST", 413)


def test_no_secret_is_in_what_is_logged(site: Site, empty: Site) -> None:
    """Of requests that went well, and of those about which nginx itself has something to say."""
    secret = secrets.token_hex(16)
    for one in (site, empty):
        for path, size in (("/", 10), ("/api/v1/upload", 5 * LARGEST), ("/none", 100_000)):
            requests.post(
                f"{one.url}{path}?token={secret}&more=1",
                data=bytes(size),
                auth=("me", secret),
                cookies={"token": secret},
                headers={"Referer": f"http://x/?{secret}", "User-Agent": secret, "X-Token": secret},
                timeout=WAIT,
            )
        exchanged(one, f"GET /?{secret} HTTP/1.1\r\nHost: {secret}\r\nHost: b\r\n\r\n".encode())
        exchanged(one, f"GET /?{secret}".encode() + LONG + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        # It is written after the answer.
        wait_for(lambda one=one: {line["path"] for line in logged(one)} >= {"/api/v1/upload", "/none", "/"})
        assert secret not in one.said()
        assert {ADDRESS} == {line["from"] for line in logged(one)}


@pytest.mark.parametrize(("path", "encoding"), [("/page.css", "gzip"), ("/any", None)])
def test_the_page_is_compressed_and_results_are_not(site: Site, path: str, encoding: str | None) -> None:
    answer = requests.get(f"{site.url}{path}", headers={"X-Long": "a" * 4000}, timeout=WAIT)

    assert answer.headers.get("Content-Encoding") == encoding
    assert len(answer.content) > 4000


def test_idle_connections_keep_nobody_out(site: Site) -> None:
    """As many as the machine lets this process have, 10,000 at most."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, IDLE + 2000), hard))
    try:
        with ExitStack() as idle:
            for number in range(min(IDLE, hard - 2000)):
                connection = idle.enter_context(site.connect())
                if number % 2:
                    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Le")
            answer = requests.post(f"{site.url}/", data=b"x", timeout=WAIT)
            assert answer.json()["bytes"] == 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nginx_listens_on_the_host_s_own_address_alone(site: Site) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", site.port), timeout=WAIT)


def test_the_web_tier_itself_is_reached_and_comes_back_after_it_was_killed(tmp_path: Path) -> None:
    with nginx(tmp_path) as site:
        command = ("jobfleet_web", "--config", str(settings(tmp_path)))
        for _ in range(2):
            with application(site, *command) as process:
                answer = requests.get(f"{site.url}/api/v1/operations", timeout=WAIT)
                assert (answer.status_code, answer.headers["Content-Type"]) == (
                    401,
                    "application/problem+json",
                )
                process.kill()
                process.wait(WAIT)
                assert requests.get(f"{site.url}/healthz", timeout=WAIT).status_code == 502


def test_by_tls_the_certificate_is_the_authority_s_and_plain_requests_are_led_there(tmp_path: Path) -> None:
    made = ensure(tmp_path, [ADDRESS])
    variables = {
        "web_tls": True,
        "__web_certificate_path": made["certificate"],
        "__web_key_path": made["key"],
    }
    with nginx(tmp_path, **variables) as site, application(site, *BEHIND):
        there = requests.post(f"{site.https_url}/", data=b"x", verify=made["authority"], timeout=WAIT)
        led = requests.post(f"{site.url}/a?b=c", data=bytes(LARGEST), allow_redirects=False, timeout=WAIT)
        junk = exchanged(site, b"GET / HTTP/1.1\r\n\r\n")
        plain = exchanged(site, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", site.https_port)
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{site.https_url}/", timeout=WAIT)

    assert there.json()["bytes"] == 1
    assert (led.status_code, led.headers["Location"]) == (308, f"{site.https_url}/a?b=c")
    for status, headers, body in (plain, junk):
        assert_problem(status, headers["content-type"], body, shown=400)
