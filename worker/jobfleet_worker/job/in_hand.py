"""A job on its way through the worker: as it came, and with its result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jobfleet_jobs.drop_events import Nothing, Several
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Request, Result

from jobfleet_worker.aws.queues import Passed
from jobfleet_worker.job.leases import Lease
from jobfleet_worker.stop_token import STOPS, StopToken

LEASE_LOST = "the lease is lost"


@dataclass
class JobInHand:
    """A message in hand and what it asks for: a request, or what is wrong with it.

    `event` is one that asks for no job, or several. `again` says that another message with the same id
    was in hand when it came, `in_slot` that it counts as work (`service.busy_slots`), `was_in_line` that it
    waited for its turn. `moved` is called whenever a wait for the job looks up. Calls to AWS that are made
    for a job ask it whether it is given up (`aws.circuit_breaker.Caller`).
    """

    lease: Lease
    stop: StopToken
    request: Request | None
    problem: BadJob | None = None
    again: bool = False
    in_slot: bool = True
    was_in_line: bool = False
    moved: Callable[[], None] = lambda: None
    event: Nothing | Several | None = None

    @property
    def group(self) -> str:
        """Whose it is: the group of its sender. All that have none, as files in the drop folder, are one."""
        return self.lease.message.group

    def given_up(self) -> str | None:
        """Say why it is not to be finished here, or None."""
        self.moved()
        if self.stop.halted.is_set():
            return STOPS
        return LEASE_LOST if self.lease.is_lost() else None

    def not_begun(self) -> str | None:
        """Say why, while it waits for its turn, it is not to be begun, or None."""
        return STOPS if self.stop.draining.is_set() else self.given_up()


@dataclass
class Finished:
    """A job with its result, and what is still to do.

    `stored` tells whether the result lies where everyone finds it, `carried` whether its output carries it.
    `seconds` is how long it took in a process, 0 if it was in none. `queue` is where the answer
    goes, None for nowhere. `buried` is why the message goes to the dead-letter queue too. With `passed`
    there is no result: a copy of the message goes back to the queue for another worker.
    """

    job: JobInHand
    result: Result
    queue: str | None
    line: dict[str, Any] = field(default_factory=dict)
    stored: bool = True
    carried: bool = False
    buried: str | None = None
    passed: Passed | None = None
    seconds: float = 0.0


class FinishedGroup(NamedTuple):
    """Finished jobs for which a call to AWS is made together; it goes on while any of them needs it."""

    finished: Sequence[Finished]

    def given_up(self) -> str | None:
        """Say why none of them is to be finished here, or None."""
        jobs = [each.job for each in self.finished]
        if jobs[0].stop.halted.is_set():
            return STOPS
        return LEASE_LOST if all(job.lease.is_lost() for job in jobs) else None
