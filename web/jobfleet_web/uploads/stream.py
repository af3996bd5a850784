"""The bytes of a body as they come in, no more and no slower than they may."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from jobfleet_web.problems import Problem
from jobfleet_web.uploads.limits import UploadLimits


def declared_length(request: Request) -> int | None:
    """Return what Content-Length says; None where it is left out."""
    given = request.headers.get("content-length", "")
    return int(given) if given.isdigit() else None


def too_large(most: int) -> Problem:
    """Return what the sender of too much is told."""
    return Problem(
        413, "too-large", f"the body is larger than {most:,} bytes",
        mend="Send less: one file at a time, or numbers as text/plain. The limit for files is "
        "max_input_bytes in web.toml.",
        more={"value": most},
    )  # fmt: skip


async def chunks(request: Request, limits: UploadLimits) -> AsyncIterator[bytes]:
    """Give the body in the pieces in which it comes. Raises `Problem` for one too large, or too slow.

    Only the time that the sender takes is counted. One that goes in the middle is `ClientDisconnect`.
    """
    if (declared_length(request) or 0) > limits.body_bytes:
        raise too_large(limits.input_bytes)
    pace, received, waited = limits.pace, 0, 0.0
    while True:
        began = time.monotonic()
        left = pace.grace_seconds + received / pace.bytes_a_second - waited
        try:
            async with asyncio.timeout(left):
                message = await request.receive()
        except TimeoutError:
            raise _too_slow(received, waited + left, limits) from None
        waited += time.monotonic() - began
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        received += len(chunk)
        if received > limits.body_bytes:
            raise too_large(limits.input_bytes)
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return


def _too_slow(received: int, waited: float, limits: UploadLimits) -> Problem:
    return Problem(
        408, "too-slow", f"{received:,} bytes came in {waited:.0f} seconds",
        mend=f"Send at least {limits.pace.bytes_a_second:,} bytes a second.", more={"value": received},
    ).with_headers(Connection="close")  # fmt: skip
