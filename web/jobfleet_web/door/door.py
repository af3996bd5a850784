"""The door: the ASGI application around the application, through which each request comes in."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from jobfleet_web.door.answers import unforeseen
from jobfleet_web.door.head import Head
from jobfleet_web.door.log import WebLog
from jobfleet_web.door.passage import Passage
from jobfleet_web.door.prefixes import Prefixes
from jobfleet_web.door.stop import Stop
from jobfleet_web.door.waiting_room import WaitingRoom
from jobfleet_web.problems import Problem

Check = Callable[[Head], None]

# Where the application leaves the code of a problem that it answers with, for the door to count.
PROBLEM = "jobfleet.problem"


@dataclass(frozen=True)
class Hall:
    """What the door shares with the rest of the process.

    `away_bytes` is how much of a refused body is read away at most. `count_problem` is called with the code
    of each problem that a request was answered with.
    """

    waiting: WaitingRoom
    log: WebLog
    stop: Stop
    away_bytes: int
    count_problem: Callable[[str], object]


class Door:
    """Refuses what must not come in, before a byte of its body is read; answers and logs whatever happens.

    `checks` raise `Problem`, in their order; `prefixes` are the ways here. It is no `BaseHTTPMiddleware`,
    which costs a task and a queue for each request and holds streams back.
    """

    def __init__(
        self, app: ASGIApp, checks: Sequence[Check], hall: Hall, prefixes: Sequence[str] = ()
    ) -> None:
        self._app, self._checks, self._hall = app, checks, hall
        self._prefixes = Prefixes(prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        self._prefixes.enter(scope)
        head = Head.of(scope)
        passage = Passage(head, receive, send, self._hall.stop, self._hall.away_bytes)
        try:
            await self._admit(scope, head, passage)
            await passage.finish()
        except Problem as problem:
            scope[PROBLEM] = problem.code
            await passage.refuse(problem)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the sender gets an answer and the log the rest
            self._hall.log.mistake(problem, head.path)
            told = unforeseen()
            scope[PROBLEM] = told.code
            await passage.refuse(told)
        finally:
            if PROBLEM in scope:
                self._hall.count_problem(scope[PROBLEM])
            self._hall.log.request(
                head.method, head.path, passage.status, received=passage.received, sent=passage.sent,
                seconds=round(time.monotonic() - began, 4), sender=head.sender,
                **({"prefix": head.prefix} if head.prefix else {}),
            )  # fmt: skip

    async def _admit(self, scope: Scope, head: Head, passage: Passage) -> None:
        for check in self._checks:
            check(head)
        if not self._hall.waiting.enter(head):
            await self._app(scope, passage.receive, passage.send)
            return
        try:
            await self._app(scope, passage.receive, passage.send)
        finally:
            self._hall.waiting.leave(passage.status)
