"""Attempts that broke: their record, kept where the result will be, and the wait for the next one."""

import random

from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.protocol.message import Attempt, Request, Result

from jobfleet_worker.aws.storage import Storage
from jobfleet_worker.clock import Clock

# The last ones count; the queue's own limit is far below this.
ATTEMPTS_MAX = 20
CAUSE_MAX_CHARACTERS = 1_000

# About 5, 10, 20 … seconds, and within a quarter of an hour.
BACKOFF_FIRST_SECONDS = 5
BACKOFF_LONGEST_SECONDS = 900

SILENT = "ended without a word: its worker was killed, its host was lost, or it was never begun"
UNKNOWN = "unknown"


class Failures:
    """Notes broken attempts in the stored result; one that is final is never touched."""

    def __init__(self, worker: str, storage: Storage, clock: Clock) -> None:
        self._worker, self._storage, self._clock = worker, storage, clock

    def note(self, request: Request, attempt: int, cause: str) -> None:
        """Store that this attempt broke, and why."""
        self._add(request, [self._attempt(attempt, cause)], before=attempt)

    def note_silent(self, request: Request, attempt: int, stored: Result | None) -> None:
        """Store that attempts before this one left no word, if any did."""
        if self._silent(attempt, stored):
            self._add(request, [], before=attempt)

    def _add(self, request: Request, new: list[Attempt], *, before: int) -> None:
        def merged(stored: Result | None) -> Result | None:
            if stored and stored.status != "failing":
                return None
            silent = [self._attempt(number, SILENT, UNKNOWN) for number in self._silent(before, stored)]
            known = {a.attempt: a for a in [*silent, *(stored.attempts if stored else ()), *new]}
            attempts = [known[number] for number in sorted(known)][-ATTEMPTS_MAX:]
            last = attempts[-1].attempt
            return Result(
                request.id, cut(request.operation), "failing", self._worker, last, attempts=tuple(attempts)
            )

        self._storage.add_attempts(request.id, merged)

    def _attempt(self, number: int, cause: str, worker: str = "") -> Attempt:
        at = self._clock.now().isoformat(timespec="milliseconds")
        return Attempt(at, worker or self._worker, number, cut(cause, CAUSE_MAX_CHARACTERS))

    def _silent(self, attempt: int, stored: Result | None) -> list[int]:
        told = {known.attempt for known in stored.attempts} if stored else set()
        return [number for number in range(max(1, attempt - ATTEMPTS_MAX), attempt) if number not in told]


def backoff(attempt: int) -> int:
    """Return seconds until a broken attempt is tried again: doubling, with jitter so that crowds disperse."""
    longest = min(BACKOFF_LONGEST_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** min(attempt - 1, 16))
    return random.randint(longest // 2, longest)  # noqa: S311 - jitter, not a secret
