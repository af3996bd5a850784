"""Compare policies in a simulated world: `python -m jobfleet_scaling.simulate`; docs/scaling.md explains."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jobfleet_scaling.simulate import plot, tables
from jobfleet_scaling.simulate.compare import Curve, Outcome, averages, simulate, with_bound
from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, CONTESTANTS, SHIPPED
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.options import parser, world_of
from jobfleet_scaling.simulate.workloads.files import BadArrivals, workload_from
from jobfleet_scaling.simulate.workloads.generators import GENERATORS
from jobfleet_scaling.simulate.workloads.streams import Workload

OK, FAILED = 0, 1


@dataclass(frozen=True)
class Part:
    """One workload with one seed; generators are made anew in each process, by name."""

    workload: str
    jobs: int | None
    arrivals: Path | None
    service: float
    policies: tuple[str, ...]
    world: World
    cap: int | None
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print, return the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.plot:
            plot.plotting()
        found = list(_all_runs(options))
        if options.plot:
            curves = {part.workload: _curves(part) for part in _parts(options) if part.seed == 1}
            plot.draw(options.plot, _by_workload(found), curves)
    except (BadArrivals, plot.NoPlots, OSError, ValueError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return FAILED
    sys.stdout.write((tables.json_of(found) if options.json else _text(options, found)) + "\n")
    return OK


def run(part: Part) -> list[Outcome]:
    """Let a part's policies do its workload."""
    workload, world = _workload(part), _world(part)
    contestants = [CONTESTANTS[name] for name in part.policies if name != CLAIRVOYANT]
    if CLAIRVOYANT in part.policies:
        return with_bound(world, workload, contestants, part.seed)
    return simulate(world, workload, contestants, part.seed)


def _all_runs(options: argparse.Namespace) -> Iterator[Outcome]:
    parts = list(_parts(options))
    if options.processes == 1 or len(parts) == 1:
        for part in parts:
            yield from run(part)
        return
    with ProcessPoolExecutor(options.processes) as pool:
        for outcomes in pool.map(run, parts):
            yield from outcomes


def _parts(options: argparse.Namespace) -> Iterator[Part]:
    names = [options.arrivals.name] if options.arrivals else options.workloads
    for name in names:
        for seed in range(1, options.seeds + 1):
            yield Part(
                name, options.jobs, options.arrivals, options.service, tuple(options.policies),
                world_of(options), options.max, seed,
            )  # fmt: skip


def _workload(part: Part) -> Workload:
    if part.arrivals:
        return workload_from(part.arrivals, part.service)
    make = GENERATORS[part.workload]
    return make(part.jobs) if part.jobs else make()


def _world(part: Part) -> World:
    values = vars(part.world) | {"maximum": part.cap or _workload(part).maximum}
    return World(**values)


def _curves(part: Part) -> dict[str, Curve]:
    names = [name for name in part.policies if name in (SHIPPED, "need", "KEDA")] or [part.policies[0]]
    curves: list[Curve] = [[] for _ in names]
    simulate(_world(part), _workload(part), [CONTESTANTS[name] for name in names], part.seed, curves)
    return dict(zip(names, curves, strict=True))


def _by_workload(found: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    grouped: dict[str, list[Outcome]] = {}
    for one in averages(found):
        grouped.setdefault(one.workload, []).append(one)
    return grouped


def _text(options: argparse.Namespace, found: Sequence[Outcome]) -> str:
    texts = []
    parts = {part.workload: part for part in _parts(options)}
    for name, outcomes in _by_workload(found).items():
        workload, world = _workload(parts[name]), _world(parts[name])
        title = (
            f"{name}: {workload.what}; {outcomes[0].jobs:,} jobs, {world.minimum} to {world.maximum} hosts, "
            f"mean of {outcomes[0].seed} seeds"
        )
        texts.append(tables.text_of(title, outcomes))
    return "\n\n".join(texts)


if __name__ == "__main__":
    sys.exit(main())
