"""A call from a worker to its cloud as the proxy sees it, and the answer."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

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
