"""All runs that were asked for: workloads times seeds, several at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobfleet_scaling.simulate.compare import Curve, SimulationOutcome, simulate, with_bound
from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, CONTESTANTS
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.workloads.files import USUAL_SECONDS, workload_from
from jobfleet_scaling.simulate.workloads.generators import GENERATORS
from jobfleet_scaling.simulate.workloads.streams import SimulatedWorkload

# Whose hosts are drawn over time, as far as they take part.
DRAWN = ("shipped", "need", "keda")


@dataclass(frozen=True)
class Part:
    """The `policies` on one workload with one seed. The process that runs it makes it, by name or from file.

    Without a `cap` the workload says how many hosts there may be. A job of a file takes `service` seconds.
    """

    workload: str
    seed: int
    policies: tuple[str, ...]
    world: World = field(default_factory=World)
    cap: int | None = None
    jobs: int | None = None
    arrivals: Path | None = None
    service: float = USUAL_SECONDS

    def make(self) -> tuple[World, SimulatedWorkload]:
        """Return its world and its jobs. Raises `BadArrivals`, `OSError`."""
        workload = self._workload()
        return replace(self.world, maximum=self.cap or workload.maximum), workload

    def _workload(self) -> SimulatedWorkload:
        if self.arrivals:
            return workload_from(self.arrivals, self.service)
        make = GENERATORS[self.workload]
        return make(self.jobs) if self.jobs else make()


def run_part(part: Part) -> list[SimulationOutcome]:
    """Let a part's policies do its workload."""
    world, workload = part.make()
    contestants = [CONTESTANTS[name] for name in part.policies if name != CLAIRVOYANT]
    if CLAIRVOYANT in part.policies:
        return with_bound(world, workload, contestants, part.seed)
    return simulate(world, workload, contestants, part.seed)


def run_all(parts: Sequence[Part], processes: int) -> Iterator[SimulationOutcome]:
    """Give what came out, in the order of the parts."""
    if processes == 1 or len(parts) == 1:
        for part in parts:
            yield from run_part(part)
        return
    with ProcessPoolExecutor(processes) as pool:
        for outcomes in pool.map(run_part, parts):
            yield from outcomes


def curves_of(part: Part) -> dict[str, Curve]:
    """Return how a part goes over time with some of its policies."""
    world, workload = part.make()
    names = [name for name in part.policies if name in DRAWN] or [part.policies[0]]
    contestants = [CONTESTANTS[name] for name in names if name in CONTESTANTS]
    curves: list[Curve] = [[] for _ in contestants]
    simulate(world, workload, contestants, part.seed, curves)
    return {one.name: curve for one, curve in zip(contestants, curves, strict=True)}
