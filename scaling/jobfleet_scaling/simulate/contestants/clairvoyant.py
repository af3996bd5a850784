"""A bound: policies that know all jobs before they come, and how much work each is.

They have hosts up when the work comes, and none for longer. Which is the cheapest depends on the waits that
are allowed, so there is a family: from much in reserve and no waits to little and late. The bound at some p95
is the cheapest member that keeps it.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from jobfleet_scaling.policy.figures import Bounds, Demand, ScalingDecision, Standing
from jobfleet_scaling.simulate.engine.run import Contestant
from jobfleet_scaling.simulate.engine.world import World

# A host that is wanted again so soon stays.
KEPT_SECONDS = 30.0


@dataclass(frozen=True)
class Foresight:
    """How one of them plans: for the mean work of `around` s before and after a time, `late` s later.

    On top come `spare` times the square root of that (below 0: a backlog is planned), and the backlog that
    there is, within `clear` s.
    """

    around: float
    spare: float
    late: float = 0.0
    clear: float = 300.0


FAMILY = (
    Foresight(5, 1.5, clear=10),
    Foresight(15, 1.0, clear=30),
    Foresight(30, 0.5),
    Foresight(60, 0.5),
    Foresight(60, 0.0, clear=120),
    Foresight(60, -0.2),
    Foresight(120, -0.2),
    Foresight(60, -0.2, late=45, clear=1_000),
    Foresight(90, -0.3, late=60, clear=1_000),
    Foresight(120, -0.3, late=60, clear=1_000),
    Foresight(120, -0.3, late=100, clear=1_000),
    Foresight(240, -0.2),
    Foresight(240, -0.3, late=220, clear=1_000),
    Foresight(600, 0.2),
    Foresight(600, -0.2),
)


class Clairvoyant:
    """Has hosts ready when the work comes. `inflow` is the work of each tick, in host seconds."""

    def __init__(self, come: Sequence[float], world: World, foresight: Foresight) -> None:
        self._come = come
        self._world = world
        self._foresight = foresight
        self._boot = sum(world.boot) / 2
        self._service_seconds = 5.0
        self._past: deque[tuple[float, int]] = deque()

    def decide(self, demand: Demand | None, standing: Standing, bounds: Bounds) -> ScalingDecision:
        """Return what the work of now and of one boot later takes, and what clears the backlog."""
        if demand is None:
            return ScalingDecision(standing.running + standing.booting, 0.0, "")
        self._service_seconds = demand.service_seconds or self._service_seconds
        slots = self._world.slots
        busy = min(demand.in_flight, (standing.running + standing.leaving) * slots)
        waiting = demand.visible + demand.in_flight - busy
        backlog = waiting / slots * min(1.0, self._service_seconds / self._foresight.clear)
        planned = max(self._planned(demand.at), self._planned(demand.at + self._boot))
        wanted = math.ceil(planned + backlog - 1e-9)
        if waiting and not self._mean(demand.at, math.inf):
            # No more work comes, and the rest is not left lying.
            wanted = max(wanted, 1)
        self._past.append((demand.at, wanted))
        while self._past[0][0] < demand.at - KEPT_SECONDS:
            self._past.popleft()
        have = standing.running + standing.booting
        wanted = max(wanted, min(have, max(most for _, most in self._past)))
        return ScalingDecision(max(bounds.minimum, min(bounds.maximum, wanted)), 0.0, "")

    def _planned(self, at: float) -> float:
        foresight = self._foresight
        begin = at - foresight.around - foresight.late
        mean = self._mean(begin, begin + 2 * foresight.around)
        return mean + foresight.spare * math.sqrt(mean)

    def _mean(self, begin: float, end: float) -> float:
        tick, last = self._world.tick, len(self._come) - 1
        first = min(last, max(0, int(begin / tick)))
        beyond = min(last, max(0, math.ceil(min(end, last * tick) / tick)))
        seconds = (end - begin) if end < math.inf else 1.0
        return (self._come[beyond] - self._come[first]) / max(seconds, tick) if beyond > first else 0.0


def clairvoyants(inflow: Iterator[float], world: World) -> list[Contestant]:
    """Return the family for a workload whose ticks bring so many host seconds of work each."""
    come = [0.0, *accumulate(inflow)]
    return [
        Contestant(f"clairvoyant {number}", lambda how=how: Clairvoyant(come, world, how))  # type: ignore[misc]
        for number, how in enumerate(FAMILY)
    ]
