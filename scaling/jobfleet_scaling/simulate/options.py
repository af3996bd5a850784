"""The options of `python -m jobfleet_scaling.simulate`."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, CONTESTANTS
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.workloads.files import USUAL_SECONDS
from jobfleet_scaling.simulate.workloads.generators import GENERATORS

POLICIES = (*CONTESTANTS, CLAIRVOYANT)
# The others are done in seconds; this one takes a million jobs for each policy.
USUAL_WORKLOADS = tuple(name for name in GENERATORS if name != "large")


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    made = argparse.ArgumentParser(
        prog="python -m jobfleet_scaling.simulate",
        description="Compare policies that scale a fleet, in a simulated world. docs/scaling.md explains.",
        epilog="Waits are from a job's arrival to its begin; quantiles are exact to 0.05 % of (1 s + wait).",
    )
    _add_what(made.add_argument_group("what is simulated"))
    _add_world(made.add_argument_group("the world"), World())
    out = made.add_argument_group("what comes out")
    out.add_argument("--json", action="store_true", help="print every run as JSON instead of tables")
    out.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw cost, waits and hosts over time; needs matplotlib"
    )
    many = "how many runs at a time (default: one a core)"
    out.add_argument("--processes", type=_one_or_more, default=os.cpu_count() or 1, metavar="N", help=many)
    return made


def _add_what(group: Any) -> None:
    names = f"workloads: {', '.join(GENERATORS)} (default: all but large)"
    usual = list(USUAL_WORKLOADS)
    group.add_argument(
        "--workloads", nargs="+", choices=GENERATORS, default=usual, metavar="NAME", help=names
    )
    line = "jobs from a file: a line is seconds[,service seconds], or JSON with at and seconds"
    group.add_argument("--arrivals", type=Path, metavar="FILE", help=line)
    mean = "mean time of a job of the file that has none of its own (default: 5)"
    group.add_argument("--service", type=_positive, default=USUAL_SECONDS, metavar="SECONDS", help=mean)
    names = f"policies: {', '.join(POLICIES)} (default: all)"
    group.add_argument(
        "--policies", nargs="+", choices=POLICIES, default=list(POLICIES), metavar="NAME", help=names
    )
    group.add_argument("--jobs", type=_one_or_more, metavar="N", help="about so many jobs in each workload")
    group.add_argument(
        "--seeds", type=_one_or_more, default=3, metavar="N", help="how many seeds (default: 3)"
    )


def _add_world(group: Any, usual: World) -> None:
    def add(name: str, kind: Callable[[str], Any], default: Any, metavar: str, meaning: str) -> None:
        group.add_argument(name, type=kind, default=default, metavar=metavar, help=meaning)

    add("--min", _none_or_more, usual.minimum, "N", "hosts at least (default: 0)")
    add("--max", _one_or_more, None, "N", "hosts at most (default: what suits the workload)")
    add("--slots", _one_or_more, usual.slots, "N", "jobs that a host does at once (default: 2)")
    boot = "seconds from launch to the first job (default: 60 90)"
    group.add_argument(
        "--boot", type=_positive, nargs=2, default=list(usual.boot), metavar=("FROM", "TO"), help=boot
    )
    add("--price", _positive, usual.price, "MONEY", "of a host's hour (default: 0.0416)")
    add(
        "--hold", _none_or_more, usual.hold, "N", "jobs in flight with a host (default: what it does at once)"
    )
    add("--count-error", _part, usual.count_error, "PART", "how wrong counts of the queue are (default: 0.1)")
    add("--refused", _part, usual.refused, "PART", "part of launches that is refused (default: 0)")
    add("--stillborn", _part, usual.stillborn, "PART", "part of hosts that never comes up (default: 0)")
    add("--life", _positive, None, "SECONDS", "how long a host lives on average (default: for ever)")


def world_of(options: argparse.Namespace) -> World:
    """Return the world that was asked for. Raises `ValueError` if there is none like that."""
    if options.boot[0] > options.boot[1]:
        raise ValueError(
            f"--boot {options.boot[0]:g} {options.boot[1]:g}: the first must not be the larger one"
        )
    if options.max is not None and options.min > options.max:
        raise ValueError(f"--min {options.min} is more than --max {options.max}")
    return World(
        slots=options.slots, minimum=options.min, boot=(options.boot[0], options.boot[1]),
        price=options.price, hold=options.hold, count_error=options.count_error,
        refused=options.refused, stillborn=options.stillborn, life=options.life or 0.0,
    )  # fmt: skip


def _one_or_more(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _none_or_more(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return value


def _part(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to below 1")
    return value
