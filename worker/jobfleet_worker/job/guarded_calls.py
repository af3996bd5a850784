"""Calls to AWS that are made for a job: as often as it takes, until the job is given up."""

from collections.abc import Callable
from typing import TypeVar

from jobfleet_worker.aws.circuit_breaker import Gate
from jobfleet_worker.job.held_messages import Holds
from jobfleet_worker.job.in_hand import Job

T = TypeVar("T")


class Calls:
    """`stopping` and `halted` say why nothing is to be begun, or finished, any more; None while it is."""

    def __init__(
        self,
        gate: Gate,
        holds: Holds,
        stopping: Callable[[], str | None],
        halted: Callable[[], str | None],
    ) -> None:
        self._gate, self._holds, self._halted = gate, holds, halted
        self.stopping = stopping

    def s3(self, job: Job, call: Callable[[], T]) -> T:
        """Return what a call to S3 returns. Raises `GivenUp`, and what trying again does not mend."""
        return self._gate.through("s3", call, lambda: self.given_up(job))

    def sqs(self, job: Job, call: Callable[[], T]) -> T:
        """Return what a call to SQS returns, in the same way."""
        return self._gate.through("sqs", call, lambda: self.given_up(job))

    def given_up(self, job: Job) -> str | None:
        """Say why a job is not to be finished here, or None."""
        job.moved()
        return self._halted() or ("the hold is lost" if self._holds.is_lost(job.held) else None)

    def not_begun(self, job: Job) -> str | None:
        """Say why a job that waits for its turn is not to be begun, or None."""
        return self.stopping() or self.given_up(job)
