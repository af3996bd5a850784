"""Credentials that must be nowhere, and an AWS that refuses everything and quotes what it was sent.

The real one does so of a signature that does not match:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY_ID, SECRET = "ASIACANARYCANARY4321", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"
TOKEN = "IQoJb3JpZ2luX2VjCANARY" + "aB3/+" * 40 + "=="
# As a terminal breaks a long line; in a file, an indented line continues the one before.
BROKEN = f"{TOKEN[:30]}\n  {TOKEN[30:]}"
KEYS = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
LINES = "".join(f"{name.lower()} = {value}\n" for name, value in KEYS.items())
BLOCK = f"[default]\n{LINES}"
# Any part of a secret that is long enough to be of use.
CANARIES = [text[at : at + 16] for text in (SECRET, TOKEN[:44], KEY_ID) for at in range(0, len(text) - 15, 8)]


class EchoingAws(ThreadingHTTPServer):
    """Refuses everything, and says what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refusal)
        self.asked: list[str] = []
        self.code = "SignatureDoesNotMatch"

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator["EchoingAws"]:
        """Serve for a while."""
        server = cls()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
        server.server_close()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Refusal(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: EchoingAws

    def answer(self) -> None:
        """Refuse."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(self.path)
        sent = " ".join(f"{name.lower()}:{value}" for name, value in self.headers.items())
        words = f"The Canonical String should have been '{self.command} {self.path} {sent}' with {SECRET}"
        if "X-Amz-Target" in self.headers:
            body, kind = (
                json.dumps({"__type": self.server.code, "message": words}),
                "application/x-amz-json-1.0",
            )
        else:
            inner = (
                f"<Error><Code>{self.server.code}</Code><Message>{words.replace('&', '')}</Message></Error>"
            )
            is_query = "x-www-form-urlencoded" in self.headers.get("Content-Type", "")
            body, kind = f"<ErrorResponse>{inner}</ErrorResponse>" if is_query else inner, "text/xml"
        self.send_response(403)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815  http.server's own names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
