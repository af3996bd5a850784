"""An application that tells what nginx passes on: `uvicorn tests.aws.web.app_behind:app`.

The web tier's own has no such ways in. What it shares with it is the server, uvicorn, and the socket.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

begun: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
released = asyncio.Event()


async def upload(request: Request) -> Response:
    """Tell what came, and from the first piece on that it comes."""
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += len(piece)
        begun[request.query_params.get("mark", "")].set()
    return JSONResponse({"sha256": digest.hexdigest(), "bytes": size})


async def refuse(request: Request) -> Response:
    """Refuse an upload without a look at it."""
    return JSONResponse({"title": "no"}, 401, {"WWW-Authenticate": "Basic"})


async def events(request: Request) -> Response:
    """Send one event, and another once somebody says so."""

    async def stream() -> AsyncIterator[str]:
        yield "data: first\n\n"
        await released.wait()
        yield "data: second\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


async def release(request: Request) -> Response:
    """Let the second event go."""
    released.set()
    return PlainTextResponse("ok")


async def wait_until_begun(request: Request) -> Response:
    """Answer once the first piece of an upload with this mark is here."""
    await begun[request.query_params["mark"]].wait()
    return PlainTextResponse("ok")


async def hold(request: Request) -> Response:
    """Answer never."""
    await asyncio.Event().wait()
    raise AssertionError


async def page(request: Request) -> Response:
    """Answer with a part of a page."""
    return Response("a" * 5000, media_type="text/css")


async def told(request: Request) -> Response:
    """Tell what the request says of itself."""
    return JSONResponse({"path": request.url.path, "headers": dict(request.headers)})


app = Starlette(
    routes=[
        Route("/", upload, methods=["POST"]),
        Route("/api/v1/upload", upload, methods=["POST"]),
        Route("/api/v1/stats", refuse, methods=["POST"]),
        Route("/api/v1/batches/{batch}/events", events),
        Route("/release", release),
        Route("/begun", wait_until_begun),
        Route("/hold", hold),
        Route("/page.css", page),
        Route("/{anything:path}", told, methods=["GET", "POST"]),
    ]
)
