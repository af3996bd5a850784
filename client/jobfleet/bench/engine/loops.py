"""The two loops that send.

A closed loop sends a request only once another was answered, so that a slow server gets fewer: it leaves out
just those that would have waited (coordinated omission). An open loop sends when it is time to. Where all
clients are busy, the request waits, and its time counts from when it was due, as in wrk2
(https://github.com/giltene/wrk2, "constant throughput, correct latency recording").
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from jobfleet.bench.engine.samples import Reply, Samples
from jobfleet.bench.scenario.scenario import CLIENTS, CLIENTS_MAX, REQUESTS_MAX, Phase

Send = Callable[[], Awaitable[Reply]]
OnDone = Callable[[], object]

# As many requests may be under way in an open loop.
UNDER_WAY_MAX = CLIENTS_MAX


@dataclass
class LoopBounds:
    """When to begin nothing more: `end` by the loop's clock; `left` requests, None for as many as go."""

    end: float
    left: int | None

    def take(self, now: float) -> bool:
        """Tell whether one more may begin now, and count it."""
        if now >= self.end or self.left == 0:
            return False
        if self.left is not None:
            self.left -= 1
        return True


async def send_phase(
    phase: Phase, send: Send, samples: Samples, chance: Random, *, end: float, on_done: OnDone
) -> int:
    """Send what a phase says; return how many requests were due and never begun.

    `end` is when the whole scenario has to be over, by the loop's clock. Requests under way are waited for.
    """
    start = asyncio.get_running_loop().time()
    until = start + phase.duration if phase.duration else math.inf
    if phase.rate is None:
        bounds = LoopBounds(min(until, end), phase.requests or REQUESTS_MAX)
        await _closed(phase.clients or CLIENTS, bounds, send, samples, on_done)
        is_cut = end <= until and asyncio.get_running_loop().time() >= end
        return (bounds.left or 0) if is_cut and phase.requests else 0
    return await _Open(phase.rate, send, samples, on_done).run(LoopBounds(until, phase.requests), chance, end)


async def _closed(clients: int, bounds: LoopBounds, send: Send, samples: Samples, on_done: OnDone) -> None:
    clock = asyncio.get_running_loop().time

    async def client() -> None:
        while bounds.take(sent := clock()):
            samples.begun += 1
            reply = await send()
            samples.add(sent, sent, clock() if reply.done is None else reply.done, reply)
            on_done()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())


class _Open:
    def __init__(self, rate: float, send: Send, samples: Samples, on_done: OnDone) -> None:
        self._rate, self._send, self._samples, self._on_done = rate, send, samples, on_done
        self._clock = asyncio.get_running_loop().time
        self._free = asyncio.Semaphore(UNDER_WAY_MAX)

    async def run(self, bounds: LoopBounds, chance: Random, end: float) -> int:
        due, skipped = self._clock(), 0
        async with asyncio.TaskGroup() as group:
            while bounds.take(due := due + chance.expovariate(self._rate)):
                if skipped or not await self._is_time(due, end):
                    skipped += 1
                    continue
                self._samples.begun += 1
                group.create_task(self._one(due))
        return skipped

    async def _is_time(self, due: float, end: float) -> bool:
        """Wait until a request is due and may begin; tell whether that was in time."""
        if due >= end:
            return False
        if (early := due - self._clock()) > 0:
            await asyncio.sleep(early)
        try:
            async with asyncio.timeout_at(end):
                await self._free.acquire()
        except TimeoutError:
            return False
        return True

    async def _one(self, due: float) -> None:
        try:
            sent = self._clock()
            reply = await self._send()
            self._samples.add(due, sent, self._clock() if reply.done is None else reply.done, reply)
        finally:
            self._free.release()
        self._on_done()
