"""The instance metadata service's manners, version 2: sessions by token, and who may ask.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html says when it answers
400, 401, 403 and 404.
"""

import secrets
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from localcloud.hosts.cgroups import Group

_TOKEN_PATH = "/latest/api/token"  # noqa: S105  a path
_TOKEN_MAX_SECONDS = 21_600
_TOKEN_HEADER = "X-aws-ec2-metadata-token"  # noqa: S105  its name
_TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"

# A caller that keeps silent does not keep a thread.
_SILENCE_SECONDS = 10.0

# How often a server looks whether it shall stop; nobody waits for it.
_POLL_SECONDS = 0.5


class Machine(Protocol):
    """What there is to tell of an instance."""

    def metadata(self, path: str) -> str | None:
        """Return what lies under `path`, which begins with a slash; None where nothing does."""

    def metadata_is_on(self) -> bool:
        """Tell whether the instance's `HttpEndpoint` is enabled."""

    def metadata_wants_token(self) -> bool:
        """Tell whether the instance's `HttpTokens` is required."""


class MetadataServer:
    """Serves one host, on its own address, to its own processes."""

    def __init__(self, machine: Machine, group: Group) -> None:
        """Answer processes in `group` about `machine`."""
        self._machine = machine
        self._group = group
        self._server: _Server | None = None

    def listen(self, address: str) -> str:
        """Serve on a free port of `address`; return the endpoint as the SDKs want it. Raises `OSError`."""
        self.close()
        self._server = _Server(address, self._machine, lambda peer, here: _is_in(self._group, peer, here))
        self._server.thread.start()
        return f"http://{address}:{self._server.server_port}/"

    def close(self) -> None:
        """Stop serving; nothing to do if it does not serve."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


_Address = tuple[str, int]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str, machine: Machine, is_own: Callable[[_Address, _Address], bool]) -> None:
        super().__init__((address, 0), _Handler)
        # Who knocked may be gone before it is let in: then there is nothing to wait for.
        self.socket.setblocking(False)
        self.machine = machine
        self.is_own = is_own
        self.tokens: dict[str, float] = {}
        self.thread = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers that hang up."""

    def new_token(self, seconds: int) -> str:
        now = time.monotonic()
        for token in [one for one, end in list(self.tokens.items()) if end <= now]:
            self.tokens.pop(token, None)
        token = secrets.token_urlsafe(40) + "=="
        self.tokens[token] = now + seconds
        return token


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SILENCE_SECONDS
    server: _Server

    def do_PUT(self) -> None:
        """Give out a token."""
        if self._is_unwanted():
            return None
        if urlsplit(self.path).path != _TOKEN_PATH:
            return self._fail(HTTPStatus.NOT_FOUND)
        wished = self.headers.get(_TTL_HEADER, "")
        if not wished.isdecimal() or not 1 <= int(wished) <= _TOKEN_MAX_SECONDS:
            return self._fail(HTTPStatus.BAD_REQUEST)
        return self._answer(HTTPStatus.OK, self.server.new_token(int(wished)), {_TTL_HEADER: wished})

    def do_GET(self) -> None:
        """Tell what is asked for."""
        if self._is_unwanted():
            return None
        if not self._has_token():
            return self._fail(HTTPStatus.UNAUTHORIZED)
        found = self.server.machine.metadata(urlsplit(self.path).path)
        if found is None:
            return self._fail(HTTPStatus.NOT_FOUND)
        return self._answer(HTTPStatus.OK, found)

    do_HEAD = do_GET  # noqa: N815  http.server's own name

    def _is_unwanted(self) -> bool:
        # A proxy adds the header: whoever asks through one shall get nothing.
        wanted = (
            "X-Forwarded-For" not in self.headers
            and self.server.machine.metadata_is_on()
            and self.server.is_own(self.client_address[:2], self.connection.getsockname()[:2])
        )
        if not wanted:
            self._fail(HTTPStatus.FORBIDDEN)
        return not wanted

    def _has_token(self) -> bool:
        token = self.headers.get(_TOKEN_HEADER)
        if token is None:
            return not self.server.machine.metadata_wants_token()
        return self.server.tokens.get(token, 0.0) > time.monotonic()

    def _fail(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._answer(status, f"{status.value} - {status.phrase}\n")

    def _answer(self, status: HTTPStatus, text: str, headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response_only(status)
        for name, value in {
            "Content-Type": "text/plain",
            "Content-Length": str(len(body)),
            "Server": "EC2ws",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        """Say nothing: tokens shall be in no log."""


def _is_in(group: Group, peer: _Address, here: _Address) -> bool:
    """Tell whether the other end of a connection of this machine is a process in `group`."""
    inode = _inode(peer, here)
    return inode is not None and any(_holds(pid, inode) for pid in group.pids())


def _inode(end: _Address, other: _Address) -> str | None:
    """Return the inode of the socket at `end` of a connection, as proc_net_tcp lists it."""
    wanted = [_hexadecimal(end), _hexadecimal(other)]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == wanted:
            return fields[9]
    return None


def _hexadecimal(address: _Address) -> str:
    # The kernel prints the address as a number in the machine's own byte order.
    return f"{socket.inet_aton(address[0])[::-1].hex().upper()}:{address[1]:04X}"


def _holds(pid: int, inode: str) -> bool:
    try:
        return any(str(link.readlink()) == f"socket:[{inode}]" for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        # It ended meanwhile.
        return False
