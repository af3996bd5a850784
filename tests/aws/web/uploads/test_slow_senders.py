"""Senders that stop in the middle, over a real connection."""

import io
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from jobfleet_web.door.log import WebLog
from jobfleet_web.settings import WebSettings
from jobfleet_web.uploads.limits import Pace, UploadLimits
from jobfleet_web.wiring import build

from tests.patience import patience, wait_for


@pytest.fixture
def port(web_settings: WebSettings) -> Iterator[int]:
    """The port of a server in this process that has no patience with slow senders."""
    web = build(web_settings, WebLog(io.StringIO()), UploadLimits(1_000_000, Pace(0.2, 1_000_000)))
    server = uvicorn.Server(uvicorn.Config(web.app, http="httptools", lifespan="on", log_level="warning"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    wait_for(lambda: server.started, 20)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(patience(20))


@pytest.mark.parametrize(
    "sent", [b"", b"--x\r\n", b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc']
)
def test_one_that_stops_gets_its_answer_and_the_connection_ends(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=patience(20)) as connection:
        connection.sendall(
            b"POST /api/v1/upload?operation=stats HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + sent
        )
        found = b""
        while piece := connection.recv(65_536):
            found += piece
    assert found.startswith(b"HTTP/1.1 408")
    assert b"too-slow" in found
