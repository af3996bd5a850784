"""The workers of a stack, by the signs of life that they leave in the bucket (docs/worker.md)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from jobfleet_jobs.protocol.names import WORKERS

from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket, Item
from jobfleet.errors import FleetError
from jobfleet.human_text import ago, instant, many

# A worker writes its sign every minute, and one may be missed.
SIGN_SECONDS = 60
LATE_AFTER = timedelta(seconds=2.5 * SIGN_SECONDS)

# Signs stay when an instance is gone. Who was not heard of for so long is only counted.
FORGOTTEN_AFTER = timedelta(days=1)

# As many signs are read, the newest first.
SIGNS_MAX = 100

DEPLOY = "`ansible-playbook site.yml`"

# How long a Learner Lab's credentials last, from the start of its session at the latest.
LAB_SESSION = timedelta(hours=4)
LAB_SESSION_ENDS_SOON = timedelta(hours=3, minutes=30)

State = Literal["alive", "late", "paused", "stopped"]


@dataclass(frozen=True)
class Worker:
    """A worker's last sign of life; `at` is when. `paused` is why it waits, None if it does not.

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


def look(bucket: Bucket, now: datetime | None = None) -> tuple[list[Worker], int]:
    """Return the workers, the living first, and how many were not heard of for a day or are not shown."""
    now = now or datetime.now(UTC)
    found = sorted(bucket.list(WORKERS).items, key=lambda item: item.modified, reverse=True)
    recent = [item for item in found if now - item.modified < FORGOTTEN_AFTER][:SIGNS_MAX]
    modified = {item.key: item for item in recent}
    workers = [_read(modified[key], text, now) for key, text in bucket.texts(list(modified))]
    order = ("alive", "paused", "late", "stopped")
    return sorted(workers, key=lambda one: (order.index(one.state), one.id)), len(found) - len(recent)


def of_silence(account: Account) -> str:
    """Return a sentence on whether anybody is there who could have answered."""
    try:
        with account.in_words():
            found, forgotten = look(Bucket(account))
    except FleetError:
        return "`jobfleet doctor` tests every link to a worker"
    alive = sum(worker.state == "alive" for worker in found)
    if not alive:
        return why_none_is_alive(found, forgotten)
    verb = "is" if alive == 1 else "are"
    return f"{many(alive, 'worker')} {verb} alive and may be busy: `jobfleet status` shows what is in line"


def why_none_is_alive(found: Sequence[Worker], forgotten: int) -> str:
    """Return a sentence on what `look` returned, with the way out."""
    paused = next((worker for worker in found if worker.state == "paused"), None)
    if paused:
        because = "AWS refuses its credentials" if paused.paused == "credentials" else str(paused.paused)
        return f"worker {paused.id} lives, but is paused: {because}; run {DEPLOY} with credentials that hold"
    mend = f"start the instances (a Learner Lab stops them with its session), or run {DEPLOY}"
    if not found:
        when = "for a day" if forgotten else "ever"
        return f"no worker has given a sign of life {when}: {mend}"
    last = max(found, key=lambda worker: worker.at)
    how = "was stopped" if last.state == "stopped" else "gave its last sign"
    return f"no worker is alive; {last.id} {how} {ago(last.at)}: {mend}"


def _read(item: Item, text: str, now: datetime) -> Worker:
    """Read a sign of life; of one that another version wrote, whatever can be read."""
    try:
        sign = json.loads(text)
    except ValueError:
        sign = None
    sign = sign if isinstance(sign, dict) else {}
    at = instant(sign.get("at")) or item.modified
    versions, counts, age = (sign.get(name) for name in ("versions", "counts", "credentials_age"))
    versions = versions if isinstance(versions, dict) else {}
    paused = sign.get("paused")
    return Worker(
        id=item.key.removeprefix(WORKERS).removesuffix(".json"),
        state=_state(sign, at, now),
        at=at,
        started=instant(sign.get("started")),
        version=str(versions.get("jobfleet", "")),
        python=str(versions.get("python", "")),
        in_flight=_number(sign.get("in_flight")),
        paused=str(paused) if paused else None,
        credentials_age=timedelta(seconds=age) + (now - at) if isinstance(age, int | float) else None,
        counts={str(name): _number(count) for name, count in (counts or {}).items()}
        if isinstance(counts, dict)
        else {},
        offer={name: sign[name] for name in ("operations", "own", "lacking", "broken") if name in sign},
    )


def _state(sign: Mapping[str, Any], at: datetime, now: datetime) -> State:
    if sign.get("stopped"):
        return "stopped"
    if now - at > LATE_AFTER:
        return "late"
    return "paused" if sign.get("paused") else "alive"


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else 0
