"""The operations that live workers offer, by their heartbeats: a client needs no package to use them.

Where no worker lives and the fleet scales, it is what the next hosts will offer, by the image they boot from.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.declaration_json import BadDeclaration, from_json
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.protocol.roll import one_of_each_offer

from jobfleet.aws.bucket import Bucket
from jobfleet.errors import NotOffered
from jobfleet.human_text import plain
from jobfleet.stack.workers import Worker, call_workers, listed_state, read_heartbeats

# Asked again after this by a process that goes on sending.
KEPT_SECONDS = 60.0

# Who says it where no worker lives.
NEXT_HOSTS = "the next hosts"
ASLEEP = f"no worker runs now; this is what {NEXT_HOSTS} will offer"

# As many names are told in a sentence.
_SHOWN = 20


@dataclass(frozen=True)
class Offered:
    """An operation, the workers that offer it, and the package it is from; built in where that is empty."""

    operation: Operation
    workers: Sequence[str]
    package: str = ""


@dataclass(frozen=True)
class BrokenOperation:
    """What a package should have brought to a worker, and why it did not."""

    worker: str
    package: str
    why: str


@dataclass
class Offers:
    """What `workers` offer, by name. `lacking` are built-in operations that some lack a part for, with why.

    They are the live ones. Where there is none (`live` is false), and the fleet scales, it is what the next
    hosts will offer, which boot from the `image` of that hash; nobody is among the `workers` then, and what
    is lacking or broken is told of `NEXT_HOSTS`. Else they are those that were last heard of.
    `silent` ones run a version that does not say what it offers. Not `whole` where there are more workers.
    """

    workers: Sequence[str] = ()
    live: bool = False
    image: str = ""
    silent: Sequence[str] = ()
    offered: dict[str, Offered] = field(default_factory=dict)
    lacking: dict[str, dict[str, str]] = field(default_factory=dict)
    broken: list[BrokenOperation] = field(default_factory=list)
    whole: bool = True

    def find(self, name: str) -> Operation:
        """Return the operation called `name`, as its workers declare it. Raises `NotOffered`."""
        if name in self.offered:
            return self.offered[name].operation
        if name in OPERATIONS:
            nobody = f"no worker runs, and {NEXT_HOSTS} will not do" if self.image else "no live worker does"
            raise NotOffered(f"{nobody} {name}{self._why(name)}")
        if not (self.workers or self.image):
            meant = did_you_mean(name, OPERATIONS)
            raise NotOffered(
                f"operation {shown(name)} is not built in{meant}, and no live worker can say whether it "
                "offers it: see `jobfleet status`"
            )
        meant = did_you_mean(name, self.offered)
        there = ", ".join(list(self.offered)[:_SHOWN])
        broken = f"; {len(self.broken)} broken, see `jobfleet operations`" if self.broken else ""
        nobody = "no live worker" if self.whole else f"none of the {len(self.workers):,} workers looked at"
        offers = f"no worker runs, and {NEXT_HOSTS} will not offer" if self.image else f"{nobody} offers"
        raise NotOffered(
            f"{offers} an operation {shown(name)}{meant}; there are {there}{broken}. "
            "Name packages with your own operations in worker_operation_packages in the inventory"
        )

    def check(self, name: str) -> None:
        """Raise `NotOffered` for an operation that surely no live worker does, nor the next host."""
        sure = bool(self.image) or (self.live and self.whole and not self.silent)
        if sure and name not in self.offered:
            self.find(name)

    def _why(self, name: str) -> str:
        if self.image:
            return "".join(f": {why}" for why in self.lacking.get(name, {}).values())
        said = [f"{worker} says: {why}" for worker, why in self.lacking.get(name, {}).items()]
        return f"; {'; '.join(said[:3])}" if said else ""


def read_offers(bucket: Bucket) -> Offers:
    """Read what the workers say, or what the next hosts will offer. Raises AWS's errors."""
    now = datetime.now(UTC)
    recent, _, whole = call_workers(bucket, now)
    asked = [one for one in recent if listed_state(one, now) in ("alive", "paused")] or recent
    # The heartbeat of one tells what all of its mark offer, and how it is itself.
    marks = {one.worker: one.mark or one.worker for one in one_of_each_offer(asked)}
    told = read_heartbeats(bucket, [one for one in asked if one.worker in marks], now)
    by_mark = {marks[worker.id]: worker for worker in told}
    found = []
    for one in asked:
        like = by_mark.get(one.mark or one.worker, Worker(one.worker, "alive", one.at, read=False))
        found.append(replace(like, id=one.worker, state=listed_state(one, now) if one.state else like.state))
    live = [each for each in found if each.state in ("alive", "paused")]
    if not live and (coming := _of_next_hosts(bucket, now)):
        return coming
    offers = gathered(live or found, live=bool(live))
    offers.whole = whole
    return offers


def _of_next_hosts(bucket: Bucket, now: datetime) -> Offers | None:
    # Imported here: where workers live, a process needs nothing of the scaling.
    from jobfleet.stack.scaling.next_hosts import read_next_offer

    told = read_next_offer(bucket)
    if told is None:
        return None
    offers = gathered([Worker(NEXT_HOSTS, "stopped", now, offer=told.offer)], live=False)
    offered = {name: replace(one, workers=[]) for name, one in offers.offered.items()}
    return replace(offers, workers=(), image=told.image, offered=offered)


def gathered(workers: Sequence[Worker], *, live: bool) -> Offers:
    """Put together what workers say; an operation is as the one that was started last declares it."""
    offers = Offers([worker.id for worker in workers], live)
    by_start = sorted(workers, key=lambda one: one.started.timestamp() if one.started else 0.0, reverse=True)
    read: dict[int, Mapping[str, Any]] = {}  # declarations that many workers share are read once
    offers.silent = [worker.id for worker in by_start if worker.offer.get("operations") is None]
    names: dict[str, list[str]] = {}
    for worker in by_start:
        for name in _texts(worker.offer.get("operations")):
            names.setdefault(name, []).append(worker.id)
        for name, why in _pairs(worker.offer.get("lacking")):
            offers.lacking.setdefault(name, {})[worker.id] = why
        if id(worker.offer) not in read:
            read[id(worker.offer)] = worker.offer
            _take_own(offers, worker)
        for one in _objects(worker.offer.get("broken")):
            package = f"{one.get('package', '?')} {one.get('entry', '')}"
            offers.broken.append(
                BrokenOperation(worker.id, plain(package, 120), plain(str(one.get("why")), 400))
            )
    for name, ids in names.items():
        if name in OPERATIONS:
            offers.offered[name] = Offered(OPERATIONS[name], sorted(ids))
        elif name in offers.offered:
            own = offers.offered[name]
            offers.offered[name] = Offered(own.operation, sorted(ids), own.package)
    offers.offered = {name: offers.offered[name] for name in _in_order(offers.offered) if name in names}
    return offers


def _take_own(offers: Offers, worker: Worker) -> None:
    for one in _objects(worker.offer.get("own")):
        package = plain(str(one.get("package", "?")), 80)
        try:
            operation = from_json(one)
        except BadDeclaration as problem:
            offers.broken.append(
                BrokenOperation(worker.id, package, f"this client cannot read it: {problem}")
            )
        else:
            offers.offered.setdefault(operation.name, Offered(operation, [], package))


def _in_order(offered: Mapping[str, Offered]) -> list[str]:
    own = sorted(name for name in offered if name not in OPERATIONS)
    return [*(name for name in OPERATIONS if name in offered), *own]


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _pairs(value: Any) -> list[tuple[str, str]]:
    return [(str(k), plain(str(v), 300)) for k, v in value.items()] if isinstance(value, dict) else []


class Known:
    """What the workers offer, as one process knows it; read when it is first needed, and again in a while."""

    def __init__(self, read_offers: Callable[[], Offers]) -> None:
        self._read, self._offers, self._read_at = read_offers, Offers(), float("-inf")

    @property
    def words(self) -> str:
        """What people should know of what was read; empty where live workers offer it."""
        return ASLEEP if self._offers.image else ""

    def now(self) -> Offers:
        """Return it. Raises what reading raises."""
        if time.monotonic() - self._read_at > KEPT_SECONDS:
            self._offers, self._read_at = self._read(), time.monotonic()
        return self._offers

    def find(self, name: str) -> Operation:
        """Return an operation; one that every worker does costs no call. Raises `NotOffered`."""
        if name in OPERATIONS:
            self.check(name)
            return OPERATIONS[name]
        return self.now().find(name)

    def check(self, name: str) -> None:
        """Raise `NotOffered` for an operation that surely no live worker does, if that takes a part."""
        if name in OPERATIONS and OPERATIONS[name].part:
            self.now().check(name)
