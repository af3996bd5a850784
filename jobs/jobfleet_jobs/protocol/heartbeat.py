"""The heartbeat of a worker: written by it every minute, read by whoever wants to know who lives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jobfleet_jobs.careful_json import mapping, number, read_object, time_of, whole, written
from jobfleet_jobs.credentials.redaction import redact_all

# How often it is written, and after how long without one a worker is late: one may be missed.
PERIOD_SECONDS = 60.0
LATE_AFTER_SECONDS = 2.5 * PERIOD_SECONDS

# What a heartbeat tells of operations: the names of all that are offered, the declarations of those of
# packages, which parts are lacking and why, which packages are broken and why.
_OFFER = ("operations", "own", "lacking", "broken")


@dataclass(frozen=True)
class Heartbeat:
    """The state of one worker `at` a time (UTC); None where that is not told.

    `paused` is why it waits, None if it does not. `credentials_age` is in seconds. `counts` has the ends
    of attempts by their outcome, `last_job` when the last one ended. `offer` is to be read with care: it
    may be of another version.

    The worker does `slots` jobs at a time. `busy_seconds` adds up since its start how long each slot was at
    work; 0 of both where a version does not tell.
    """

    worker: str
    at: datetime | None = None
    started: datetime | None = None
    stopped: bool = False
    version: str = ""
    python: str = ""
    in_flight: int = 0
    slots: int = 0
    busy_seconds: float = 0.0
    paused: str | None = None
    credentials_age: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    last_job: tuple[str, datetime] | None = None
    offer: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return it as an object of JSON, without secrets."""
        last = self.last_job
        return json.dumps({
            "worker": self.worker,
            "at": written(self.at),
            "started": written(self.started),
            "stopped": self.stopped,
            "versions": {"jobfleet": self.version, "python": self.python},
            "counts": dict(self.counts),
            "last_job": last and {"id": last[0], "at": written(last[1])},
            "in_flight": self.in_flight,
            "slots": self.slots,
            "busy_seconds": round(self.busy_seconds, 3),
            "paused": self.paused,
            "credentials_age": self.credentials_age,
            # Here stand the words of packages that cannot be loaded.
            **redact_all(self.offer),
        })  # fmt: skip

    @classmethod
    def read(cls, text: str, worker: str = "") -> "Heartbeat":
        """Read one; of one that another version wrote, whatever can be read.

        `worker` is whose it is where it does not say so itself.
        """
        told = read_object(text)
        versions, last = mapping(told.get("versions")), mapping(told.get("last_job"))
        last_at, paused, age = (
            time_of(last.get("at")),
            told.get("paused"),
            number(told.get("credentials_age")),
        )
        name = told.get("worker")
        return cls(
            worker=name if isinstance(name, str) else worker,
            at=time_of(told.get("at")),
            started=time_of(told.get("started")),
            stopped=bool(told.get("stopped")),
            version=str(versions.get("jobfleet", "")),
            python=str(versions.get("python", "")),
            in_flight=whole(told.get("in_flight")),
            slots=whole(told.get("slots")),
            busy_seconds=float(number(told.get("busy_seconds")) or 0),
            paused=str(paused) if paused else None,
            credentials_age=None if age is None else float(age),
            counts={str(name): whole(count) for name, count in mapping(told.get("counts")).items()},
            last_job=(str(last.get("id", "")), last_at) if last_at else None,
            offer={name: told[name] for name in _OFFER if name in told},
        )
