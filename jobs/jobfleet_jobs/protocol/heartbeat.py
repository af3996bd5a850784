"""The heartbeat of a worker: written by it every minute, read by whoever wants to know who lives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeGuard

from jobfleet_jobs.credentials.redaction import redact_all

# How often it is written, and after how long without one a worker is late: one may be missed.
PERIOD_SECONDS = 60.0
LATE_AFTER_SECONDS = 2.5 * PERIOD_SECONDS

# What a heartbeat tells of operations: the names of all that are offered, the declarations of those of
# packages, which parts are lacking and why, which packages are broken and why.
_OFFER = ("operations", "own", "lacking", "broken")

# No number here means more. JSON of Python's may also hold NaN and Infinity, which no number can be made of.
_NUMBER_MAX = 1e12


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
            "at": _written(self.at),
            "started": _written(self.started),
            "stopped": self.stopped,
            "versions": {"jobfleet": self.version, "python": self.python},
            "counts": dict(self.counts),
            "last_job": last and {"id": last[0], "at": _written(last[1])},
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
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        told: Mapping[str, Any] = found if isinstance(found, dict) else {}
        versions, last = _object(told, "versions"), _object(told, "last_job")
        last_at, paused, age = _time(last.get("at")), told.get("paused"), told.get("credentials_age")
        name = told.get("worker")
        return cls(
            worker=name if isinstance(name, str) else worker,
            at=_time(told.get("at")),
            started=_time(told.get("started")),
            stopped=bool(told.get("stopped")),
            version=str(versions.get("jobfleet", "")),
            python=str(versions.get("python", "")),
            in_flight=_whole(told.get("in_flight")),
            slots=_whole(told.get("slots")),
            busy_seconds=_seconds(told.get("busy_seconds")),
            paused=str(paused) if paused else None,
            credentials_age=float(age) if _is_number(age) else None,
            counts={str(name): _whole(count) for name, count in _object(told, "counts").items()},
            last_job=(str(last.get("id", "")), last_at) if last_at else None,
            offer={name: told[name] for name in _OFFER if name in told},
        )


def _written(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds") if at else None


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _object(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _seconds(value: object) -> float:
    return float(value) if _is_number(value) else 0.0


def _whole(value: object) -> int:
    return int(value) if _is_number(value) else 0


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and abs(value) <= _NUMBER_MAX
