"""The lines of the scaling log: each decision with its numbers, and all that is done about it.

They lie under `scaling/log/` by time, so that one listing brings those of the last hours, whoever wrote them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from jobfleet_jobs.careful_json import number, read_object, time_of, written
from jobfleet_jobs.protocol.names import SCALING_LOG

# What a line may tell of. `decided` comes with each tick of the leader; the others when they happen.
EVENTS = (
    "decided",
    "launched",
    "cordoned",
    "uncordoned",
    "ended",
    "drained",
    "refused",
    "woke",
    "took-over",
    "alive",
)


@dataclass(frozen=True)
class ScalingLine:
    """One line: what happened `at` a time (UTC), told by `who` (an instance's id, or a client's name).

    The numbers are None where they do not belong to the event. `visible`, `in_flight` and `done` count jobs
    (`done` since the line before), `running`, `booting`, `leaving`, `wanted` and `most` count hosts. A job
    takes `service_seconds`, and a host works on `slots` at once. `host` is the one that it is about.
    """

    at: datetime
    who: str
    event: str
    why: str = ""
    host: str = ""
    visible: int | None = None
    in_flight: int | None = None
    done: int | None = None
    service_seconds: float | None = None
    slots: float | None = None
    need: float | None = None
    wanted: int | None = None
    running: int | None = None
    booting: int | None = None
    leaving: int | None = None
    most: int | None = None

    def to_json(self) -> str:
        """Return it as one line of JSON, without what it does not tell."""
        told = {name: value for name, value in asdict(self).items() if value not in (None, "")}
        return json.dumps(told | {"at": written(self.at)})


def write_lines(lines: Iterable[ScalingLine]) -> bytes:
    """Return lines as the content of an object."""
    return "".join(line.to_json() + "\n" for line in lines).encode()


def read_lines(data: bytes) -> Iterator[ScalingLine]:
    """Give the lines of an object; what is no line is passed over, as it is of a version to come."""
    for text in data.splitlines():
        told = read_object(text)
        at = time_of(told.get("at"))
        if at is not None and isinstance(told.get("event"), str):
            yield ScalingLine(**{**_known(told), "at": at, "who": str(told.get("who") or "")})


def log_key(who: str, at: datetime) -> str:
    """Return where lines go that `who` wrote, the first of them `at` a time (UTC)."""
    return f"{log_keys_from(at)}{who}.jsonl"


def log_keys_from(at: datetime) -> str:
    """Return what sorts right before the keys of all lines of that time or later."""
    return f"{SCALING_LOG}{at.astimezone(UTC):%Y/%m/%d/%H%M%S-%f}-"


_TEXTS = ("event", "why", "host")
_NUMBERS = ("service_seconds", "slots", "need")


def _known(told: Any) -> dict[str, Any]:
    texts = {name: told[name] for name in _TEXTS if isinstance(told.get(name), str)}
    counts = {
        name: int(value)
        for name in ("visible", "in_flight", "done", "wanted", "running", "booting", "leaving", "most")
        if (value := number(told.get(name))) is not None
    }
    numbers = {name: float(value) for name in _NUMBERS if (value := number(told.get(name))) is not None}
    return texts | counts | numbers
