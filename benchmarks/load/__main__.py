"""Measure the load generator: `python -m benchmarks.load`; docs/benchmarks.md explains.

Needs benchmarks/requirements.txt in the Python it runs with, and nginx; wrk is measured if it is installed.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.load import measure, report
from benchmarks.load.contestants import missing
from benchmarks.telling.machine import machine, said, versions
from benchmarks.telling.page import write_page
from benchmarks.telling.places import ROOT, project_python

RESULTS = ROOT / "benchmarks" / "results"
PARTS = ("limits", "at_500", "truth")

Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, return the exit code."""
    options = _parser().parse_args(arguments)
    seconds, rounds, long = (2.0, 1, 20.0) if options.quick else (4.0, 3, 60.0)
    absent = missing(options.jobfleet_python)
    python = options.jobfleet_python
    found: Json = {"machine": machine(), "versions": _versions(python), "absent": absent}
    parts = {
        "limits": lambda: measure.limits(python, set(absent), seconds, rounds),
        "at_500": lambda: measure.at_500(python, 2 * seconds, rounds),
        "truth": lambda: measure.truth(python, set(absent), long),
    }
    for name, part in parts.items():
        found[name] = list(_told(name, part())) if name in options.parts else []
    found["load_after"] = os.getloadavg()[0]
    out = options.out or (RESULTS if set(options.parts) == set(PARTS) and not options.quick else None)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "load.json").write_text(json.dumps(found, indent=1) + "\n")
    markdown = report.tables(found)
    if options.page:
        write_page(options.page, report.FIGURES, markdown)
    sys.stdout.write(markdown + "\n")
    return 0


def _told(part: str, runs: Iterator[Json]) -> Iterator[Json]:
    for run in runs:
        figures = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in run.items())
        sys.stderr.write(f"{part}: {figures}\n")
        yield run


def _versions(python: str) -> dict[str, str | None]:
    aiohttp = said(python, "-c", "import aiohttp; print(aiohttp.__version__)")
    wrk = said("wrk", "-v").partition(" ")[2].partition(" ")[0]
    return {"aiohttp": aiohttp, **versions(["locust"]), "wrk": wrk}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description="Measure the load generator.")
    parser.add_argument("--quick", action="store_true", help="short runs, one round: does it all run?")
    parser.add_argument(
        "--out", type=Path, help="folder for the JSON (default: benchmarks/results, of a whole run)"
    )
    parser.add_argument("--page", type=Path, help="page to put the tables into, such as docs/benchmarks.md")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, help="what to measure")
    parser.add_argument(
        "--jobfleet-python", default=project_python(), help="the Python that has jobfleet with its extra"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
