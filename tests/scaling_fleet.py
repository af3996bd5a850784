"""Hosts, workers and a fleet for tests of the scaler, where no hosts can be launched or are to be."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jobfleet_jobs.protocol.heartbeat import Heartbeat
from jobfleet_scaling.demand.workers import WorkerSight
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.actors import FleetSight
from jobfleet_scaling.fleet.hosts import FleetHost
from jobfleet_scaling.fleet.lab_cap import LabRoom

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GROUP = HostGroup("workers", "st-workers", "1", "st-workers", type="t3.micro")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def configuration(*groups: HostGroup, least: int = 0, most: int = 6, **more: Any) -> ScalingConfiguration:
    return ScalingConfiguration(least, most, groups or (GROUP,), **more)


def host(name: str, age: float = 600, group: str = "workers", version: str = "1", **more: Any) -> FleetHost:
    """Return a host that was launched so many seconds ago."""
    return FleetHost(name, group, NOW - seconds(age), version=version, scaling_group="st-workers", **more)


def sight(name: str, age: float = 10, in_flight: int = 0, *, stopped: bool = False) -> WorkerSight:
    """Return a worker that was heard of so many seconds ago."""
    at = NOW - seconds(age)
    return WorkerSight(name, at, stopped, Heartbeat(name, at=at, in_flight=in_flight, slots=2))


def sights(*all_of_them: WorkerSight) -> dict[str, WorkerSight]:
    return {one.worker: one for one in all_of_them}


class TurnedClock:
    """A clock that a test turns."""

    def __init__(self, start: datetime = NOW) -> None:
        self.start, self.seconds = start, 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)


@dataclass
class FakeFleet:
    """A fleet that launches at once and ends at once; it stands for groups and instances.

    `refuses` is raised by whatever is asked of it. `room` is what a lab has.
    """

    hosts: list[FleetHost] = field(default_factory=list)
    refuses: Exception | None = None
    room_left: LabRoom = field(default_factory=LabRoom)
    ordered: Counter[str] = field(default_factory=Counter)
    ended: list[str] = field(default_factory=list)
    slow: bool = False
    launched: int = 0
    why: str = ""

    def look(self, configuration: ScalingConfiguration) -> FleetSight:
        most = {group.name: configuration.maximum for group in configuration.groups}
        return FleetSight(tuple(self.hosts), Counter(self.ordered) if self.slow else {}, most)

    def with_health(self, hosts: Sequence[FleetHost]) -> list[FleetHost]:
        return list(hosts)

    def room(self, configuration: ScalingConfiguration, ordered: Mapping[str, int]) -> LabRoom:
        return self.room_left

    def order(self, group: HostGroup, count: int, decision: int) -> None:
        self._refuse()
        self.ordered[group.name] += count
        if not self.slow:
            self.come(group, count)

    def come(self, group: HostGroup, count: int, at: datetime | None = None) -> None:
        """Launch hosts of a group."""
        for _ in range(count):
            self.launched += 1
            name = f"i-{self.launched}"
            launched = at or datetime.now(UTC)
            self.hosts.append(FleetHost(name, group.name, launched, version=group.version))

    def take_back(self, group: HostGroup, count: int) -> None:
        self._refuse()
        self.ordered[group.name] -= count

    def end(self, host: FleetHost) -> None:
        self._refuse()
        self.ended.append(host.id)
        self.hosts = [one for one in self.hosts if one.id != host.id]

    def why_none_come(self, group: HostGroup) -> str:
        return self.why

    def age(self, by: float) -> None:
        """Let all hosts be older by so many seconds."""
        self.hosts = [replace(one, launched=one.launched - seconds(by)) for one in self.hosts]

    def _refuse(self) -> None:
        if self.refuses:
            raise self.refuses
