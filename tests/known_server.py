"""An HTTP server on loopback that answers as each path says, and keeps what it was asked."""

import itertools
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.patience import patience


class KnownServer(ThreadingHTTPServer):
    """`/cluster1` and `/cluster2` tell an instance, as `/whoami` does; each has two."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), KnownAnswers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        # Paths that hold wait for it.
        self.go_on = threading.Event()

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        with self.lock:
            return sum(asked[1] == path for asked in self.asked)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are gone."""


class KnownAnswers(BaseHTTPRequestHandler):
    server: KnownServer
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            number = next(self.server.numbers)
            self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, headers, data = 200, {"Content-Type": "application/json"}, b""
        name = self.path.partition("?")[0].strip("/")
        if name.startswith("cluster"):
            data = json.dumps({"instance": f"i-{name}-{number % 2}", "group": name}).encode()
        elif name.isdigit():
            status = int(name)
        elif name == "elsewhere":
            status, headers = 302, {"Location": f"{self.server.url}/secret"}
        elif name == "by-header":
            headers["X-Served-By"] = f"h{number % 2}"
        elif name == "large":
            headers["Content-Length"] = str(9 * 1024 * 1024)
        elif name == "holds":
            self.server.go_on.wait(patience(60))
        elif name == "resets":
            # Linger 0: the connection ends with a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True
            return
        elif name == "closes" or (name == "closes-second" and number % 2 == 0):
            self.close_connection = True
            return
        self.send_response(status)
        for header, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def known() -> Iterator[KnownServer]:
    """A server of the test's own."""
    server = KnownServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join()
