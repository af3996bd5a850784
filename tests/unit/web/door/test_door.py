"""Every request gets an answer that is fit for it, and the log says no more than it may."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from jobfleet_web.door.head import Head

from tests.web_bench import ScriptedWork, Site

Make = Callable[..., Site]
UPLOAD = "/api/v1/upload?operation=greyscale"
FILES = {"f": ("secret-plan.png", b"secret-bytes")}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("POST", UPLOAD, 200)])
def test_every_answer_has_the_headers_that_protect_a_browser(
    site: Make, method: str, path: str, status: int
) -> None:
    answer = site().send(method, path, files=FILES if status == 200 else None)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_path_that_there_is_not_and_a_method_that_is_not_taken_are_problems(site: Make) -> None:
    made = site()
    assert made.get("/nowhere").json()["type"] == "urn:jobfleet:problem:not-found"
    answer = made.send("DELETE", "/api/v1/upload")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["mend"] == "It takes POST."


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/fleet/"), ("POST", "/api/v1/upload/")])
def test_nobody_is_sent_on_to_another_address_which_might_be_without_tls(
    site: Make, method: str, path: str
) -> None:
    answer = site().send(method, path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:jobfleet:problem:not-found")
    assert "location" not in answer.headers


def test_what_nobody_foresaw_is_a_500_that_tells_nothing_and_a_line_that_tells_where(site: Make) -> None:
    made = site(ScriptedWork(refusal=RuntimeError("aws_secret_access_key=wJalrXUtnFEMIK7MDENGbPxRfiCYzzzz")))
    answer = made.post(UPLOAD, files=FILES)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:jobfleet:problem:unforeseen")
    assert "wJalr" not in answer.text + made.out.getvalue()
    (line,) = [line for line in made.lines() if line["event"] == "mistake"]
    assert line["error"] == "RuntimeError"
    assert any("web_bench" in place for place in line["where"])


def test_each_problem_is_counted_once_whoever_found_it(site: Make) -> None:
    made = site(ScriptedWork(refusal=RuntimeError("odd")))
    made.get("/healthz")
    made.get("/nowhere")
    made.get("/", headers={"Host": "example.org"})
    made.post(UPLOAD, files=FILES)
    assert made.problems == ["not-found", "wrong-host", "unforeseen"]


def test_a_browser_without_javascript_reads_problems_as_a_page_in_which_nothing_is_markup(site: Make) -> None:
    answer = site().get("/<script>alert(1)</script>", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_programs_that_also_read_html_get_json(site: Make) -> None:
    answer = site().get("/nowhere", headers={"Accept": "application/json, text/html"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_log_has_a_line_for_a_request_without_query_names_bytes_or_headers(site: Make) -> None:
    made = site()
    made.post(f"{UPLOAD}&background=x", files=FILES, headers={"Authorization": "Bearer hush-hush-hush"})
    made.post(UPLOAD, files=FILES, headers={"Cookie": "hush-hush"})
    for word in ("secret", "hush", "background", "operation"):
        assert word not in made.out.getvalue()
    line = made.lines()[-1]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/v1/upload", 200)
    assert line["sender"] == "192.0.2.7"
    assert line["received"] > len(b"secret-bytes")


@pytest.mark.parametrize(
    ("peer", "headers", "sender"),
    [
        ("192.0.2.7", {"x-real-ip": ["198.51.100.1"]}, "192.0.2.7"),
        (None, {"x-real-ip": ["198.51.100.1"]}, "198.51.100.1"),
        (None, {"x-real-ip": ["<script>"]}, "unknown"),
        (None, {}, "unknown"),
    ],
)
def test_who_sent_it_is_believed_of_nginx_alone(peer: str | None, headers: Any, sender: str) -> None:
    assert Head("GET", "/", headers, peer).sender == sender


def test_a_refused_body_is_read_to_its_end_before_the_answer(site: Make) -> None:
    made = site()
    given: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for number in range(20):
            given.append(number)
            yield b"x" * 10_000

    answer = made.post(
        UPLOAD, content=body(), headers={"Content-Encoding": "gzip", "Content-Length": "200000"}
    )
    assert answer.status_code == 415
    assert len(given) == 20
    assert "connection" not in answer.headers


def test_more_than_that_is_not_read_away_and_the_connection_ends(site: Make) -> None:
    made = site(max_input_bytes=100_000)
    given: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while len(given) < 1_000:
            given.append(1)
            yield b"x" * 10_000

    answer = made.post(UPLOAD, content=endless(), headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["connection"]) == (415, "close")
    assert len(given) < 30


def test_whoever_asks_before_sending_a_body_is_spared_it(site: Make) -> None:
    given: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        given.append(1)
        yield b"x"

    answer = site().post(
        UPLOAD, content=body(), headers={"Content-Encoding": "gzip", "Expect": "100-continue"}
    )
    assert answer.status_code == 415
    assert given == []


def test_a_sender_that_goes_while_it_is_held_frees_its_place(site: Make) -> None:
    made = site(ScriptedWork(gate=asyncio.Event()))
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc\r\n--x--'
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/upload", "query_string": b"operation=greyscale",
        "headers": [
            (b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=x"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("192.0.2.7", 1), "root_path": "", "raw_path": b"/api/v1/upload", "scheme": "http",
    }  # fmt: skip
    messages = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    made.run(made.app(scope, receive, send))
    assert made.hall.waiting.held == 0
    assert (made.lines()[-1]["status"], made.lines()[-1]["sent"]) == (499, 0)
