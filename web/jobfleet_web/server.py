"""The server around the application: uvicorn, as this process runs it, and what it tells systemd."""

import asyncio
import contextlib
import ctypes
import gc
import signal
import socket
import time
from collections.abc import Iterator

import uvicorn
from jobfleet_jobs.systemd import notify, watchdog_seconds
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jobfleet_web.door.answers import problem_response
from jobfleet_web.door.passage import HEADERS
from jobfleet_web.problems import Problem
from jobfleet_web.wiring import Web

# Longer than nginx keeps a connection open (60 s): never is one closed here that it is about to use.
_KEEP_ALIVE_SECONDS = 75

# Connections that wait to be accepted, while all there is to do is done. The kernel's own limit holds, too.
BACKLOG = 4_096

# After so many new objects Python looks for circles among them, and after so many rounds among older ones.
# With its own 700, 10, 10 it goes through all that AWS's clients are made of every few uploads: that was a
# fifth of their CPU.
_COLLECTION = 10_000, 50, 50

# What takes more than this is asked of the kernel by itself, and given back as soon as it is free. Else glibc
# keeps the room of a thousand bodies between what is held: 25 MiB (mallopt(3), M_MMAP_THRESHOLD).
_M_MMAP_THRESHOLD, _MAPPED_BYTES = -3, 16 * 1024

# So long after the stop a connection that was let in before may bring its request. That takes a moment.
_FIRST_REQUEST_SECONDS, _LOOK_SECONDS = 2.0, 0.02


def serve(web: Web, listening: socket.socket, stop_timeout: int) -> None:
    """Answer on a socket until SIGTERM or SIGINT; return when all that were held have their answers.

    That takes `stop_timeout` seconds at most; whoever has none then is cut off, as
    all are at a second SIGINT.
    """
    gc.set_threshold(*_COLLECTION)
    with contextlib.suppress(AttributeError):  # a C library of another kind
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
    config = uvicorn.Config(
        web.app, http=_Protocol, loop="uvloop", ws="none", lifespan="on", log_level="warning",
        # The address of a sender is read at the door, where it is known whom to believe.
        proxy_headers=False, server_header=False, access_log=False, backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=stop_timeout,
    )  # fmt: skip
    _Server(config, web).run(sockets=[listening])


class _Protocol(HttpToolsProtocol):
    """HTTP as uvicorn reads it; what it cannot read is answered as all else that is refused."""

    def send_400_response(self, msg: str) -> None:
        told = Problem(400, "bad-http", "the request is no HTTP that can be read", mend="Send HTTP/1.1.")
        answer = problem_response(told)
        head = [*answer.raw_headers, *HEADERS.items(), (b"connection", b"close")]
        lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in dict(head).items())]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()


class _Server(uvicorn.Server):
    """Tells systemd when it answers, that it lives, and that it stops; tells the application of the stop."""

    def __init__(self, config: uvicorn.Config, web: Web) -> None:
        super().__init__(config)
        self._web = web
        self._feeding: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._web.hall.log.say("started")
        notify("READY=1")
        self._feeding = asyncio.create_task(_feed_watchdog())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        held = self._web.hall.waiting.held
        self._web.hall.log.say("stopping", held=held)
        notify("STOPPING=1", f"STATUS=stopping, {held} requests wait for their answers")
        self._web.ask_to_stop()
        await self._hear_out()
        await super().shutdown(sockets)
        if self._feeding:
            self._feeding.cancel()
        self._web.hall.log.say("stopped")

    async def _hear_out(self) -> None:
        """Let nobody in any more, and hear those who just came: uvicorn would hang up before they ask."""
        for server in self.servers:
            server.close()
        until = time.monotonic() + _FIRST_REQUEST_SECONDS
        while time.monotonic() < until and any(map(_has_not_asked, self.server_state.connections)):
            await asyncio.sleep(_LOOK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and SIGINT. uvicorn's own would end the process by the signal afterwards."""
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def _has_not_asked(connection: object) -> bool:
    return getattr(connection, "cycle", None) is None


async def _feed_watchdog() -> None:
    """Tell systemd that the event loop turns: a call that blocks it for long has the process started anew."""
    every = watchdog_seconds()
    while every:
        notify("WATCHDOG=1")
        await asyncio.sleep(every / 3)
