"""The workers of a stack, by the heartbeats that they leave in the bucket (docs/worker.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from jobfleet_jobs.protocol.heartbeat import LATE_AFTER_SECONDS, Heartbeat
from jobfleet_jobs.protocol.names import WORKERS, heartbeat_key
from jobfleet_jobs.protocol.roll import OnRoll, call_roll

from jobfleet.aws.bucket import Bucket
from jobfleet.human_text import ago

LATE_AFTER = timedelta(seconds=LATE_AFTER_SECONDS)

# Heartbeats stay for some days when an instance is gone. Who was not heard of for so long is only counted.
FORGOTTEN_AFTER = timedelta(days=1)

# As many pages of keys are listed, 1,000 a page; a worker has two keys or three.
PAGES_MAX = 100

# Of so many workers the heartbeats are read, those first that a person has to see to. Of the others the
# listing alone says how they are.
DETAILS_MAX = 100

DEPLOY = "`ansible-playbook site.yml`"

# How long a Learner Lab's credentials last, from the start of its session at the latest.
LAB_SESSION = timedelta(hours=4)
LAB_SESSION_ENDS_SOON = timedelta(hours=3, minutes=30)

State = Literal["alive", "late", "paused", "stopped"]
STATES: tuple[State, ...] = ("alive", "paused", "late", "stopped")
_URGENT: tuple[State, ...] = ("paused", "late", "alive", "stopped")


@dataclass(frozen=True)
class Worker:
    """A worker's last heartbeat; `at` is when. `paused` is why it waits, None if it does not.

    `credentials_age` is how old its credentials file is by now, None where that is not known. `offer`
    is what it says of its operations, to be read with care (`stack.offered_operations`). Where the
    heartbeat was not `read`, only id, state, time and version are known.
    """

    id: str
    state: State
    at: datetime
    started: datetime | None = None
    version: str = ""
    python: str = ""
    in_flight: int = 0
    paused: str | None = None
    credentials_age: timedelta | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    offer: Mapping[str, Any] = field(default_factory=dict)
    read: bool = True


@dataclass(frozen=True)
class Workforce:
    """The workers heard of within a day, the living first, and how many `older` ones there are.

    Not `whole` where there were more than are listed.
    """

    workers: Sequence[Worker] = ()
    older: int = 0
    whole: bool = True

    def count(self, state: State) -> int:
        """Return how many are in a state."""
        return sum(worker.state == state for worker in self.workers)


def call_workers(bucket: Bucket, now: datetime) -> tuple[list[OnRoll], int, bool]:
    """Return the workers heard of within a day, by the listing; how many are older; and if that is all."""
    listing = bucket.list(WORKERS, pages=PAGES_MAX)
    found = call_roll((item.key, item.modified) for item in listing.items)
    recent = [one for one in found if now - one.at < FORGOTTEN_AFTER]
    return recent, len(found) - len(recent), listing.whole


def read_workers(bucket: Bucket, now: datetime | None = None) -> Workforce:
    """Return the workers.

    Reads the heartbeats that the listing says too little of, and of the others `DETAILS_MAX`.
    """
    now = now or datetime.now(UTC)
    recent, older, whole = call_workers(bucket, now)
    told = sorted((one for one in recent if one.state), key=lambda one: _URGENT.index(listed_state(one, now)))
    chosen = [one for one in recent if one.state is None] + told[:DETAILS_MAX]
    workers = read_heartbeats(bucket, chosen, now) + [_unread(one, now) for one in told[DETAILS_MAX:]]
    return Workforce(sorted(workers, key=lambda one: (STATES.index(one.state), one.id)), older, whole)


def read_heartbeats(bucket: Bucket, chosen: Sequence[OnRoll], now: datetime) -> list[Worker]:
    """Read the heartbeats of these workers."""
    by_key = {heartbeat_key(one.worker): one for one in chosen}
    return [_read(by_key[key], text, now) for key, text in bucket.texts(list(by_key))]


def why_none_is_alive(found: Workforce) -> str:
    """Return a sentence on what `read_workers` returned, with the way out."""
    paused = next((worker for worker in found.workers if worker.state == "paused"), None)
    if paused:
        because = "AWS refuses its credentials" if paused.paused == "credentials" else str(paused.paused)
        return f"worker {paused.id} is alive, but paused: {because}; run {DEPLOY} with valid credentials"
    mend = f"start the instances (a Learner Lab stops them with its session), or run {DEPLOY}"
    if not found.workers:
        when = "for a day" if found.older else "yet, or those of the last ones have expired"
        return f"no worker has sent a heartbeat {when}: {mend}"
    last = max(found.workers, key=lambda worker: worker.at)
    how = "was stopped" if last.state == "stopped" else "sent its last heartbeat"
    return f"no worker is alive; {last.id} {how} {ago(last.at)}: {mend}"


def _read(one: OnRoll, text: str, now: datetime) -> Worker:
    last = Heartbeat.read(text)
    at, age = last.at or one.at, last.credentials_age
    return Worker(
        id=one.worker,
        state=_state(at, now, stopped=last.stopped, paused=last.paused is not None),
        at=at,
        started=last.started,
        version=last.version,
        python=last.python,
        in_flight=last.in_flight,
        paused=last.paused,
        credentials_age=None if age is None else timedelta(seconds=age) + (now - at),
        counts=last.counts,
        offer=last.offer,
    )


def _unread(one: OnRoll, now: datetime) -> Worker:
    return Worker(one.worker, listed_state(one, now), one.at, version=one.version, read=False)


def listed_state(one: OnRoll, now: datetime) -> State:
    """Return how a worker is by the listing alone."""
    return _state(one.at, now, stopped=one.state == "stopped", paused=one.state == "paused")


def _state(at: datetime, now: datetime, *, stopped: bool, paused: bool) -> State:
    if stopped:
        return "stopped"
    if now - at > LATE_AFTER:
        return "late"
    return "paused" if paused else "alive"
