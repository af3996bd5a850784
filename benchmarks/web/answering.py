"""How long senders wait for their answers: bursts, closed loops and open ones, with a worker at work."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from statistics import mean
from typing import Any

from benchmarks.double.control import environment, write_config
from benchmarks.double.processes import running
from benchmarks.telling.places import ROOT
from benchmarks.web import load
from benchmarks.web.servers import TOKEN, WEB, Place, Server, serving

CONCURRENT = (1, 10, 50, 100)
# Arrivals a second, at chance times.
RATES = (10, 40)
BURST = max(CONCURRENT)

# What a call to real SQS and S3 takes at least, near enough.
LATENCY_MS = 10.0
START_SECONDS, SETTLE_SECONDS = 30.0, 10.0

Json = dict[str, Any]


def measure(place: Place, *, rounds: int, quick: bool) -> Iterator[Json]:
    """Yield every run, round by round, each round with new processes."""
    share = 10 if quick else 1
    for number in range(rounds):
        place.steering.reset(LATENCY_MS)
        with _working(place) as server:
            plan = load.Plan(server.port, str(place.folder), 0, token=TOKEN, expects="text")
            # Nobody has asked these processes for anything yet, and then they have.
            for kind in ("burst cold", "burst warm"):
                yield _run(place, replace(plan, how="burst", count=BURST), kind, BURST, number)
            for count in CONCURRENT[:-1]:
                yield _run(place, replace(plan, how="burst", count=count), "burst warm", count, number)
            for at_once in CONCURRENT:
                closed = replace(plan, concurrent=at_once, count=max(10, (100 + 6 * at_once) // share))
                yield _run(place, closed, "closed", at_once, number)
            for rate in RATES:
                arriving = replace(plan, how="open", rate=rate, count=max(10, 10 * rate // share))
                yield _run(place, arriving, "open", rate, number)


@contextmanager
def _working(place: Place) -> Iterator[Server]:
    """Run the web tier and a worker while the block lasts."""
    config, log = place.folder / "worker.toml", place.folder / "servers.log"
    write_config(config, place.steering.endpoint, place.folder)
    env = environment(place.steering.endpoint, place.folder)
    worker = (place.web_python, "-m", "jobfleet_worker", "--config", str(config))
    with running(worker, env=env, cwd=ROOT, log=log), serving(WEB, place) as server:
        until = time.monotonic() + START_SECONDS
        while not place.steering.state()["calls"].get("ReceiveMessage"):
            if time.monotonic() > until:
                raise RuntimeError("the worker did not start; its words are in servers.log")
            time.sleep(0.05)
        yield server


def _run(place: Place, plan: load.Plan, kind: str, size: int, number: int) -> Json:
    """Carry out a plan; count what was lost, answered wrongly, or done twice."""
    place.steering.load([])
    told = load.run(plan)
    state = place.steering.state()
    until = time.monotonic() + SETTLE_SECONDS
    while state["ready"] + state["held"] and time.monotonic() < until:
        time.sleep(0.05)
        state = place.steering.state()
    times = sorted(told["seconds"])
    calls = sum(count for name, count in state["calls"].items() if name != "ReceiveMessage")
    return {
        "kind": kind, "size": size, "round": number, "uploads": plan.count, "wall": told["wall"],
        "mean": mean(times), "p50": _at(times, 0.5), "p95": _at(times, 0.95), "most": times[-1],
        "lost": told["lost"], "wrong": told["wrong"], "double": state["deleted"] - plan.count,
        "calls": calls / plan.count, "tried_again": told["tried_again"], "examples": told["examples"],
    }  # fmt: skip


def _at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]
