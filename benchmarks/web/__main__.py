"""Measure the web tier: `python -m benchmarks.web`; docs/benchmarks.md explains.

Needs benchmarks/requirements.txt in the Python it runs with, and nginx for what is measured with it.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.double.control import double
from benchmarks.telling.page import write_page
from benchmarks.telling.places import ROOT, project_python
from benchmarks.web import accepting, answering, holding, machine, photos, plot, report
from benchmarks.web.servers import Place, missing

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"
PARTS = ("accepting", "answering", "memory", "page")

Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, return the exit code."""
    options = _parser().parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else 3)
    whole = set(options.parts) == set(PARTS) and not options.quick
    options.out = options.out or (RESULTS if whole else None)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection for each request held
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as name, double(Path(name)) as steering:
        folder = Path(name)
        photos.write_photos(folder, photos.DIFFERENT)
        found = _measure(options, Place(steering, folder, options.web_python))
    found["load_after"] = os.getloadavg()[0]
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "web.json").write_text(json.dumps(found, indent=1) + "\n")
        plot.draw(found, options.out / "web.png")
    markdown = report.tables(found)
    if options.page:
        write_page(options.page, report.FIGURES, markdown)
    sys.stdout.write(markdown + "\n")
    return 0


def _measure(options: argparse.Namespace, place: Place) -> Json:
    absent = {name: why for name in accepting.SERVERS if (why := missing(name))}
    found: Json = {
        "machine": machine.machine(), "quick": options.quick, "rounds": options.rounds, "accepting": [],
        "answering": [], "memory": [], "first_paint": None, "absent": absent,
    }  # fmt: skip
    if "accepting" in options.parts:
        names = [name for name in accepting.SERVERS if name not in absent]
        uploads = 200 if options.quick else 3_000
        runs = accepting.measure(place, names, uploads=uploads, rounds=options.rounds)
        found["accepting"] = list(_told("accepting", runs))
    if "answering" in options.parts:
        runs = answering.measure(place, rounds=options.rounds, quick=options.quick)
        found["answering"] = list(_told("answering", runs))
    if "memory" in options.parts:
        found["memory"] = list(_told("memory", holding.memory(place)))
    if "page" in options.parts:
        found["first_paint"] = holding.first_paint(place)
        if why := found["first_paint"].get("missing"):
            absent["first paint"] = why
    return found


def _told(part: str, runs: Iterator[Json]) -> Iterator[Json]:
    for run in runs:
        figures = ", ".join(
            f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in run.items()
            if value or name in ("lost", "double", "wrong")
        )
        sys.stderr.write(f"{part}: {figures}\n")
        yield run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.web", description="Measure jobfleet's web tier.")
    parser.add_argument("--quick", action="store_true", help="few uploads, one round: does it all run?")
    parser.add_argument(
        "--out", type=Path, help="folder for JSON and plot (default: benchmarks/results, of a whole run)"
    )
    parser.add_argument("--page", type=Path, help=f"page to put the tables into, such as {PAGE.name}")
    parser.add_argument("--rounds", type=int, help="rounds of everything (default: 3)")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, help="what to measure")
    parser.add_argument(
        "--web-python", default=project_python(), help="the Python that runs the web tier and the worker"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
