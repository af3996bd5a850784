"""`jobfleet web` through the installed entry point, with a server of the test's own in the page's place."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit
from jobfleet_jobs.protocol.names import DESCRIPTION_KEY, WEB_ACCESS_KEY

from tests.client_bench import Jobfleet, says_why
from tests.ports import refusing_port
from tests.web_process import StartWeb

TOKEN = "x3J-a_token_of_32_bytes_as_text_0123456789A"  # noqa: S105 - of no page


def publish(stack: Any, *urls: str, token: str | None = TOKEN) -> None:
    """Let the bucket tell of a page at these addresses."""
    web = [{"url": url, "host": f"i-{number}"} for number, url in enumerate(urls)]
    body = json.dumps({"version": "1", "web": web}).encode()
    stack.s3.put_object(Bucket=stack.bucket, Key=DESCRIPTION_KEY, Body=body)
    if token is not None:
        access = json.dumps({"token": token}).encode()
        stack.s3.put_object(Bucket=stack.bucket, Key=WEB_ACCESS_KEY, Body=access)


class Page(HTTPServer):
    """What is at the page's address, and answers as it is told; it keeps what it was sent."""

    status, challenge = 401, 'Basic realm="jobfleet", charset="UTF-8"'

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PageAnswer)
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class PageAnswer(BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.requestline}\n{self.headers}")
        self.send_response(self.server.status)
        if self.server.challenge:
            self.send_header("WWW-Authenticate", self.server.challenge)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def page() -> Iterator[Page]:
    made = Page()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def browser(tmp_path: Path) -> Callable[[], list[str]]:
    """A browser that writes down what it is called with; returns that."""
    program, told = tmp_path / "browser", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {told}\n')
    program.chmod(0o755)
    return lambda: told.read_text().splitlines() if told.exists() else []


def test_address_and_token_are_shown_for_people_and_for_programs(
    jobfleet: Jobfleet, stack: Any, page: Page
) -> None:
    publish(stack, page.url)

    shown, told = jobfleet("web"), jobfleet("web", "--json")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [f"page   {page.url}", f"token  {TOKEN}"]
    assert json.loads(told.stdout) == {"web": [{"url": page.url, "host": "i-0"}], "token": TOKEN}


def test_on_a_terminal_the_page_is_opened_and_the_token_goes_to_no_other_process(
    jobfleet: Jobfleet, stack: Any, page: Page, tmp_path: Path, browser: Callable[[], list[str]]
) -> None:
    publish(stack, page.url)

    code, shown = jobfleet.at_terminal("web", BROWSER=str(tmp_path / "browser"))

    assert code == 0, shown
    assert TOKEN in shown
    assert browser() == [page.url]
    assert TOKEN not in "".join(page.asked)


@pytest.mark.parametrize(
    ("arguments", "at_terminal"), [(["web"], False), (["web", "--no-open"], True), (["web", "--json"], True)]
)
def test_otherwise_no_browser_is_opened(
    jobfleet: Jobfleet,
    stack: Any,
    page: Page,
    tmp_path: Path,
    browser: Callable[[], list[str]],
    arguments: list[str],
    at_terminal: bool,
) -> None:
    publish(stack, page.url)
    run: Callable[..., Any] = jobfleet.at_terminal if at_terminal else jobfleet

    run(*arguments, BROWSER=str(tmp_path / "browser"))

    assert browser() == []


def test_the_web_tier_itself_is_known_for_what_it_is(
    jobfleet: Jobfleet, stack: Any, start_web: StartWeb
) -> None:
    publish(stack, f"http://127.0.0.1:{start_web().port}")

    ran = jobfleet("web")

    assert (ran.returncode, ran.stderr) == (0, "")


def test_without_a_page_it_says_how_to_have_one(jobfleet: Jobfleet, stack: Any) -> None:
    says_why(jobfleet("web"), Exit.NOT_DEPLOYED, "is not there, or may not be read")
    publish(stack, token=None)
    says_why(jobfleet("web"), Exit.NOT_DEPLOYED, "has no page", "web_count: 1", "`ansible-playbook site.yml`")


@pytest.mark.parametrize("held", [None, b"", b"[]", b'{"token": 7}', b'{"token": ""}'])
def test_a_token_that_is_gone_or_none_is_said(jobfleet: Jobfleet, stack: Any, held: bytes | None) -> None:
    publish(stack, "http://127.0.0.1", token=None)
    if held is not None:
        stack.s3.put_object(Bucket=stack.bucket, Key=WEB_ACCESS_KEY, Body=held)

    says_why(jobfleet("web"), Exit.NOT_DEPLOYED, "token", "`ansible-playbook site.yml`")


@pytest.mark.parametrize(
    ("status", "challenge", "said"),
    [
        (200, "", "is no page of jobfleet"),
        (200, "", "web_open_to_all_without_token, open the page yourself"),
        (401, 'Basic realm="router"', "Do not type the token there"),
        (502, "", "answers with 502"),
    ],
)
def test_what_is_not_the_page_is_warned_of_and_not_opened(
    jobfleet: Jobfleet,
    stack: Any,
    page: Page,
    tmp_path: Path,
    browser: Callable[[], list[str]],
    status: int,
    challenge: str,
    said: str,
) -> None:
    publish(stack, page.url)
    page.status, page.challenge = status, challenge

    code, shown = jobfleet.at_terminal("web", BROWSER=str(tmp_path / "browser"))

    assert code == 0
    assert said in shown
    assert browser() == []


def test_an_address_that_does_not_answer_is_told_and_another_one_opened(
    jobfleet: Jobfleet, stack: Any, page: Page, tmp_path: Path, browser: Callable[[], list[str]]
) -> None:
    with refusing_port() as port:
        publish(stack, f"http://127.0.0.1:{port}", page.url)
        _, shown = jobfleet.at_terminal("web", BROWSER=str(tmp_path / "browser"))

    assert "does not answer" in shown
    assert "playbooks/start.yml" in shown
    assert browser() == [page.url]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "-new", "javascript:alert(1)", "http://a b/", ""])
def test_what_is_no_address_of_the_web_is_no_page(jobfleet: Jobfleet, stack: Any, url: str) -> None:
    publish(stack, url)

    says_why(jobfleet("web"), Exit.NOT_DEPLOYED, "has no page")
