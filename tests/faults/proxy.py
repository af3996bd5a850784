"""An HTTP proxy between a worker and its cloud, whose faults the test switches on and off and counts.

A fault is a function of a call and of what forwards it, so it may act before the cloud hears of
the call, after the cloud has done it, or in its place. Signatures are passed on as they are: the
embedded AWS checks none.
"""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import hashlib
import http.client
import json
import random
import re
import select
import socket
import struct
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

# The calls whose body names many messages, and where in the body they stand.
ENTRIES = "Entries"

# What is the proxy's own to say, or holds for one hop only.
_HOP = frozenset({"connection", "content-length", "transfer-encoding", "expect", "keep-alive"})

_XML = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{}</Code><Message>{}</Message></Error>"


@dataclass
class Answer:
    """What goes back to the caller; `drip` spreads the body over that many seconds."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    drip: float = 0.0


@dataclass(frozen=True)
class Call:
    """One call. `name` is `ReceiveMessage <queue>` or, of S3, `PUT <key>`."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def action(self) -> str:
        """The SQS action; empty where the call is none of SQS."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def content(self) -> dict[str, Any]:
        """The parameters of an SQS call."""
        return dict(json.loads(self.body or b"{}")) if self.action else {}

    @property
    def name(self) -> str:
        """The action and what it is done to."""
        if self.action:
            queue = self.content.get("QueueName") or self.content.get("QueueUrl", "").rpartition("/")[2]
            return f"{self.action} {queue}"
        key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]
        return f"{self.method} {key}"

    @property
    def token(self) -> str:
        """The session token, or where there is none the access key."""
        key = re.search(r"Credential=([^/]+)/", self.headers.get("authorization", ""))
        return self.headers.get("x-amz-security-token") or (key[1] if key else "")

    def refusal(self, status: int, sqs: str, s3: str, message: str = "injected by the test") -> Answer:
        """Return an error in the shape of the service that was called, by that service's own code."""
        if not self.action:
            body = b"" if self.method == "HEAD" else _XML.format(s3, message).encode()
            return Answer(status, [("Content-Type", "application/xml")], body)
        headers = [
            ("Content-Type", "application/x-amz-json-1.0"),
            ("x-amzn-query-error", f"{sqs};{'Receiver' if status >= 500 else 'Sender'}"),
        ]
        body = json.dumps({"__type": f"com.amazonaws.sqs#{sqs}", "message": message}).encode()
        return Answer(status, headers, body)


class Cut(Exception):
    """The connection is to be reset."""


Forward = Callable[[Call], Answer]
Act = Callable[[Call, Forward], Answer]


def reset_before(call: Call, forward: Forward) -> Answer:
    """Reset the connection; the cloud never hears of the call."""
    raise Cut


def reset_after(call: Call, forward: Forward) -> Answer:
    """Let the call have its effect and lose the answer."""
    forward(call)
    raise Cut


def server_error(call: Call, forward: Forward) -> Answer:
    """Fail inside the service."""
    return call.refusal(500, "InternalFailure", "InternalError")


def unavailable(call: Call, forward: Forward) -> Answer:
    """Answer 503 in a load balancer's words, which are in no service's shape."""
    return Answer(503, [("Content-Type", "text/html")], b"<html>503 Service Temporarily Unavailable</html>")


def throttle(call: Call, forward: Forward) -> Answer:
    """Ask for fewer calls: SQS with a 400, S3 with a 503."""
    if call.action:
        return call.refusal(400, "RequestThrottled", "")
    return call.refusal(503, "", "SlowDown", "Please reduce your request rate.")


def expired(call: Call, forward: Forward) -> Answer:
    """Refuse the session token; S3 answers a HEAD with a bare 400."""
    return call.refusal(
        403 if call.action else 400, "ExpiredToken", "ExpiredToken", "The provided token has expired."
    )


def fail_one_entry(call: Call, forward: Forward) -> Answer:
    """Fail the first entry of a batch: it has no effect, and the answer says so."""
    return fail_entries(call.content[ENTRIES][:1], call, forward)


def fail_entries(failed: list[dict[str, Any]], call: Call, forward: Forward) -> Answer:
    """Fail some entries of a batch and pass on the others."""
    content = call.content
    others = [entry for entry in content[ENTRIES] if entry not in failed]
    answer = Answer(200, [("Content-Type", "application/x-amz-json-1.0")], b'{"Successful":[]}')
    if others:
        answer = forward(replace(call, body=json.dumps({**content, ENTRIES: others}).encode()))
    body = json.loads(answer.body)
    reason = {"SenderFault": False, "Code": "InternalError", "Message": "injected by the test"}
    body["Failed"] = [*body.get("Failed", []), *({"Id": entry["Id"], **reason} for entry in failed)]
    answer.body = json.dumps(body).encode()
    return answer


class Proxy:
    """Passes calls on to `upstream` and keeps books. Use it in a `with`."""

    def __init__(self, upstream: str, seed: int = 0) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or "", parts.port or 80)
        self.calls: list[Call] = []
        self.injected: Counter[str] = Counter()
        self.first_use: dict[str, float] = {}  # of a token: when it was accepted first
        self.received: list[tuple[str, str]] = []  # queue's address and receipt handle of each message
        self.stored: dict[str, set[str]] = defaultdict(set)  # the digests of what was put under a key
        self.refused_tokens: set[str] = set()
        self._faults: dict[str, _Fault] = {}
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._placeholder: socket.socket | None = None
        self._server = _Server(("127.0.0.1", 0), self)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        if self._placeholder:
            self._placeholder.close()
        else:
            self._server.stop()

    def inject(
        self, name: str, act: Act, on: str = "", *, share: float = 1.0, times: int | None = None
    ) -> None:
        """Let `act` happen to that share of the calls whose name matches `on`, at most `times` times."""
        with self._lock:
            self._faults[name] = _Fault(name, act, re.compile(on), share, times)

    def clear(self, *names: str) -> None:
        """Let these faults happen no more, or none at all."""
        with self._lock:
            for name in names or tuple(self._faults):
                self._faults.pop(name, None)

    def stall(self, seconds: float, *, after: bool = False) -> Act:
        """Return a fault that lets a call wait, before it has its effect or between that and its answer."""

        def act(call: Call, forward: Forward) -> Answer:
            if after:
                answer = forward(call)
                self.closing.wait(seconds)
                return answer
            self.closing.wait(seconds)
            return forward(call)

        return act

    def drip(self, seconds: float) -> Act:
        """Return a fault that lets an answer's body come in small pieces."""

        def act(call: Call, forward: Forward) -> Answer:
            return replace(forward(call), drip=seconds)

        return act

    def down(self) -> None:
        """Refuse connections, and reset those there are; the port stays this proxy's."""
        self._server.stop()
        self._placeholder = socket.socket()
        self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._placeholder.bind(("127.0.0.1", self.port))
        self.injected["endpoint down"] += 1

    def up(self) -> None:
        """Listen again."""
        if self._placeholder:
            self._placeholder.close()
            self._placeholder = None
        self._server = _Server(("127.0.0.1", self.port), self)
        self._server.start()

    def count(self, on: str) -> int:
        """Return how many calls had a name that matches."""
        pattern = re.compile(on)
        return sum(bool(pattern.match(call.name)) for call in tuple(self.calls))

    def answer(self, call: Call, forward: Forward) -> Answer:
        """Answer one call, with whatever fault is due."""
        self.calls.append(call)
        act = self._due(call)
        answer = act(call, forward) if act else forward(call)
        if call.action == "ReceiveMessage" and answer.status == 200:
            address = call.content["QueueUrl"]
            messages = json.loads(answer.body).get("Messages", [])
            self.received += [(address, message["ReceiptHandle"]) for message in messages]
        return answer

    def note(self, call: Call, answer: Answer) -> None:
        """Keep the books of what reached the cloud."""
        if answer.status < 400:
            self.first_use.setdefault(call.token, time.monotonic())
            if call.method == "PUT" and not call.action:
                self.stored[call.name.removeprefix("PUT ")].add(hashlib.sha256(call.body).hexdigest())

    def _due(self, call: Call) -> Act | None:
        with self._lock:
            if call.token in self.refused_tokens:
                self.injected["expired token"] += 1
                return expired
            for fault in self._faults.values():
                if fault.left != 0 and fault.on.match(call.name) and self._random.random() < fault.share:
                    fault.left = None if fault.left is None else fault.left - 1
                    self.injected[fault.name] += 1
                    return fault.act
        return None


@dataclass
class _Fault:
    name: str
    act: Act
    on: re.Pattern[str]
    share: float
    left: int | None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        super().__init__(address, _Handler)

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
    server: _Server

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
        call = Call(self.command, self.path, headers, body)
        try:
            self._reply(call, self.server.proxy.answer(call, self._forward))
        except Cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

    def _forward(self, call: Call) -> Answer:
        """Pass a call on. Raises `Cut` if the caller hangs up meanwhile, so that its long poll ends too."""
        upstream = http.client.HTTPConnection(*self.server.proxy.upstream, timeout=60)
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
