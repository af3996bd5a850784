"""The requests that are held at a time: so many, and the next are told when to come again."""

import math
import time
from collections import deque
from collections.abc import Callable

from jobfleet_web.door.head import Head
from jobfleet_web.problems import Problem

# The paths whose POST brings a body, and is held until there is an answer.
HELD_PATHS = frozenset({"/", "/api/v1/upload", "/api/v1/stats"})

# Answers older than that say nothing of how fast it goes now.
_RECENT_SECONDS = 60.0

# What a sender is told where nothing was answered for so long.
_LONGEST_SECONDS = 60


class WaitingRoom:
    """`places` requests at a time. What only reads never waits here."""

    def __init__(self, places: int, now: Callable[[], float] = time.monotonic) -> None:
        self._places, self._now = places, now
        self._answered: deque[float] = deque(maxlen=1_000)
        self._opened = now()
        self.held = 0

    def enter(self, head: Head) -> bool:
        """Take a place if this request needs one; tell whether it did. Raises `Problem` if none is free."""
        if head.method != "POST" or head.path not in HELD_PATHS:
            return False
        if self.held >= self._places:
            raise Problem(
                429, "waiting-room-full", f"{self.held} requests wait for their answers already",
                mend="Send it again after the seconds in Retry-After.",
            ).with_headers(Retry_After=str(self.retry_after()))  # fmt: skip
        self.held += 1
        return True

    def leave(self, status: int) -> None:
        """Give the place back; `status` is the answer's. One that was refused tells nothing of the pace."""
        self.held -= 1
        if status < 400 or status == 422:
            self._answered.append(self._now())

    def retry_after(self) -> int:
        """Return after how many seconds those who are held have their answers, at the present pace."""
        now = self._now()
        while self._answered and self._answered[0] < now - _RECENT_SECONDS:
            self._answered.popleft()
        if not self._answered:
            return _LONGEST_SECONDS
        full = len(self._answered) == self._answered.maxlen
        since = self._answered[0] if full else max(self._opened, now - _RECENT_SECONDS)
        seconds = self.held * max(now - since, 0.001) / len(self._answered)
        return max(1, min(_LONGEST_SECONDS, math.ceil(seconds)))
