"""The server's socket, and the connection of the request in hand: whether its caller is still there."""

import socket
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

# Connections that wait to be taken; a burst of clients shall not be refused.
_BACKLOG = 128

_caller: ContextVar[socket.socket | None] = ContextVar("caller", default=None)


def bound_socket(ports: Iterable[int]) -> socket.socket | None:
    """Return a socket that listens on the first free port; 0 is any. None if all are taken."""
    for port in ports:
        bound = socket.socket()
        # Without it a port stays taken for a minute after the last server.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
            bound.listen(_BACKLOG)
        except OSError:
            bound.close()
        else:
            return bound
    return None


def remember_caller(environ: "WSGIEnvironment") -> None:
    """Remember the connection that this thread's request came by."""
    _caller.set(environ.get("werkzeug.socket"))


def caller_is_gone() -> bool:
    """Tell whether the caller has hung up. One that sends its next request early has not."""
    caller = _caller.get()
    if caller is None:
        return False
    try:
        return caller.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
