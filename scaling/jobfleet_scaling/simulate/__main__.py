"""Compare policies in a simulated world: `python -m jobfleet_scaling.simulate`; docs/scaling.md explains."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from jobfleet_scaling.simulate import plot, tables
from jobfleet_scaling.simulate.compare import SimulationOutcome, by_workload
from jobfleet_scaling.simulate.options import parser, world_of
from jobfleet_scaling.simulate.runs import Part, curves_of, run_all
from jobfleet_scaling.simulate.workloads.files import BadArrivals

OK, FAILED = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print, return the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.plot:
            plot.plotting()
        parts = list(_parts(options))
        found = list(run_all(parts, options.processes))
        if options.plot:
            curves = {part.workload: curves_of(part) for part in parts if part.seed == 1}
            plot.draw(options.plot, by_workload(found), curves)
    except (BadArrivals, plot.NoPlots, OSError, ValueError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return FAILED
    sys.stdout.write((tables.json_of(found) if options.json else _text(parts, found)) + "\n")
    return OK


def _parts(options: argparse.Namespace) -> Iterator[Part]:
    world = world_of(options)
    names = [options.arrivals.name] if options.arrivals else options.workloads
    for name in names:
        for seed in range(1, options.seeds + 1):
            yield Part(
                name, seed, tuple(options.policies), world, options.max, options.jobs,
                options.arrivals, options.service,
            )  # fmt: skip


def _text(parts: Sequence[Part], found: Sequence[SimulationOutcome]) -> str:
    texts = []
    first = {part.workload: part for part in parts if part.seed == 1}
    for name, outcomes in by_workload(found).items():
        world, workload = first[name].make()
        seeds = outcomes[0].seed
        title = (
            f"{name}: {workload.what}; {outcomes[0].jobs:,} jobs, {world.minimum} to {world.maximum} hosts, "
            + (f"means of {seeds} seeds" if seeds > 1 else "one seed")
        )
        texts.append(tables.text_of(title, outcomes))
    return "\n\n".join(texts)


if __name__ == "__main__":
    sys.exit(main())
