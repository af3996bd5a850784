"""How busy the load generator itself is: where it is the bottleneck, its figures are of itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

# From this share of one core on, answers wait until they are looked at.
SATURATED = 0.85
_LOOK_SECONDS = 1.0


@dataclass
class OwnCpu:
    """Seconds of this process's CPU time and of the clock, in all; and shares of a core, second by second."""

    cpu: float = 0.0
    wall: float = 0.0
    shares: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of one core, 1.0 for all of it."""
        return self.cpu / self.wall if self.wall else 0.0

    @property
    def saturated(self) -> bool:
        """Whether the generator may have been the bottleneck: on the whole, or in a tenth of the seconds."""
        busy = sum(share >= SATURATED for share in self.shares)
        return self.share >= SATURATED or (len(self.shares) > 0 and busy >= max(1, len(self.shares) / 10))


@asynccontextmanager
async def watching_cpu(found: OwnCpu) -> AsyncIterator[None]:
    """Add what is used inside to `found`, also if it ends early."""
    watcher = asyncio.create_task(_watch(found))
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        yield
    finally:
        found.cpu += time.process_time() - cpu
        found.wall += time.perf_counter() - wall
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _watch(found: OwnCpu) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now, then = time.process_time(), time.perf_counter()
        if then > wall:
            found.shares.append((now - cpu) / (then - wall))
        cpu, wall = now, then
