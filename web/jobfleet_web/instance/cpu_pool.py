"""Threads that do nothing but compute: as many as cores, and so many requests that wait for one."""

import asyncio
import hashlib
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import ClientDisconnect

from jobfleet_web.problems import Problem

# What of the pace before counts, against that of the request that has just ended.
_MEMORY = 0.8

# What a sender is told at most: by then the load may be another one.
_LONGEST_SECONDS = 60


class CpuPool:
    """Computes for `waiting_max` requests more than there are cores; the next are told when to come again.

    The event loop goes on meanwhile, as OpenSSL computes without Python's lock (`pbkdf2_hmac` in
    https://github.com/python/cpython/blob/3.11/Modules/_hashopenssl.c). `count` is called with how each
    request ended: done, left (its sender had gone) or refused.
    """

    def __init__(self, waiting_max: int, count: Callable[[str], object]) -> None:
        self.cores = len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(self.cores, "web-cpu")
        self._waiting_max, self._count = waiting_max, count
        self._seconds_a_round = 0.0
        self._rounds = 0
        self.held = 0

    async def derive(self, rounds: int, gone: asyncio.Future[None]) -> None:
        """Do so many rounds of PBKDF2 with SHA-256, one block. Raises `Problem` if too many wait already.

        Raises `ClientDisconnect` as soon as the sender has `gone`; what waits for a core then is dropped.
        """
        if self.held >= self.cores + self._waiting_max:
            self._count("refused")
            raise Problem(
                503, "cpu-busy", f"{self.held} requests compute here, or wait for a core",
                mend="Send it again after the seconds in Retry-After, or send fewer at a time.",
            ).with_headers(Retry_After=str(self._retry_after()))  # fmt: skip
        self.held += 1
        self._rounds += rounds
        computing = asyncio.get_running_loop().run_in_executor(self._threads, self._derive, rounds)
        try:
            await asyncio.wait((computing, gone), return_when=asyncio.FIRST_COMPLETED)
            if not computing.done():
                self._count("left")
                raise ClientDisconnect
            self._count("done")
        finally:
            computing.cancel()
            self.held -= 1
            self._rounds -= rounds

    def close(self) -> None:
        """End the threads; nothing new is begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _derive(self, rounds: int) -> None:
        began = time.monotonic()
        hashlib.pbkdf2_hmac("sha256", b"jobfleet", b"whoami", rounds)
        each = (time.monotonic() - began) / rounds
        before = self._seconds_a_round or each
        self._seconds_a_round = before * _MEMORY + each * (1 - _MEMORY)

    def _retry_after(self) -> int:
        """Return after how many seconds those who are held have their answers, at the present pace."""
        seconds = self._rounds * self._seconds_a_round / self.cores
        return max(1, min(_LONGEST_SECONDS, math.ceil(seconds)))
