"""The client's blocking calls, made in threads that are there for nothing else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from jobfleet.aws.bucket import Bucket
from jobfleet.errors import FleetError
from jobfleet.fleet import Fleet
from jobfleet.settings.settings import Settings

from jobfleet_web.work.aws_problems import problem_of

T = TypeVar("T")

# Calls at a time, by what they are for: neither readers nor senders wait behind a crowd of uploads. Together
# they are no more than the connections that the client keeps.
PUTS, SENDS, READS = 16, 4, 16

# Each answer has somebody who waits for it, so it waits for others no longer than nobody notices.
GATHER_SECONDS = 0.02


class Gateway:
    """One stack, as the process sees it. Errors of the client come out of it as `Problem`s.

    When the credentials file changes, the client signs with the new ones from the next call on.
    """

    def __init__(self, settings: Settings) -> None:
        self.fleet = Fleet(settings, gather_seconds=GATHER_SECONDS)
        self.account = self.fleet.exchange.account
        self.bucket = Bucket(self.account)
        self.puts = ThreadPoolExecutor(PUTS, "web-put")
        self._sends = ThreadPoolExecutor(SENDS, "web-send")
        self._reads = ThreadPoolExecutor(READS, "web-read")

    async def put(self, call: Callable[..., T], *given: object) -> T:
        """Make a call that writes into the bucket."""
        return await self._in(self.puts, call, given)

    async def send(self, call: Callable[..., T], *given: object) -> T:
        """Make a call that sends requests."""
        return await self._in(self._sends, call, given)

    async def read(self, call: Callable[..., T], *given: object) -> T:
        """Make a call that reads."""
        return await self._in(self._reads, call, given)

    def close(self) -> None:
        """Delete the reply queue and end the threads; calls that wait for one are not made."""
        for pool in (self.puts, self._sends, self._reads):
            pool.shutdown(wait=False, cancel_futures=True)
        self.fleet.close()

    async def _in(self, pool: ThreadPoolExecutor, call: Callable[..., T], given: tuple[object, ...]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, self._in_words, call, given)
        except FleetError as error:
            raise problem_of(error) from error

    def _in_words(self, call: Callable[..., T], given: tuple[object, ...]) -> T:
        with self.account.in_words():
            return call(*given)
