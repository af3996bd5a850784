"""The scalers' common state in the stack's bucket (`scaling/state.json`): who decides, and who is to leave.

Only the holder of the lease writes it, and S3 takes the write only if nobody else wrote meanwhile (If-Match).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from jobfleet_jobs.careful_json import mapping, objects, read_object, seconds, time_of, whole, written

# The holder renews its lease at each tick. After so long without that, anyone may take it over.
TICK_SECONDS = 10.0
LEASE_SECONDS = 45.0


@dataclass(frozen=True)
class Cordon:
    """That a host takes no new jobs since a time (UTC), as it is to leave; `why` in a few words."""

    since: datetime
    why: str = ""


@dataclass(frozen=True)
class ScalingState:
    """`holder` (an instance's id) decides until the lease `expires` (UTC). It `wanted` so many hosts.

    `cordoned` has the hosts that are to leave, by instance id. `needs` are the needs of the window, each with
    its time (UTC), so that whoever takes over knows them. Nor does it forget what jobs take of a host
    (`service_seconds`, `slots`), how many of each worker's jobs are `counted`, which host is being exchanged
    for one of a new version, and which version of each template brought no host to life (`broken`). The last
    host that came to life took `came_in` seconds from its launch until its worker took jobs; 0 if none has.
    """

    holder: str = ""
    expires: datetime | None = None
    wanted: int = 0
    cordoned: Mapping[str, Cordon] = field(default_factory=dict)
    needs: tuple[tuple[datetime, float], ...] = ()
    decisions: int = 0
    service_seconds: float = 0.0
    slots: float = 0.0
    counted: Mapping[str, int] = field(default_factory=dict)
    exchanged: str = ""
    broken: Mapping[str, str] = field(default_factory=dict)
    came_in: float = 0.0

    def is_free(self, now: datetime) -> bool:
        """Tell whether anyone may take the lease."""
        return not self.holder or self.expires is None or self.expires <= now

    def held_by(self, holder: str, now: datetime) -> "ScalingState":
        """Return it with the lease of `holder`, renewed from `now` on."""
        return replace(self, holder=holder, expires=now + timedelta(seconds=LEASE_SECONDS))

    def to_json(self) -> str:
        """Return it as an object of JSON."""
        return json.dumps({
            "holder": self.holder,
            "expires": written(self.expires),
            "wanted": self.wanted,
            "decisions": self.decisions,
            "cordoned": {
                host: {"since": written(one.since), "why": one.why} for host, one in self.cordoned.items()
            },
            "service_seconds": round(self.service_seconds, 6),
            "slots": round(self.slots, 3),
            "counted": dict(self.counted),
            "exchanged": self.exchanged,
            "broken": dict(self.broken),
            "came_in": round(self.came_in, 3),
            "needs": [{"at": written(at), "need": round(need, 3)} for at, need in self.needs],
        })  # fmt: skip

    @classmethod
    def read(cls, text: str | bytes) -> "ScalingState":
        """Read one; of one that another version wrote, whatever can be read."""
        told = read_object(text)
        return cls(
            holder=str(told.get("holder") or ""),
            expires=time_of(told.get("expires")),
            wanted=whole(told.get("wanted")),
            decisions=whole(told.get("decisions")),
            service_seconds=seconds(told.get("service_seconds"), 0.0),
            slots=seconds(told.get("slots"), 0.0),
            counted={name: whole(count) for name, count in mapping(told.get("counted")).items()},
            exchanged=str(told.get("exchanged") or ""),
            broken={name: str(version) for name, version in mapping(told.get("broken")).items()},
            came_in=seconds(told.get("came_in"), 0.0),
            cordoned=_cordoned(mapping(told.get("cordoned"))),
            needs=tuple(
                (at, seconds(one.get("need"), 0.0))
                for one in objects(told.get("needs"))
                if (at := time_of(one.get("at"))) is not None
            ),
        )


def _cordoned(told: Mapping[str, Any]) -> dict[str, Cordon]:
    return {
        host: Cordon(since, str(one.get("why") or ""))
        for host, one in told.items()
        if isinstance(one, dict) and (since := time_of(one.get("since"))) is not None
    }
