"""The options of `python -m jobfleet_scaling.simulate`."""

import argparse
import os
from pathlib import Path

from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, CONTESTANTS
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.workloads.files import USUAL_SECONDS
from jobfleet_scaling.simulate.workloads.generators import GENERATORS

POLICIES = (*CONTESTANTS, CLAIRVOYANT)
# The others are done in seconds; this one takes a million jobs for each policy.
USUAL_WORKLOADS = tuple(name for name in GENERATORS if name != "large")


def parser() -> argparse.ArgumentParser:
    """Return the parser."""
    usual = World()
    made = argparse.ArgumentParser(
        prog="python -m jobfleet_scaling.simulate",
        description="Compare policies that scale a fleet, in a simulated world. docs/scaling.md explains.",
        epilog="Waits are from a job's arrival to its begin; quantiles are exact to 0.05 % of (1 s + wait).",
    )
    what = made.add_argument_group("what is simulated")
    what.add_argument("--workloads", nargs="+", choices=GENERATORS, default=list(USUAL_WORKLOADS), metavar="NAME",
                      help=f"workloads: {', '.join(GENERATORS)} (default: all but large)")  # fmt: skip
    what.add_argument("--arrivals", type=Path, metavar="FILE",
                      help="jobs from a file instead: a line is seconds[,service seconds], or JSON with at and seconds")  # fmt: skip
    what.add_argument("--service", type=_positive, default=USUAL_SECONDS, metavar="SECONDS",
                      help="what a job of the file takes on average where it does not say so (default: 5)")  # fmt: skip
    what.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES), metavar="NAME",
                      help=f"policies: {', '.join(POLICIES)} (default: all)")  # fmt: skip
    what.add_argument("--jobs", type=_count, metavar="N", help="about so many jobs in each workload")
    what.add_argument("--seeds", type=_count, default=3, metavar="N", help="how many seeds (default: 3)")
    world = made.add_argument_group("the world")
    world.add_argument(
        "--min", type=_count_or_none, default=usual.minimum, metavar="N", help="hosts at least (default: 0)"
    )
    world.add_argument(
        "--max", type=_count, metavar="N", help="hosts at most (default: what suits the workload)"
    )
    world.add_argument(
        "--slots",
        type=_count,
        default=usual.slots,
        metavar="N",
        help="jobs that a host does at once (default: 2)",
    )
    world.add_argument("--boot", type=_positive, nargs=2, default=list(usual.boot), metavar=("FROM", "TO"),
                       help="seconds from launch to the first job (default: 60 90)")  # fmt: skip
    world.add_argument(
        "--price",
        type=_positive,
        default=usual.price,
        metavar="MONEY",
        help="of a host's hour (default: 0.0416)",
    )
    world.add_argument(
        "--hold",
        type=_count_or_none,
        default=usual.hold,
        metavar="N",
        help="jobs that a host takes from the queue (default: what it does at once)",
    )
    world.add_argument(
        "--count-error",
        type=_part,
        default=usual.count_error,
        metavar="PART",
        help="how wrong counts of the queue are (default: 0.1)",
    )
    world.add_argument(
        "--refused",
        type=_part,
        default=usual.refused,
        metavar="PART",
        help="part of launches that is refused (default: 0)",
    )
    world.add_argument(
        "--stillborn",
        type=_part,
        default=usual.stillborn,
        metavar="PART",
        help="part of hosts that never comes up (default: 0)",
    )
    world.add_argument(
        "--life",
        type=_positive,
        default=None,
        metavar="SECONDS",
        help="how long a host lives on average (default: for ever)",
    )
    out = made.add_argument_group("what comes out")
    out.add_argument("--json", action="store_true", help="print every run as JSON instead of tables")
    out.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw cost, waits and hosts over time; needs matplotlib"
    )
    out.add_argument(
        "--processes",
        type=_count,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many at a time (default: one a core)",
    )
    return made


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


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _count_or_none(text: str) -> int:
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
