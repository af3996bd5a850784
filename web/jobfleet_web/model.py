"""What was uploaded, and what became of it, as the web tier tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value

from jobfleet_web.links import link, with_links

Status = Literal["waiting", "working", "succeeded", "failed"]


@dataclass(frozen=True)
class InMemory:
    """A body that is small enough to be kept until it is in the bucket."""

    data: bytes


@dataclass(frozen=True)
class InBucket:
    """A body that went to the bucket in parts, while it came in."""

    key: str
    bytes: int


@dataclass(frozen=True)
class Upload:
    """One file, or one text of numbers, with what is to be done with it; all of it is checked.

    `name` is the file's as it was sent, for display alone. `sha256` is that of the body, in hexadecimal
    digits. `received_seconds` is how long the body took to come in.
    """

    job_id: str
    name: str
    content_type: str
    body: InMemory | InBucket
    operation: Operation
    parameters: Mapping[str, Value]
    sha256: str
    received_seconds: float = 0.0

    @property
    def bytes(self) -> int:
        """The size of the body."""
        return len(self.body.data) if isinstance(self.body, InMemory) else self.body.bytes


@dataclass(frozen=True)
class JobFailure:
    """Why a job failed, and the way `out`, which may name places by `links.HERE`."""

    code: str
    message: str
    out: str = ""

    @property
    def mend(self) -> str:
        """The way out, with links for the sender of the request in hand."""
        return with_links(self.out)


@dataclass(frozen=True)
class OutputFile:
    """The file that came out of a job. `content_type` is the one that it is sent with."""

    name: str
    bytes: int
    content_type: str


@dataclass(frozen=True)
class JobView:
    """A job as people and programs see it. `times` are seconds by step, as far as they are known.

    `retry_of` is the id of the job that failed and that this one is the next try of. `is_lost` is whether it
    waits for nothing, as its request is in the queue no more.
    """

    id: str
    name: str
    operation: str
    status: Status
    batch: str | None = None
    retry_of: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bytes: int | None = None
    submitted_at: str | None = None
    result: Mapping[str, Any] | None = None
    notes: Sequence[str] = ()
    failure: JobFailure | None = None
    output: OutputFile | None = None
    attempts: Sequence[Mapping[str, Any]] = ()
    times: Mapping[str, float] = field(default_factory=dict)
    is_lost: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it has a final result."""
        return self.status in ("succeeded", "failed")

    def to_json(self) -> dict[str, Any]:
        """Return the job as the API gives it, with its links."""
        here = link(f"/api/v1/jobs/{self.id}")
        links = {"self": here, "input": f"{here}/input"}
        if self.output:
            links["output"] = f"{here}/output"
        if self.status == "failed" or self.is_lost:
            links["retry"] = f"{here}/retry"
        if self.batch:
            links["batch"] = link(f"/api/v1/batches/{self.batch}")
        return {
            "id": self.id,
            "batch": self.batch,
            "retry_of": self.retry_of,
            "name": self.name,
            "operation": self.operation,
            "parameters": dict(self.parameters),
            "status": self.status,
            "bytes": self.bytes,
            "submitted_at": self.submitted_at,
            "result": None if self.result is None else dict(self.result),
            "notes": list(self.notes),
            "error": self.failure
            and {"code": self.failure.code, "message": self.failure.message, "mend": self.failure.mend},
            "input": {"href": links["input"]},
            "output": self.output
            and {
                "href": links["output"],
                "name": self.output.name,
                "bytes": self.output.bytes,
                "type": self.output.content_type,
            },
            "attempts": [dict(one) for one in self.attempts],
            "times": dict(self.times),
            "links": links,
        }


@dataclass(frozen=True)
class BatchView:
    """A page of a batch, in the order of upload; `next` is where the next page begins, None on the last.

    `tries` says of jobs that stand for those before them how many that were in all.
    """

    id: str
    jobs: Sequence[JobView]
    counts: Mapping[str, int]
    next: str | None = None
    tries: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the batch as the API gives it."""
        return {
            "id": self.id,
            "jobs": [job.to_json() for job in self.jobs],
            "counts": dict(self.counts),
            "next": self.next,
            "links": batch_links(self.id),
        }


def batch_links(batch: str) -> dict[str, str]:
    """Return where all of a batch is to be found."""
    here = link(f"/api/v1/batches/{batch}")
    return {
        "self": here, "events": f"{here}/events", "zip": f"{here}/outputs.zip",
        "page": link(f"/batches/{batch}"),
    }  # fmt: skip


@dataclass(frozen=True)
class FleetView:
    """How the stack is: workers by state, requests in line, the credentials' state, and what to do then."""

    workers: Mapping[str, int]
    queue: Mapping[str, int]
    session: Mapping[str, Any]
    message: str
    mend: str = ""
    scaling: Mapping[str, Any] | None = None
    """How the fleet scales, as `jobfleet.stack.scaling` tells it; None where it does not."""
    lost_before: str | None = None
    """Jobs that were sent before this time (ISO 8601) and wait have lost their requests; None: none has."""

    def to_json(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        return {
            "workers": dict(self.workers),
            "queue": dict(self.queue),
            "session": dict(self.session),
            "message": self.message,
            "mend": self.mend,
            "scaling": self.scaling and dict(self.scaling),
            "lost_before": self.lost_before,
        }
