"""Measure jobfleet's worker beside others: `python -m benchmarks.worker`; docs/benchmarks.md explains.

Needs benchmarks/requirements.txt in the Python it runs with; `make bench` sees to that.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.double.control import Steering, Stuck, double, write_config
from benchmarks.telling.page import write_page
from benchmarks.telling.places import ROOT, project_python
from benchmarks.worker import image_jobs, memory, plot, report, stats_jobs
from benchmarks.worker.contestants import JOBFLEET, Contestant, stats_contestants

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"
PARTS = ("stats", "images", "memory")
ALL = [""]  # part of every name
LATENCIES_MS = (0.0, 10.0)

Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, return the exit code."""
    options = _with_sizes(_parser().parse_args(arguments))
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as name, double(Path(name)) as steering:
        folder = Path(name)
        found, contestants = _measure(options, steering, folder)
    found["load_after"] = os.getloadavg()[0]
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "worker.json").write_text(json.dumps(found, indent=1) + "\n")
        plot.draw(found, options.out / "worker.png")
    markdown = report.tables(found, contestants)
    if options.page:
        write_page(options.page, report.FIGURES, markdown)
    sys.stdout.write(markdown + "\n")
    return 0


def _with_sizes(options: argparse.Namespace) -> argparse.Namespace:
    options.rounds = options.rounds or (1 if options.quick else 3)
    # Long enough that the first and the last second of a run count for little.
    options.jobs = options.jobs or (200 if options.quick else 6_000)
    whole = set(options.parts) == set(PARTS) and options.only == ALL and not options.quick
    options.out = options.out or (RESULTS if whole else None)
    options.memory_jobs = 100_000 if options.long else 2_000 if options.quick else 20_000
    return options


def _measure(options: argparse.Namespace, steering: Steering, folder: Path) -> tuple[Json, list[Contestant]]:
    config = folder / "worker.toml"
    write_config(config, steering.endpoint, folder)
    contestants = stats_contestants(options.worker_python, config)
    present = [c for c in contestants if not c.missing() and any(part in c.name for part in options.only)]
    found: Json = {
        "machine": report.machine(options.worker_python),
        "quick": options.quick, "rounds": options.rounds, "stats": [], "images": [], "memory": None,
        "absent": {c.name: c.missing() for c in contestants if c.missing()},
    }  # fmt: skip
    if "stats" in options.parts:
        _collect(found, "stats", _stats(options, present, steering, folder))
    jobfleet = next(c for c in contestants if c.name == JOBFLEET)
    if "images" in options.parts:
        rounds = options.rounds
        runs = image_jobs.measure(jobfleet, steering, folder, rounds=rounds, quick=options.quick)
        _collect(found, "images", runs)
    if "memory" in options.parts:
        _say("memory")
        try:
            found["memory"] = memory.measure(jobfleet, steering, folder, options.memory_jobs)
        except Stuck as problem:
            found["absent"]["memory"] = str(problem)
    return found, contestants


def _stats(
    options: argparse.Namespace, contestants: Sequence[Contestant], steering: Steering, folder: Path
) -> Any:
    return stats_jobs.measure(
        contestants, steering, folder, jobs=options.jobs, latencies=LATENCIES_MS, rounds=options.rounds,
    )  # fmt: skip


def _collect(found: Json, part: str, runs: Any) -> None:
    for run in runs:
        if isinstance(run, tuple):
            name, why = run
            found["absent"][name] = why
            _say(f"{name}: {why}")
        else:
            found[part].append(run)
            _say(_line(part, run))


def _line(part: str, run: Json) -> str:
    if part == "stats":
        kind, rate = f"+{run['latency_ms']:g} ms", run["jobs_per_second"]
    else:
        kind, rate = f"{run['megapixels']:g} MP {run['operation']}", run["images_per_second"]
    who = f"{part} {run['round'] + 1}: {run['contestant']}"
    return f"{who}, {kind}: {rate:.1f}/s, {run['cpu_ms']:.2f} ms CPU"


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.worker", description="Measure jobfleet's worker.")
    parser.add_argument("--quick", action="store_true", help="few jobs, one round: does it all run?")
    parser.add_argument("--long", action="store_true", help="memory over 100,000 jobs instead of 20,000")
    parser.add_argument(
        "--out", type=Path, help="folder for JSON and plot (default: benchmarks/results, of a whole run)"
    )
    parser.add_argument("--page", type=Path, help=f"page to put the tables into, such as {PAGE.name}")
    parser.add_argument("--rounds", type=int, help="rounds of everything (default: 3)")
    parser.add_argument("--jobs", type=int, help="stats jobs in a run (default: 6000; the slow do fewer)")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, help="what to measure")
    parser.add_argument(
        "--only", nargs="+", default=ALL, help="stats contestants whose names hold one of these"
    )
    parser.add_argument("--worker-python", default=project_python(), help="the Python that runs the worker")
    return parser


if __name__ == "__main__":
    sys.exit(main())
