"""Stats jobs: how many a second, at what CPU and how many calls each."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.double.control import Steering, Stuck
from benchmarks.double.processes import cpu_seconds
from benchmarks.worker.contestants import Contestant, Requests, started

# Done before the clock starts: imports, connections, pools.
WARM_UP_JOBS = 60

# What is left to do after the last deletion, such as a batch of log lines, is counted too.
SETTLE_SECONDS = 1.0

RUN_SECONDS_MAX = 300.0


@dataclass(frozen=True)
class Run:
    """One contestant's run. `cpu_ms` and `calls` are per job; `double_share` is of one core."""

    contestant: str
    latency_ms: float
    round: int
    jobs: int
    seconds: float
    jobs_per_second: float
    cpu_ms: float
    calls: float
    calls_by_action: dict[str, int]
    results: int
    double_share: float
    double_jobs_per_second: float


def measure(
    contestants: Sequence[Contestant],
    steering: Steering,
    folder: Path,
    *,
    jobs: int,
    latencies: Sequence[float],
    rounds: int,
) -> Iterator[dict[str, Any] | tuple[str, str]]:
    """Yield every run, round by round; or a contestant's name and why it did not run."""
    requests = Requests(steering, folder)
    out: set[str] = set()
    for number in range(rounds):
        for latency in latencies:
            for contestant in contestants:
                if contestant.name in out:
                    continue
                count = jobs // contestant.fewer[latency > 0]
                try:
                    bodies = requests.of(contestant, count + WARM_UP_JOBS)
                    yield asdict(_run(contestant, bodies, steering, folder, latency, number))
                except (Stuck, OSError, RuntimeError) as problem:
                    out.add(contestant.name)
                    yield contestant.name, str(problem)


def _run(
    contestant: Contestant,
    bodies: Sequence[str],
    steering: Steering,
    folder: Path,
    latency: float,
    number: int,
) -> Run:
    jobs = len(bodies) - WARM_UP_JOBS
    steering.reset(latency)
    with started(contestant, steering, folder) as process:
        steering.load(bodies[:WARM_UP_JOBS])
        steering.wait(WARM_UP_JOBS, RUN_SECONDS_MAX, process)
        time.sleep(SETTLE_SECONDS)
        before, double_before = cpu_seconds(process), steering.state()["cpu"]
        start = steering.load(bodies[WARM_UP_JOBS:])
        at_end = steering.wait(jobs, RUN_SECONDS_MAX, process)
        time.sleep(SETTLE_SECONDS)
        cpu = cpu_seconds(process) - before
    state = steering.state()
    seconds = at_end["deleted_at"] - start
    double_cpu = at_end["cpu"] - double_before
    results = count_results(steering)
    if results != len(bodies):
        raise Stuck(f"{results} results are stored of {len(bodies)} jobs")
    return Run(
        contestant.name, latency, number, jobs, seconds, jobs / seconds, 1000 * cpu / jobs,
        sum(state["calls"].values()) / jobs, state["calls"], results, double_cpu / seconds, jobs / double_cpu,
    )  # fmt: skip


def count_results(steering: Steering) -> int:
    """Return how many different jobs have a result in the bucket."""
    found: set[str] = set()
    for key, _, text in steering.objects("results/"):
        if key.endswith(".jsonl"):
            found.update(json.loads(line)["id"] for line in text.splitlines())
        else:
            found.add(key.removeprefix("results/").removesuffix(".json"))
    return len(found)
