"""A server on a socket that answers as its script says, and clients of it."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jobfleet_worker.aws.clients import Clients


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
