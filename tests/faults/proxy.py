"""An HTTP proxy between a worker and its cloud, whose faults the test switches on and off and counts.

A fault (`acts`) is a function of a call and of what forwards it, so it may act before the cloud
hears of the call, after the cloud has done it, or in its place. Signatures are passed on as they
are; what a fault changed is signed anew, with the cloud's own key.
"""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets
import hashlib
import json
import random
import re
import socket
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.faults.acts import expired
from tests.faults.calls import Act, Answer, Call, Forward
from tests.faults.server import Server


class Proxy:
    """Passes calls on to the cloud of an environment and keeps books. Use it in a `with`."""

    def __init__(self, cloud: dict[str, str], seed: int = 0) -> None:
        parts = urlsplit(cloud["AWS_ENDPOINT_URL"])
        self._cloud = cloud
        self.upstream = (parts.hostname or "", parts.port or 80)
        self.calls: list[Call] = []
        self.injected: Counter[str] = Counter()
        self.first_use: dict[str, float] = {}  # of a token: when it was accepted first
        self.received: list[tuple[str, str]] = []  # queue's address and receipt handle of each message
        self.stored: dict[str, set[str]] = defaultdict(set)  # the digests of what was put under a key
        self.refused_tokens: set[str] = set()
        self.under_way: Counter[str] = Counter()  # calls that are not answered yet, by token
        self._faults: dict[str, _Fault] = {}
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.closing = threading.Event()
        # Bound all the time, so that nobody takes the port while the proxy is down.
        self._placeholder = socket.socket()
        self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._placeholder.bind(("127.0.0.1", 0))
        self.port = self._placeholder.getsockname()[1]
        self._server, self._is_up = Server(("127.0.0.1", self.port), self), True
        self.url = f"http://127.0.0.1:{self.port}"
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        if self._is_up:
            self._server.stop()
        self._placeholder.close()

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
        self._is_up = False
        self.injected["endpoint down"] += 1

    def up(self) -> None:
        """Listen again."""
        self._server, self._is_up = Server(("127.0.0.1", self.port), self), True
        self._server.start()

    def count(self, on: str) -> int:
        """Return how many calls had a name that matches."""
        pattern = re.compile(on)
        return sum(bool(pattern.match(call.name)) for call in tuple(self.calls))

    def answer(self, call: Call, forward: Forward) -> Answer:
        """Answer one call, with whatever fault is due."""
        with self._lock:
            self.calls.append(call)
            self.under_way[call.token] += 1
        try:
            act = self._due(call)
            answer = act(call, forward) if act else forward(call)
        finally:
            with self._lock:
                self.under_way[call.token] -= 1
        if call.action == "ReceiveMessage" and answer.status == 200:
            address = call.content["QueueUrl"]
            messages = json.loads(answer.body).get("Messages", [])
            self.received += [(address, message["ReceiptHandle"]) for message in messages]
        return answer

    def sign(self, call: Call) -> Call:
        """Return an SQS call with a signature that fits its body."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        key = Credentials(*(self._cloud[name] for name in names))
        kept = {name: call.headers[name] for name in ("content-type", "x-amz-target")}
        request = AWSRequest("POST", f"http://{call.headers['host']}{call.path}", kept, call.body)
        SigV4Auth(key, "sqs", self._cloud["AWS_REGION"]).add_auth(request)  # type: ignore[no-untyped-call]
        signed = {name.lower(): str(value) for name, value in request.headers.items()}
        return replace(call, headers={**call.headers, **signed})

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
