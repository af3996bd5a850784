"""Compare policies that scale a fleet: `python -m benchmarks.scaling`; docs/benchmarks.md explains.

The plot needs benchmarks/requirements.txt in the Python it runs with; `make bench` sees to that.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from jobfleet_scaling.simulate import plot
from jobfleet_scaling.simulate.compare import by_workload
from jobfleet_scaling.simulate.options import POLICIES, USUAL_WORKLOADS
from jobfleet_scaling.simulate.runs import Part, curves_of, run_all
from jobfleet_scaling.simulate.workloads.generators import GENERATORS

from benchmarks.scaling import report
from benchmarks.telling.machine import machine
from benchmarks.telling.page import write_page
from benchmarks.telling.places import ROOT

RESULTS = ROOT / "benchmarks" / "results"
SEEDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, write, return the exit code."""
    options = _parser().parse_args(arguments)
    seeds = options.seeds or (1 if options.quick else SEEDS)
    jobs = 600 if options.quick else None
    parts = [
        Part(name, seed, POLICIES, jobs=jobs) for name in options.workloads for seed in range(1, seeds + 1)
    ]
    found = list(run_all(parts, options.processes))
    about = machine()
    whole = not options.quick and seeds >= SEEDS and set(options.workloads) == set(USUAL_WORKLOADS)
    out = options.out or (RESULTS if whole else None)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        told = {"machine": about, "runs": [asdict(one) for one in found]}
        (out / "scaling.json").write_text(json.dumps(told, indent=1) + "\n")
        curves = {part.workload: curves_of(part) for part in parts if part.seed == 1}
        plot.draw(out / "scaling.png", by_workload(found), curves)
    whats = {name: GENERATORS[name]().what for name in options.workloads}
    markdown = report.tables(about, found, whats)
    if options.page:
        write_page(options.page, report.FIGURES, markdown)
    sys.stdout.write(markdown + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.scaling", description="Compare policies that scale.")
    parser.add_argument("--quick", action="store_true", help="few jobs, one seed: does it all run?")
    parser.add_argument(
        "--out", type=Path, help="folder for JSON and plot (default: benchmarks/results, of a whole run)"
    )
    parser.add_argument("--page", type=Path, help="page to put the tables into, such as docs/benchmarks.md")
    parser.add_argument("--seeds", type=int, help=f"seeds of each workload (default: {SEEDS})")
    parser.add_argument(
        "--workloads", nargs="+", default=list(USUAL_WORKLOADS), choices=GENERATORS, help="which workloads"
    )
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="runs at a time (default: one a core)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
