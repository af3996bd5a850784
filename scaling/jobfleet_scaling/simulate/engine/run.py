"""One run: a policy, a world, and the jobs of a workload, tick by tick.

Between two ticks nobody decides anything, so all jobs of a tick are handed out in one loop: the first job in
line goes to the slot that is free first. Hosts that boot are slots that are free later.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from typing import Protocol

from jobfleet_scaling.policy.figures import Bounds, Demand, ScalingDecision, Standing
from jobfleet_scaling.simulate.engine.hosts import SimulatedHosts, Slot
from jobfleet_scaling.simulate.engine.service_time import ServiceTime
from jobfleet_scaling.simulate.engine.waits import Waits
from jobfleet_scaling.simulate.engine.world import World

# So many jobs are looked at in one piece; a backlog may hold millions.
PIECE = 4_096


class FleetPolicy(Protocol):
    """What decides how many hosts there are to be; `NeedPolicy` is one."""

    def decide(self, demand: Demand | None, standing: Standing, bounds: Bounds) -> ScalingDecision:
        """Return how many hosts are wanted."""


@dataclass(frozen=True)
class Contestant:
    """A policy that takes part: `make` makes a new one.

    It looks every `period` seconds (at the world's ticks), at counts that are late if it `lags`. If it
    `kills`, the hosts that it ends are gone at once, whatever they are doing.
    """

    name: str
    make: Callable[[], FleetPolicy]
    period: float = 0.0
    lags: bool = False
    kills: bool = False


class SimulationRun:
    """A run. Feed it tick after tick, then `finish` it."""

    def __init__(self, world: World, contestant: Contestant, seed: int = 0) -> None:
        self.world = world
        self.contestant = contestant
        self.now = 0.0
        self.waits = Waits()
        self.kills = 0
        self.jobs = 0
        self._random = random.Random(seed)  # noqa: S311 - a simulation wants the same numbers again
        self.hosts = SimulatedHosts(world, self._random)
        self._policy = contestant.make()
        self._arrivals: list[float] = []
        self._services: list[float] = []
        self._next = 0
        # Jobs that were killed: when they are visible again, when they came, how long they take.
        self._again: list[tuple[float, float, float]] = []
        # Of those that are in line again: their places, and how long before they had come.
        self._marks: deque[tuple[int, float]] = deque()
        self._service = ServiceTime(world.tick)
        self._past: deque[Demand] = deque()
        self._looks_at = 0.0
        self._bounds = Bounds(world.minimum, world.maximum)

    def tick(self, arrivals: list[float], services: list[float]) -> None:
        """Let a tick pass: decide, then work. `arrivals` are the times of its jobs, in order."""
        self._lose_dead()
        self._decide()
        self.now += self.world.tick
        self.jobs += len(arrivals)
        self._enqueue(arrivals, services)
        self._work(self.now)

    def is_done(self) -> bool:
        """Tell whether no job waits or is being done."""
        return not self._again and self._next == len(self._arrivals) and not self.hosts.busy(self.now)

    def left(self) -> int:
        """Return how many jobs were never begun."""
        return len(self._arrivals) - self._next + len(self._again)

    def standing(self) -> Standing:
        """Return how many hosts there are."""
        return Standing(*self.hosts.counts(self.now))

    def waiting(self) -> int:
        """Return how many jobs wait."""
        return len(self._arrivals) - self._next

    def finish(self) -> None:
        """End it: all hosts are paid until now."""
        self.hosts.end_all(self.now)

    def _decide(self) -> None:
        standing = self.standing()
        demand = self._look(standing)
        if self.now >= self._looks_at:
            self._looks_at = self.now + self.contestant.period
            wanted = self._policy.decide(demand, standing, self._bounds).wanted
            self._act(wanted - standing.running - standing.booting)
        self.hosts.end_drained(self.now)

    def _act(self, more: int) -> None:
        if more > 0:
            self.hosts.launch(self.now, more - self.hosts.uncordon(self.now, more))
        elif more < 0:
            chosen = self.hosts.choose(self.now, -more)
            if self.contestant.kills:
                self._redo(self.hosts.kill(self.now, chosen))
            else:
                self.hosts.cordon(chosen)

    def _look(self, standing: Standing) -> Demand:
        world = self.world
        waiting, in_flight = self.waiting(), self.hosts.busy(self.now) + len(self._again)
        held = min(waiting, max(0, world.hold - world.slots) * standing.running)
        seconds = self._service.known(self.now)
        slots = float(world.slots) if standing.running or seconds else 0.0
        exact = Demand(self.now, waiting - held, in_flight + held, seconds, slots)
        if not self.contestant.lags:
            return self._inexact(exact)
        self._past.append(exact)
        while len(self._past) > 1 and self._past[1].at <= self.now - world.metric_lag:
            self._past.popleft()
        return self._past[0]

    def _inexact(self, exact: Demand) -> Demand:
        error = self.world.count_error
        if not error:
            return exact
        wrong = [1 + error * (2 * self._random.random() - 1) for _ in range(2)]
        return Demand(
            exact.at,
            round(exact.visible * wrong[0]),
            round(exact.in_flight * wrong[1]),
            exact.service_seconds,
            exact.slots,
        )

    def _lose_dead(self) -> None:
        dead = self.hosts.dead(self.now)
        if dead:
            self._redo(self.hosts.kill(self.now, dead), by_policy=False)

    def _redo(self, killed: Iterable[Slot], *, by_policy: bool = True) -> None:
        for free, _, wait, service in killed:
            self.kills += by_policy
            self.waits.take_back(wait)
            heappush(self._again, (self.now + self.world.visibility, free - service - wait, service))

    def _enqueue(self, arrivals: list[float], services: list[float]) -> None:
        if self._next > 100_000 and self._next > len(self._arrivals) // 2:
            self._forget_begun()
        if not self._again or self._again[0][0] >= self.now:
            self._arrivals += arrivals
            self._services += services
            return
        line = [(at, at, service) for at, service in zip(arrivals, services, strict=True)]
        while self._again and self._again[0][0] < self.now:
            line.append(heappop(self._again))
        for visible, came, service in sorted(line):
            if came < visible:
                self._marks.append((len(self._arrivals), visible - came))
            self._arrivals.append(visible)
            self._services.append(service)

    def _forget_begun(self) -> None:
        del self._arrivals[: self._next]
        del self._services[: self._next]
        self._marks = deque((place - self._next, before) for place, before in self._marks)
        self._next = 0

    def _work(self, until: float) -> None:
        """Begin all jobs that can begin before `until`."""
        if not self.hosts.slots:
            return
        while self._next < len(self._arrivals):
            stop, before = min(len(self._arrivals), self._next + PIECE), 0.0
            if self._marks:
                if self._marks[0][0] == self._next:
                    stop, before = self._next + 1, self._marks[0][1]
                else:
                    stop = min(stop, self._marks[0][0])
            arrivals, services = self._arrivals[self._next : stop], self._services[self._next : stop]
            waits = begin(self.hosts.slots, arrivals, services, until, before)
            if before and waits:
                self._marks.popleft()
            self.waits.add(waits)
            self._service.note(until, sum(services[: len(waits)]), len(waits))
            self._next += len(waits)
            if len(waits) < len(arrivals):
                return


def begin(
    slots: list[Slot], arrivals: list[float], services: list[float], until: float, before: float = 0.0
) -> list[float]:
    """Begin the jobs, first come, first served, as far as they begin before `until`; return their waits.

    `before` is what they had waited when they were put in line. This is where the time of a simulation goes.
    """
    waits: list[float] = []
    note, replace = waits.append, heapreplace
    for arrival, service in zip(arrivals, services, strict=True):
        first = slots[0]
        start = first[0]
        if start < arrival:
            start = arrival
        if start >= until:
            break
        wait = start - arrival + before
        replace(slots, (start + service, first[1], wait, service))
        note(wait)
    return waits
