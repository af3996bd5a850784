"""The workers of a stack, by the heartbeats that they leave in the bucket (docs/worker.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from jobfleet_jobs.protocol.heartbeat import LATE_AFTER_SECONDS, Heartbeat
from jobfleet_jobs.protocol.names import WORKERS

from jobfleet.aws.bucket import Bucket, ListedObject
from jobfleet.human_text import ago

LATE_AFTER = timedelta(seconds=LATE_AFTER_SECONDS)

# Heartbeats stay when an instance is gone. Who was not heard of for so long is only counted.
FORGOTTEN_AFTER = timedelta(days=1)

# As many heartbeats are read, the newest first.
HEARTBEATS_MAX = 100

DEPLOY = "`ansible-playbook site.yml`"

# How long a Learner Lab's credentials last, from the start of its session at the latest.
LAB_SESSION = timedelta(hours=4)
LAB_SESSION_ENDS_SOON = timedelta(hours=3, minutes=30)

State = Literal["alive", "late", "paused", "stopped"]


@dataclass(frozen=True)
class Worker:
    """A worker's last heartbeat; `at` is when. `paused` is why it waits, None if it does not.

    `credentials_age` is how old its credentials file is by now, None where that is not known. `offer`
    is what it says of its operations, to be read with care (`stack.offered_operations`).
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


def read_workers(bucket: Bucket, now: datetime | None = None) -> tuple[list[Worker], int]:
    """Return the workers, the living first, and how many were not heard of for a day or are not shown."""
    now = now or datetime.now(UTC)
    found = sorted(bucket.list(WORKERS).items, key=lambda item: item.modified, reverse=True)
    recent = [item for item in found if now - item.modified < FORGOTTEN_AFTER][:HEARTBEATS_MAX]
    modified = {item.key: item for item in recent}
    workers = [_read(modified[key], text, now) for key, text in bucket.texts(list(modified))]
    order = ("alive", "paused", "late", "stopped")
    return sorted(workers, key=lambda one: (order.index(one.state), one.id)), len(found) - len(recent)


def why_none_is_alive(found: Sequence[Worker], forgotten: int) -> str:
    """Return a sentence on what `read_workers` returned, with the way out."""
    paused = next((worker for worker in found if worker.state == "paused"), None)
    if paused:
        because = "AWS refuses its credentials" if paused.paused == "credentials" else str(paused.paused)
        return f"worker {paused.id} is alive, but paused: {because}; run {DEPLOY} with valid credentials"
    mend = f"start the instances (a Learner Lab stops them with its session), or run {DEPLOY}"
    if not found:
        when = "for a day" if forgotten else "ever"
        return f"no worker has sent a heartbeat {when}: {mend}"
    last = max(found, key=lambda worker: worker.at)
    how = "was stopped" if last.state == "stopped" else "sent its last heartbeat"
    return f"no worker is alive; {last.id} {how} {ago(last.at)}: {mend}"


def _read(item: ListedObject, text: str, now: datetime) -> Worker:
    last = Heartbeat.read(text)
    at, age = last.at or item.modified, last.credentials_age
    return Worker(
        id=item.key.removeprefix(WORKERS).removesuffix(".json"),
        state=_state(last, at, now),
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


def _state(last: Heartbeat, at: datetime, now: datetime) -> State:
    if last.stopped:
        return "stopped"
    if now - at > LATE_AFTER:
        return "late"
    return "paused" if last.paused else "alive"
