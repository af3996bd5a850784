"""Senders that are slow."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from jobfleet_web.uploads.limits import Pace, UploadLimits

from tests.web_bench import Site

UPLOAD = "/api/v1/upload?operation=greyscale"
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
HEAD = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'


@pytest.mark.parametrize("first", [b"", HEAD, HEAD + b"x" * 1_000])
def test_one_that_stops_is_told_so_and_let_go(site: Callable[..., Site], first: bytes) -> None:
    made = site(limits=UploadLimits(1_000_000, Pace(grace_seconds=0.01, bytes_a_second=1_000_000)))

    async def body() -> AsyncIterator[bytes]:
        if first:
            yield first
        await asyncio.Event().wait()

    answer = made.post(UPLOAD, content=body(), headers=FORM)
    assert (answer.status_code, answer.json()["value"]) == (408, len(first))
    assert answer.headers["connection"] == "close"
    assert made.work.uploads == []
    assert made.hall.waiting.held == 0


@pytest.mark.parametrize(("bytes_a_second", "status"), [(1, 200), (1_000_000_000, 408)])
def test_one_that_was_fast_may_rest(site: Callable[..., Site], bytes_a_second: int, status: int) -> None:
    made = site(limits=UploadLimits(1_000_000, Pace(0.001, bytes_a_second)))

    async def body() -> AsyncIterator[bytes]:
        yield HEAD + b"x" * 1_000
        await asyncio.sleep(0.02)
        yield b"\r\n--x--"

    assert made.post(UPLOAD, content=body(), headers=FORM).status_code == status
