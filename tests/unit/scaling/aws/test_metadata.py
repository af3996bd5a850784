"""The metadata service: by token, which is asked for anew when it is over; nothing is no error."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from jobfleet_scaling.aws.metadata import Metadata


class Service(HTTPServer):
    """Answers a token only once it has given it out, and only `uses` times."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.given, self.uses, self.left = 0, 100, 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_PUT(self) -> None:
        self.server.given += 1
        self.server.left = self.server.uses
        self._answer(200, f"token-{self.server.given}")

    def do_GET(self) -> None:
        wanted = f"token-{self.server.given}"
        if self.headers["X-aws-ec2-metadata-token"] != wanted or not self.server.left:
            return self._answer(401, "")
        self.server.left -= 1
        known = {"/latest/meta-data/instance-id": "i-1"}
        return self._answer(200 if self.path in known else 404, known.get(self.path, ""))

    def _answer(self, status: int, text: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_it_tells_who_the_host_is_and_keeps_its_token(service: Service) -> None:
    metadata = Metadata(service.url)
    assert [metadata.instance_id() for _ in range(3)] == ["i-1"] * 3
    assert metadata.read("spot/instance-action") is None
    assert service.given == 1


def test_a_token_that_is_over_is_asked_for_anew(service: Service) -> None:
    service.uses = 1
    metadata = Metadata(service.url)
    assert [metadata.instance_id() for _ in range(2)] == ["i-1"] * 2
    assert service.given == 2


def test_where_there_is_no_such_service_nothing_is_known(service: Service) -> None:
    service.uses = 0
    assert Metadata(service.url).instance_id() is None
    assert Metadata("http://127.0.0.1:1").instance_id() is None
