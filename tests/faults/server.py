"""The proxy's HTTP side: reads calls, lets the proxy answer them, passes them on."""

import http.client
import select
import socket
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.faults.calls import Answer, Call, Cut
from tests.patience import patience

if TYPE_CHECKING:
    from tests.faults.proxy import Proxy

# What is the proxy's own to say, or holds for one hop only.
_HOP = frozenset({"connection", "content-length", "transfer-encoding", "expect", "keep-alive"})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_port = True

    def __init__(self, address: tuple[str, int], proxy: "Proxy") -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        super().__init__(address, _Handler)
        # Who knocked may be gone before it is let in: then there is nothing to wait for.
        self.socket.setblocking(False)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        # No orderly goodbye first: where the handler asked for a reset, it shall be one.
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that were killed, or whose connection the test cut."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # cut off on its way; half an object shall not be stored
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._call = call = Call(self.command, self.path, headers, body)
        try:
            self._reply(call, self.server.proxy.answer(call, self._forward))
        except Cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

    def _forward(self, call: Call) -> Answer:
        """Pass a call on. Raises `Cut` if the caller hangs up meanwhile, so that its long poll ends too."""
        if call is not self._call:
            call = self.server.proxy.sign(call)
        upstream = http.client.HTTPConnection(*self.server.proxy.upstream, timeout=patience(60))
        try:
            headers = {name: value for name, value in call.headers.items() if name not in _HOP}
            upstream.request(call.method, call.path, call.body or None, headers)
            while not select.select([upstream.sock], [], [], 0.1)[0]:
                if self._caller_is_gone():
                    raise Cut
            got = upstream.getresponse()
            answer = Answer(got.status, got.getheaders(), got.read())
        finally:
            upstream.close()
        self.server.proxy.note(call, answer)
        return answer

    def _caller_is_gone(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _reply(self, call: Call, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        length = len(answer.body)
        if call.method == "HEAD":
            length = int(next((v for n, v in answer.headers if n.lower() == "content-length"), "0"))
        if answer.status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if not answer.drip:
            self.wfile.write(answer.body)
            return
        pieces = 20
        size = max(1, -(-len(answer.body) // pieces))
        for start in range(0, len(answer.body), size):
            self.wfile.write(answer.body[start : start + size])
            self.server.proxy.closing.wait(answer.drip / pieces)
