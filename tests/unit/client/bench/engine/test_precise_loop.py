"""The loop sleeps as long as it is asked to, and not in whole milliseconds."""

import asyncio
import select
import selectors
from typing import Any

import pytest
from jobfleet.bench.engine.precise_loop import make_loop

pytestmark = pytest.mark.skipif(not hasattr(select, "epoll"), reason="only epoll rounds")


def test_it_sleeps_by_a_call_that_takes_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    real = select.select

    def noting(*given: Any) -> Any:
        slept.append(given[3])
        return real(*given[:3], 0)

    polled: list[float | None] = []
    poll = selectors.EpollSelector.select

    def polling(self: Any, timeout: float | None = None) -> Any:
        polled.append(timeout)
        return poll(self, 0)

    async def briefly() -> None:
        monkeypatch.setattr(select, "select", noting)
        monkeypatch.setattr(selectors.EpollSelector, "select", polling)
        # A process that does not get the processor in time has nothing left to sleep.
        for _ in range(1_000):
            await asyncio.sleep(0.000_7)
            if slept:
                break
        monkeypatch.undo()

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(briefly())
    assert slept
    assert all(0 < seconds <= 0.000_7 for seconds in slept)
    assert set(polled) == {0}  # `epoll` is only asked, and never slept in


def test_it_wakes_when_something_comes_while_it_sleeps() -> None:
    async def echoed() -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(3))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"abc")
            data = await reader.read()
            writer.close()
            return data

    with asyncio.Runner(loop_factory=make_loop) as runner:
        assert runner.run(echoed()) == b"abc"
