"""Starlette alone: reads an upload with the parser that the web tier has, keeps nothing, answers."""

import hashlib

from multipart import MultipartSegment, PushMultipartParser, parse_options_header
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def upload(request: Request) -> JSONResponse:
    """Tell the size and the hash of each file."""
    _, options = parse_options_header(request.headers["content-type"])
    files: list[bytearray] = []
    with PushMultipartParser(options["boundary"]) as parser:
        async for chunk in request.stream():
            for event in parser.parse(chunk):
                if isinstance(event, MultipartSegment):
                    files.append(bytearray())
                elif event:
                    files[-1] += event
    return JSONResponse([{"bytes": len(one), "sha256": hashlib.sha256(one).hexdigest()} for one in files])


app = Starlette(routes=[Route("/{path:path}", upload, methods=["POST"])])
