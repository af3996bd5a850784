"""The caller's own address, from a service that this test runs."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible.module_utils.firewall.own_address import NoAddress, own_range

AWS = ""


@pytest.fixture
def echo() -> Iterator[tuple[str, list[bytes]]]:
    """A service's address, and what it answers."""
    answers = [b"203.0.113.7\n"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[0])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_becomes_a_range_of_it_alone(echo: tuple[str, list[bytes]]) -> None:
    service, answers = echo

    assert own_range(service, AWS) == "203.0.113.7/32"
    answers[0] = b"2001:db8::7"
    assert own_range(service, AWS) == "2001:db8::7/128"


def test_no_proxy_is_asked_since_ssh_asks_none(
    echo: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    assert own_range(echo[0], AWS) == "203.0.113.7/32"


@pytest.mark.parametrize("answer", [b"<html>log in first</html>", b"", b"\xff"])
def test_what_is_no_address_is_refused_with_the_way_out(echo: tuple[str, list[bytes]], answer: bytes) -> None:
    service, answers = echo
    answers[0] = answer

    with pytest.raises(NoAddress, match=r"did not tell this machine's address .* Set ssh_from in"):
        own_range(service, AWS)


def test_a_service_that_is_away_is_named() -> None:
    with pytest.raises(NoAddress, match=r"^http://127\.0\.0\.1:9/ did not tell"):
        own_range("http://127.0.0.1:9/", AWS)


def test_an_embedded_aws_is_on_this_machine() -> None:
    assert own_range("http://127.0.0.1:9/", "http://127.0.0.1:5577") == "127.0.0.1/32"
