"""A job on its way through the worker: as it came, and with its result."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jobfleet_jobs.drop_events import Nothing, Several
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Request, Result

from jobfleet_worker.aws.queues import Passed
from jobfleet_worker.job.held_messages import Held


@dataclass
class Job:
    """A message in hand and what it asks for: a request, or what is wrong with it.

    `event` is one that asks for no job, or several. `again` says that another message with the same id
    was in hand when it came. `moved` is called whenever a wait for the job looks up.
    """

    held: Held
    request: Request | None
    problem: BadJob | None = None
    again: bool = False
    moved: Callable[[], None] = lambda: None
    event: Nothing | Several | None = None


@dataclass
class Finished:
    """A job with its result, and what is still to do: `stored` tells whether the result lies in the bucket.

    `seconds` is how long it took in a process, 0 if it was in none. `queue` is where the answer
    goes, None for nowhere. `buried` is why the message goes to the dead-letter queue too. With `passed`
    there is no result: a copy of the message goes back to the queue for another worker.
    """

    job: Job
    result: Result
    queue: str | None
    line: dict[str, Any] = field(default_factory=dict)
    stored: bool = True
    buried: str | None = None
    passed: Passed | None = None
    seconds: float = 0.0
