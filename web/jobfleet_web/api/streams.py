"""Answers that are streamed: files from the bucket, zips, events."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from jobfleet_web.work.work import AskedFor, StoredFile


def asked_for(request: Request) -> AskedFor:
    """Return what of a file is asked for."""
    headers = request.headers
    return AskedFor(headers.get("range"), headers.get("if-none-match"), headers.get("if-range"))


def file_response(request: Request, file: StoredFile) -> Response:
    """Answer with a file, or with its headers alone."""
    if request.method == "HEAD" or file.status == 304:
        file.close()
        return Response(None, file.status, dict(file.headers))
    return stream_response(request, file.pieces(), file.headers, file.status)


def stream_response(
    request: Request, pieces: AsyncGenerator[bytes, None], headers: Mapping[str, str], status: int = 200
) -> Response:
    """Answer with pieces as they come; a HEAD is answered without any."""
    if request.method == "HEAD":
        return Response(None, status, dict(headers))
    return StreamingResponse(_closed_at_the_end(pieces), status, dict(headers))


async def _closed_at_the_end(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Give the pieces, and close what gives them, also where the reader went away."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece
