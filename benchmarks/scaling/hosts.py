"""Measure a deployed fleet from nothing and back: `python -m benchmarks.scaling.hosts --stack NAME --boot S`.

The stack scales from 0, runs no job, and offers `nap` (`tests/nap_package.py`). For each burst it prints the
time to the last answer and the hosts started, beside the simulator's and what a course project published.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from jobfleet_scaling.simulate.contestants.roster import CONTESTANTS, SHIPPED
from jobfleet_scaling.simulate.engine.run import SimulationRun
from jobfleet_scaling.simulate.engine.world import World

from benchmarks.telling.page import table

# How long a course project's fleet took for as many requests at once, in seconds.
PUBLISHED = {1: 72, 10: 132, 50: 210, 100: 360}

LAUNCHED = "Launching a new EC2 instance: "

# A fleet that is not at nothing after this is not asleep for another reason.
ASLEEP_SECONDS = 900.0


@dataclass(frozen=True)
class Burst:
    """What came of `jobs` at once; times in seconds, `simulated` is the time to the last answer."""

    jobs: int
    seconds: float
    starts: int
    simulated: float
    simulated_starts: int
    lost: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table; return 1 if a job was lost."""
    options = _parser().parse_args(arguments)
    with _fleet(options.stack) as fleet:
        found = [_measure(fleet, options, jobs) for jobs in options.jobs]
    rows = [
        [
            str(one.jobs), f"{one.seconds:.0f}", f"{one.simulated:.0f}", f"{one.seconds / one.simulated:.2f}",
            str(one.starts), str(one.simulated_starts), str(one.lost), str(PUBLISHED.get(one.jobs, "")),
        ]
        for one in found
    ]  # fmt: skip
    columns = [
        "jobs at once", "to the last answer, s", "simulated, s", "ratio", "hosts started", "simulated",
        "jobs lost", "a course project, s",
    ]  # fmt: skip
    sys.stdout.write(table(columns, rows) + "\n")
    return int(any(one.lost for one in found))


def predicted(jobs: int, world: World, seconds: float) -> tuple[float, int]:
    """Return when the last of `jobs` of so many `seconds` is done, and how many hosts that takes.

    The first host decides about the others, when it has booted.
    """
    run = SimulationRun(world, CONTESTANTS[SHIPPED])
    run.hosts.launch(0.0, 1)
    last = world.boot[1]
    arrivals, services = [0.0] * jobs, [seconds] * jobs
    run.tick(arrivals, services)
    while True:
        # Also after the last tick, in which the last job may have begun.
        last = max([last, *(slot[0] for slot in run.hosts.slots)])
        if run.is_done():
            return last, run.hosts.launches
        run.tick([], [])


def _measure(fleet: Any, options: argparse.Namespace, jobs: int) -> Burst:
    group = f"{options.stack}-worker"
    _await_sleep(fleet, group)
    before = len(_launched(fleet, group))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(jobs):
            text = f"{options.seconds + (number + jobs * 1e3) / 1e9:.9f}"
            (Path(folder) / f"{number:04}.txt").write_text(text)
        begun = time.monotonic()
        command = ["jobfleet", "--stack", options.stack, "--json", "--timeout", "600", "run", "nap", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        took = time.monotonic() - begun
    answers = [one for one in map(json.loads, done.stdout.splitlines()) if one.get("status") == "succeeded"]
    _await_sleep(fleet, group)
    world = World(maximum=options.max, boot=(options.boot, options.boot), count_error=0.0, hold=options.hold)
    simulated, starts = predicted(jobs, world, options.seconds)
    return Burst(jobs, took, len(_launched(fleet, group)) - before, simulated, starts, jobs - len(answers))


def _await_sleep(fleet: Any, group: str) -> None:
    """Wait until the group has no host. Raises `TimeoutError`."""
    until = time.monotonic() + ASLEEP_SECONDS
    while _group(fleet, group)["DesiredCapacity"] or _group(fleet, group)["Instances"]:
        if time.monotonic() > until:
            raise TimeoutError(f"{group} has hosts for {ASLEEP_SECONDS:.0f} s")
        time.sleep(2)


def _group(fleet: Any, name: str) -> dict[str, Any]:
    return dict(fleet.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0])


def _launched(fleet: Any, group: str) -> list[str]:
    pages = fleet.get_paginator("describe_scaling_activities").paginate(AutoScalingGroupName=group)
    told = [one["Description"] for page in pages for one in page["Activities"]]
    return [one for one in told if one.startswith(LAUNCHED)]


@contextmanager
def _fleet(stack: str) -> Iterator[Any]:
    client = boto3.client("autoscaling")
    try:
        yield client
    finally:
        client.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.scaling.hosts", description=__doc__)
    parser.add_argument("--stack", required=True, help="which stack, its credentials in the environment")
    parser.add_argument("--jobs", type=int, nargs="+", default=list(PUBLISHED), help="jobs at once")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a job takes (default: 5)")
    parser.add_argument(
        "--boot", type=float, required=True, help="seconds a host boots, as `jobfleet scaling` says"
    )
    parser.add_argument("--max", type=int, default=6, help="the fleet's maximum (default: 6)")
    parser.add_argument("--hold", type=int, default=4, help="jobs that a worker has in hand (default: 4)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
