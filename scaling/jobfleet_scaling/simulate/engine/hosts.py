"""The simulated hosts: launched, booting, at work, cordoned, ended, and what they cost."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from jobfleet_scaling.policy.shares import FleetMember, first_to_leave
from jobfleet_scaling.simulate.engine.world import World

# One slot of a host: when it is free, the host, how long the job that it has until then waited, and how long
# that job takes (0: it has had none yet). Slots lie in a heap, the one that is free first on top.
Slot = tuple[float, int, float, float]

GIVEN_UP_AFTER = 300.0


@dataclass
class SimulatedHost:
    """A host: when it was `launched`, and when it is `ready`; `dies` by itself at some time."""

    launched: float
    ready: float
    dies: float
    cordoned: bool = False
    # While it is cordoned, its slots are here and not in the heap.
    slots: list[Slot] = field(default_factory=list)


class SimulatedHosts:
    """All hosts of a run."""

    def __init__(self, world: World, randoms: random.Random) -> None:
        self._world = world
        self._random = randoms
        self._dying: list[tuple[float, int]] = []
        self._coming: list[tuple[float, int]] = []
        self._leaving: dict[int, SimulatedHost] = {}
        self._hosts: dict[int, SimulatedHost] = {}
        self.slots: list[Slot] = []
        self.launches = 0
        self.refusals = 0
        self.peak = 0
        self.paid_seconds = 0.0

    def counts(self, now: float) -> tuple[int, int, int]:
        """Return how many hosts are at work, boot, and are leaving."""
        while self._coming and self._coming[0][0] <= now:
            heappop(self._coming)
        booting = sum(1 for _, host in self._coming if host in self._hosts and host not in self._leaving)
        leaving = len(self._leaving)
        return len(self._hosts) - booting - leaving, booting, leaving

    def busy(self, now: float) -> int:
        """Return how many jobs are being done."""
        at_work = sum(1 for slot in self.slots if slot[0] > now and slot[3])
        return at_work + sum(
            1 for host in self._leaving.values() for slot in host.slots if slot[0] > now and slot[3]
        )

    def launch(self, now: float, count: int) -> None:
        """Launch so many hosts, of which some may be refused or never come up."""
        world, draw = self._world, self._random.random
        for _ in range(count):
            if world.refused and draw() < world.refused:
                self.refusals += 1
                continue
            self.launches += 1
            ready = now + world.boot[0] + draw() * (world.boot[1] - world.boot[0])
            dies = now + self._random.expovariate(1 / world.life) if world.life else float("inf")
            if world.stillborn and draw() < world.stillborn:
                ready, dies = float("inf"), now + GIVEN_UP_AFTER
            self._hosts[self.launches] = SimulatedHost(now, ready, dies)
            heappush(self._coming, (ready, self.launches))
            if dies < float("inf"):
                heappush(self._dying, (dies, self.launches))
            for _ in range(world.slots):
                heappush(self.slots, (ready, self.launches, 0.0, 0.0))
        self.peak = max(self.peak, len(self._hosts))

    def uncordon(self, now: float, count: int) -> int:
        """Take back up to so many hosts that were to leave, the last first; return how many."""
        back = list(reversed(self._leaving))[:count]
        for name in back:
            host = self._leaving.pop(name)
            host.cordoned = False
            for slot in host.slots:
                heappush(self.slots, slot if slot[0] > now else (now, name, 0.0, 0.0))
            host.slots = []
        return len(back)

    def choose(self, now: float, count: int) -> list[int]:
        """Return so many hosts that are to leave first, by the rule that ships."""
        at_work = {slot[1] for slot in self.slots if slot[0] > now and slot[3]}
        members = [
            FleetMember(f"{name:09}", "", host.launched, idle=name not in at_work)
            for name, host in self._hosts.items()
            if name not in self._leaving
        ]
        return [int(name) for name in first_to_leave(members, {"": len(members) - count})]

    def cordon(self, names: Iterable[int]) -> None:
        """Give these hosts no more jobs."""
        for name, slots in self._take_slots(set(names)).items():
            self._hosts[name].slots = slots
            self._leaving[name] = self._hosts[name]

    def end_drained(self, now: float) -> None:
        """End the cordoned hosts that have nothing to do any more."""
        drained = [
            name
            for name, host in self._leaving.items()
            if all(free <= now or not service for free, _, _, service in host.slots)
        ]
        for name in drained:
            self._end(name, now)

    def kill(self, now: float, names: Iterable[int]) -> Iterator[Slot]:
        """End these hosts at once; give the slots whose jobs were not done."""
        names = set(names)
        taken = self._take_slots(names - self._leaving.keys())
        for name in names:
            slots = taken.get(name) or self._hosts[name].slots
            self._end(name, now)
            yield from (slot for slot in slots if slot[0] > now and slot[3])

    def dead(self, now: float) -> list[int]:
        """Return the hosts that died by themselves since this was last asked."""
        found = []
        while self._dying and self._dying[0][0] <= now:
            name = heappop(self._dying)[1]
            if name in self._hosts:
                found.append(name)
        return found

    def end_all(self, now: float) -> None:
        """End the run: what there is is paid until now."""
        for name in list(self._hosts):
            self._end(name, now)

    def _end(self, name: int, now: float) -> None:
        host = self._hosts.pop(name)
        self._leaving.pop(name, None)
        self.paid_seconds += max(self._world.paid_at_least, now - host.launched)

    def _take_slots(self, names: set[int]) -> dict[int, list[Slot]]:
        taken: dict[int, list[Slot]] = defaultdict(list)
        if not names:
            return taken
        rest = []
        for slot in self.slots:
            if slot[1] in names:
                taken[slot[1]].append(slot)
            else:
                rest.append(slot)
        heapify(rest)
        self.slots[:] = rest
        return taken
