"""The note that a worker has begun with a job, sent to who asked for it (`Request.tell`).

It is no answer: it may be missing, or come after the answer.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import VERSION, json_object

STATUS = "working"


@dataclass(frozen=True)
class StartedNote:
    """That `worker` has a job at work, since `at` (UTC, by the clock of its host)."""

    id: str
    worker: str
    at: datetime

    def to_json(self) -> str:
        """Return the message body. It lacks what every result has, so no client takes it for one."""
        at = self.at.isoformat(timespec="milliseconds")
        body = {"version": VERSION, "id": self.id, "status": STATUS, "worker": self.worker, "at": at}
        return json.dumps(body, separators=(",", ":"))

    @classmethod
    def read(cls, body: str) -> "StartedNote | None":
        """Read a message body; None if it is something else."""
        if f'"{STATUS}"' not in body:
            return None  # as nearly all are
        try:
            told = json_object(body)
            if told.get("version") != VERSION or told.get("status") != STATUS:
                return None
            at = datetime.fromisoformat(told["at"])
            return cls(str(told["id"]), str(told["worker"]), at if at.tzinfo else at.replace(tzinfo=UTC))
        except (BadJob, KeyError, TypeError, ValueError):
            return None
