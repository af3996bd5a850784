"""One request and its answer as they pass the door: counted, with the headers that every answer has."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from starlette.types import Message, Receive, Send

from jobfleet_web.door.answers import problem_response
from jobfleet_web.door.head import SAFE_METHODS, Head
from jobfleet_web.door.stop import Stop
from jobfleet_web.problems import Problem

# What every answer has unless its endpoint says otherwise.
#
# Referrer-Policy is `same-origin`, not `no-referrer`: with that, browsers send `Origin: null` with a form,
# and `checks.check_origin` could not tell our own page from a foreign one.
HEADERS: dict[bytes, bytes] = {
    b"content-security-policy": b"default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; "
    b"base-uri 'none'; form-action 'self'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}

# How long what is left of a refused body is read away, and how long nothing may come of it meanwhile.
_AWAY_SECONDS, _AWAY_REST_SECONDS = 30.0, 5.0


class Passage:
    """Stands between the server and the application for one request.

    Whoever is refused gets the answer after the body was read to its end, as python-requests reads no answer
    before it has sent all. `away_bytes` is how much is read away at most; then the connection is closed.
    """

    def __init__(self, head: Head, receive: Receive, send: Send, stop: Stop, away_bytes: int) -> None:
        self._head, self._receive, self._send, self._stop = head, receive, send, stop
        self._away_bytes = away_bytes
        self._body_ended = head.method in SAFE_METHODS or not (
            head.one("content-length") or head.one("transfer-encoding")
        )
        self._is_stream = self._is_complete = self._has_gone = False
        self.status = self.received = self.sent = 0

    async def receive(self) -> Message:
        """Return what comes from the sender; a stream of events learns that its reader has gone at a stop."""
        if self._head.method == "GET":
            return await self._first(self._receive(), self._stop.asked.wait())
        message = await self._receive()
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            self._body_ended = not message.get("more_body", False)
        else:
            self._body_ended = self._has_gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
            names = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in HEADERS.items() if name not in names]
            self.status = message["status"]
            self._is_stream = (b"content-type", b"text/event-stream; charset=utf-8") in headers
            # Who was too slow is not waited for again.
            if self.status >= 400 and b"connection" not in names and not await self._read_away():
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        else:
            self.sent += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem, unless an answer has begun."""
        if not self.status:
            response = problem_response(problem, as_page=self._head.wants_html)
            await response({"type": "http", "method": self._head.method}, self.receive, self.send)

    async def finish(self) -> None:
        """End a stream of events as its end is told to a browser, where the process stops."""
        if self._is_stream and not self._is_complete and not self._has_gone:
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read_away(self) -> bool:
        """Read what is left of the body, and tell whether that was all of it."""
        if self._head.one("expect").lower() == "100-continue" and not self.received:
            # The sender waits to hear whether it shall send the body at all.
            return self._body_ended
        most = self.received + self._away_bytes
        try:
            async with asyncio.timeout(_AWAY_SECONDS):
                while not self._body_ended and self.received <= most:
                    async with asyncio.timeout(_AWAY_REST_SECONDS):
                        await self.receive()
        except TimeoutError:
            return False
        return self._body_ended

    async def _first(self, message: Awaitable[Message], stopping: Awaitable[Any]) -> Message:
        """Return the message, or that the reader has gone if the process stops before it comes."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(message), asyncio.ensure_future(stopping)]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if waits[0] not in done and self._is_stream:
                return {"type": "http.disconnect"}
            found: Message = await waits[0]
            self._has_gone = found["type"] == "http.disconnect"
            return found
        finally:
            for one in waits:
                one.cancel()


async def until_gone(receive: Receive) -> None:
    """Return once the sender of a request, whose body was read, has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
