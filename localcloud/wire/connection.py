"""The connection of the request in hand: whether its caller is still there."""

import socket
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

_caller: ContextVar[socket.socket | None] = ContextVar("caller", default=None)


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
