"""The memory that all uploads under way may take together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from jobfleet_web.problems import Problem

# Up to this size an upload counts as small, and may have what is kept from the large ones.
_SMALL_BYTES = 1024 * 1024


class Budget:
    """`total` bytes for the process.

    Each upload takes all that it may need at once, so that none that has some waits for one that has some.
    A quarter is kept from large uploads: a few of them over slow lines never shut the small ones out.
    Whoever comes later never passes one of its kind.
    """

    def __init__(self, total: int, wait_seconds: float) -> None:
        self.total, self._wait_seconds = total, wait_seconds
        self._taken = 0
        self._waiting: dict[bool, deque[tuple[int, asyncio.Future[None]]]] = {True: deque(), False: deque()}

    @property
    def taken(self) -> int:
        """How much is taken now."""
        return self._taken

    @asynccontextmanager
    async def share(self, need: int) -> AsyncIterator["Share"]:
        """Give `need` bytes while the context lasts. Raises `Problem` if they do not come in time."""
        await self._take(need)
        share = Share(self, need)
        try:
            yield share
        finally:
            share.shrink(0)

    async def _take(self, need: int) -> None:
        is_small = need <= _SMALL_BYTES
        line = self._waiting[is_small]
        if not line and self._fits(need):
            self._taken += need
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append((need, place))
        try:
            async with asyncio.timeout(self._wait_seconds):
                await place
        except BaseException as problem:
            if place.done() and not place.cancelled():  # it was given in the same moment
                self.give_back(need)
            else:
                # Somebody may have come upon it since, and passed it over.
                with suppress(ValueError):
                    line.remove((need, place))
                self._wake()
            if isinstance(problem, TimeoutError):
                raise self._full() from None
            raise

    def _full(self) -> Problem:
        return Problem(
            503, "memory-full", "too many uploads are coming in at once",
            mend="Send it again after the seconds in Retry-After.",
        ).with_headers(Retry_After=str(max(1, round(self._wait_seconds))))  # fmt: skip

    def give_back(self, size: int) -> None:
        """Take bytes back from an upload, and let in whoever waits and fits now."""
        self._taken -= size
        self._wake()

    def _fits(self, need: int) -> bool:
        kept = 0 if need <= _SMALL_BYTES else self.total // 4
        return not self._taken or self._taken + need <= self.total - kept

    def _wake(self) -> None:
        for line in self._waiting.values():
            while line and self._fits(line[0][0]):
                need, place = line.popleft()
                if not place.done():
                    self._taken += need
                    place.set_result(None)


class Share:
    """What one upload has of the budget."""

    def __init__(self, budget: Budget, size: int) -> None:
        self._budget, self.size = budget, size

    def shrink(self, size: int) -> None:
        """Give back all but `size` bytes, if it has more."""
        if size < self.size:
            self._budget.give_back(self.size - size)
            self.size = size
