"""The roll of workers: what a listing of the bucket alone tells of each, however many there are.

Beside its heartbeat a worker keeps an empty object whose key says how it is and marks what it offers. Workers
with one mark offer the same, so that the heartbeat of one of them tells it for all.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_jobs.protocol.names import WORKERS

# An entry is written when it changes, and after this, so that it does not expire before the worker does.
ENTRY_PERIOD_SECONDS = 3_600.0

# An entry that is so much older than the heartbeat is of a version that was there before.
_ENTRY_GOOD_FOR = timedelta(seconds=ENTRY_PERIOD_SECONDS) + timedelta(minutes=10)

_STATES = ("alive", "paused", "stopped")


@dataclass(frozen=True)
class OnRoll:
    """A worker by the listing; `at` is when S3 got its last heartbeat.

    `state` is `alive`, `paused` or `stopped` as of then. Only the heartbeat itself tells state, offer and
    version where `state` is None.
    """

    worker: str
    at: datetime
    state: str | None = None
    mark: str = ""
    version: str = ""


def roll_key(heartbeat: Heartbeat) -> str:
    """Return the key of the entry that says how a worker is."""
    state = "stopped" if heartbeat.stopped else "paused" if heartbeat.paused else "alive"
    offer = json.dumps(heartbeat.offer, sort_keys=True, default=str)
    mark = hashlib.sha256(offer.encode()).hexdigest()[:16]
    return f"{WORKERS}{heartbeat.worker}/{state}/{mark}/{heartbeat.version}"


def call_roll(listed: Iterable[tuple[str, datetime]]) -> list[OnRoll]:
    """Return the workers there are by the keys under `WORKERS`, each with when it was last written."""
    heartbeats: dict[str, datetime] = {}
    entries: dict[str, list[tuple[datetime, list[str]]]] = {}
    for key, at in listed:
        worker, entry, rest = key.removeprefix(WORKERS).partition("/")
        parts = rest.split("/", 2)
        if not entry:
            heartbeats[worker.removesuffix(".json")] = at
        elif len(parts) == 3 and parts[0] in _STATES:
            entries.setdefault(worker, []).append((at, parts))
    return [_on_roll(worker, at, entries.get(worker, [])) for worker, at in heartbeats.items()]


def one_of_each_offer(workers: Iterable[OnRoll]) -> list[OnRoll]:
    """Return those whose heartbeats tell what all of them offer: of each mark the one last heard of."""
    found: dict[str, OnRoll] = {}
    for one in workers:
        name = one.mark or f"{WORKERS}{one.worker}"
        if name not in found or one.at > found[name].at:
            found[name] = one
    return list(found.values())


def _on_roll(worker: str, at: datetime, entries: list[tuple[datetime, list[str]]]) -> OnRoll:
    written = max((when for when, _ in entries), default=None)
    if written is None or at - written > _ENTRY_GOOD_FOR:
        return OnRoll(worker, at)
    last = [parts for when, parts in entries if when == written]
    # S3 tells whole seconds: a worker that stops and the next one of its name may write in the same one.
    return OnRoll(worker, at, *last[0]) if len(last) == 1 else OnRoll(worker, at)
