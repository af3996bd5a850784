"""What stands between workers or clients and moto: it notes every call, and misbehaves when told to."""

import http.client
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.patience import patience

EXPIRED_SQS = b'{"__type":"com.amazonaws.sqs#ExpiredToken","message":"The security token is expired"}'
FORBIDDEN_SQS = (
    b'{"__type":"com.amazon.coral.service#AccessDeniedException","message":"User is not authorized"}'
)
EXPIRED_XML = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
# What a lab's keys get after the end of its session. localcloud answers the same at full length.
CANCELLED = "is not authorized, with an explicit deny in an identity-based policy: …:policy/voc-cancel-cred"
CANCELLED_SQS = FORBIDDEN_SQS.replace(b"is not authorized", CANCELLED.encode())
CANCELLED_XML = f"<Error><Code>AccessDenied</Code><Message>User {CANCELLED}</Message></Error>".encode()
ELSEWHERE_XML = (
    b"<Error><Code>PermanentRedirect</Code><Message>The bucket must be addressed elsewhere.</Message></Error>"
)
EXPIRED_STS = b"<ErrorResponse>" + EXPIRED_XML + b"</ErrorResponse>"

# An answer of one's own: status, headers, body.
Answer = tuple[int, list[tuple[str, str]], bytes]


class Front(ThreadingHTTPServer):
    """Passes requests on to moto, noting each, unless told to refuse, to fail or to dawdle."""

    daemon_threads = True
    # Twenty clients may knock at once.
    request_queue_size = 128

    def __init__(self, moto_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        # Who knocked may be gone before it is let in: then there is nothing to wait for.
        self.socket.setblocking(False)
        self.moto_port = moto_port
        self.calls: list[str] = []
        self.expired_keys: set[str] = set()
        # Their lab's session has ended: whose they are can be asked, and nothing else.
        self.cancelled_keys: set[str] = set()
        # Where buckets lie, if only calls that are signed for there shall be heard.
        self.bucket_region: str | None = None
        self.forbids: Callable[[str], bool] = lambda call: False
        self.fails: Callable[[str], bool] = lambda call: False
        self.delays: Callable[[str], float] = lambda call: 0.0
        self.answers: Callable[[str], Answer | None] = lambda call: None
        self.url = f"http://127.0.0.1:{self.server_port}"

    def hold(self, start: str) -> threading.Event:
        """Let calls that begin so wait until the event that is returned is set, or for a minute."""
        released = threading.Event()

        def wait(call: str) -> float:
            if call.startswith(start):
                released.wait(patience(60))
            return 0.0

        self.delays = wait
        return released

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a worker or client that was killed in the middle of a call."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        call = target or f"{self.command} {self.path.partition('?')[0].partition('/')[2].partition('/')[2]}"
        # STS, EC2 and CloudWatch name their action in a form.
        if body.startswith(b"Action="):
            call = body.partition(b"&")[0].removeprefix(b"Action=").decode()
        self.server.calls.append(call)
        time.sleep(self.server.delays(call))
        if self._is_signed_by(self.server.cancelled_keys) and call != "GetCallerIdentity":
            self._answer(403, [], CANCELLED_SQS if target else CANCELLED_XML)
        elif self._is_signed_by(self.server.expired_keys):
            query = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
            self._answer(400, [], EXPIRED_SQS if target else EXPIRED_STS if query else EXPIRED_XML)
        elif self._is_elsewhere():
            region = str(self.server.bucket_region)
            self._answer(301, [("x-amz-bucket-region", region)], ELSEWHERE_XML)
        elif given := self.server.answers(call):
            self._answer(*given)
        elif self.server.forbids(call):
            self._answer(403, [], FORBIDDEN_SQS)
        elif self.server.fails(call):
            self._answer(500, [], b"{}" if target else b"<Error><Code>InternalError</Code></Error>")
        else:
            self._pass_on(body)

    def _is_signed_by(self, keys: set[str]) -> bool:
        signed = self.headers.get("Authorization", "")
        return any(f"Credential={key}/" in signed for key in keys)

    def _is_elsewhere(self) -> bool:
        _, of_s3, _ = signed = self.headers.get("Authorization", "").partition("/s3/aws4_request")
        region = self.server.bucket_region
        return bool(region and of_s3 and not signed[0].endswith(f"/{region}"))

    def _pass_on(self, body: bytes) -> None:
        moto = http.client.HTTPConnection("127.0.0.1", self.server.moto_port)
        try:
            moto.request(self.command, self.path, body, dict(self.headers))
            answer = moto.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        finally:
            moto.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        # Of a HEAD, the length is that of what a GET would bring, and nothing comes.
        head = self.command == "HEAD"
        for name, value in headers:
            if name.lower() not in (
                "transfer-encoding",
                "connection",
                *(() if head else ("content-length",)),
            ):
                self.send_header(name, value)
        if not head:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not head:
            self.wfile.write(body)
