"""Runs: every policy on the same jobs, for several seeds, and what came out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import mean

from jobfleet_scaling.simulate.contestants.clairvoyant import clairvoyants
from jobfleet_scaling.simulate.contestants.roster import CLAIRVOYANT, SHIPPED
from jobfleet_scaling.simulate.engine.run import Contestant, SimulationRun
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.workloads.streams import SimulatedWorkload

# So long a run goes on after the last job came: what shrinks late is paid for. And so long at most.
TAIL_SECONDS = 1_800.0
LONGEST_TAIL_SECONDS = 86_400.0


@dataclass(frozen=True)
class SimulationOutcome:
    """What a policy did with a workload; waits are from a job's arrival to its (last) begin, in seconds."""

    workload: str
    policy: str
    seed: int
    jobs: int
    hours: float
    cost: float
    p50: float
    p95: float
    p99: float
    mean: float
    kills: int
    launches: int
    peak: int
    left: int


# How a run went: time, jobs that wait, hosts at work, hosts there are.
Curve = list[tuple[float, int, int, int]]


def simulate(
    world: World,
    workload: SimulatedWorkload,
    contestants: Sequence[Contestant],
    seed: int,
    curves: Sequence[Curve] = (),
) -> list[SimulationOutcome]:
    """Let all of them work on the same jobs at the same time; a tick of jobs at a time is in memory.

    With `curves`, one for each contestant, it is noted how each run goes.
    """
    runs = [SimulationRun(world, one, seed) for one in contestants]
    for arrivals, services in _with_tail(world, workload, seed, runs):
        for run in runs:
            run.tick(arrivals, services)
        for run, curve in zip(runs, curves, strict=False):
            standing = run.standing()
            there = standing.running + standing.booting + standing.leaving
            curve.append((run.now, run.waiting(), standing.running, there))
    for run in runs:
        _work_off(run)
    return [_outcome(workload.name, run, seed) for run in runs]


def with_bound(
    world: World, workload: SimulatedWorkload, contestants: Sequence[Contestant], seed: int
) -> list[SimulationOutcome]:
    """Return what each did, and as `clairvoyant` the cheapest that waits no longer than the shipped policy.

    A clairvoyant could do whatever another one does, so the cheapest of all that keep the p95 is the bound.
    """
    inflow = (sum(services) / world.slots for _, services in workload.ticks(world.tick, seed))
    family = clairvoyants(inflow, world)
    found = simulate(world, workload, [*contestants, *family], seed)
    own, theirs = found[: len(contestants)], found[len(contestants) :]
    allowed = next((one.p95 for one in own if one.policy == SHIPPED), 0.0) + 0.05
    keeping = [one for one in found if one.p95 <= allowed and not one.left]
    best = (
        min(keeping, key=lambda one: one.cost)
        if keeping
        else min(theirs, key=lambda one: (one.left, one.p95))
    )
    return [*own, SimulationOutcome(**(asdict(best) | {"policy": CLAIRVOYANT}))]


def averages(outcomes: Iterable[SimulationOutcome]) -> list[SimulationOutcome]:
    """Return the means over the seeds, for each workload and policy; `seed` says how many there were."""
    groups: dict[tuple[str, str], list[SimulationOutcome]] = {}
    for one in outcomes:
        groups.setdefault((one.workload, one.policy), []).append(one)
    return [_mean(group) for group in groups.values()]


def by_workload(outcomes: Iterable[SimulationOutcome]) -> dict[str, list[SimulationOutcome]]:
    """Return the means over the seeds, by workload."""
    grouped: dict[str, list[SimulationOutcome]] = {}
    for one in averages(outcomes):
        grouped.setdefault(one.workload, []).append(one)
    return grouped


def dominated_by(one: SimulationOutcome, others: Iterable[SimulationOutcome]) -> list[str]:
    """Return the policies that cost no more and wait no longer (p95) than one, and less of either."""
    return [
        other.policy
        for other in others
        if other.workload == one.workload
        and other.policy not in (one.policy, CLAIRVOYANT)
        and other.cost <= one.cost
        and other.p95 <= one.p95
        and (other.cost, other.p95) != (one.cost, one.p95)
    ]


def _with_tail(
    world: World, workload: SimulatedWorkload, seed: int, runs: Sequence[SimulationRun]
) -> Iterator[tuple[list[float], list[float]]]:
    yield from workload.ticks(world.tick, seed)
    for _ in range(round(TAIL_SECONDS / world.tick)):
        yield [], []


def _work_off(run: SimulationRun) -> None:
    for _ in range(round(LONGEST_TAIL_SECONDS / run.world.tick)):
        if run.is_done():
            break
        run.tick([], [])
    run.finish()


def _outcome(workload: str, run: SimulationRun, seed: int) -> SimulationOutcome:
    waits, hosts = run.waits, run.hosts
    hours = hosts.paid_seconds / 3_600
    return SimulationOutcome(
        workload=workload, policy=run.contestant.name, seed=seed, jobs=run.jobs,
        hours=hours, cost=hours * run.world.price,
        p50=waits.quantile(0.5), p95=waits.quantile(0.95), p99=waits.quantile(0.99), mean=waits.mean(),
        kills=run.kills, launches=hosts.launches, peak=hosts.peak, left=run.left(),
    )  # fmt: skip


def _mean(group: Sequence[SimulationOutcome]) -> SimulationOutcome:
    means = {
        field.name: mean(getattr(one, field.name) for one in group)
        for field in fields(SimulationOutcome)
        if field.type is float
    }
    sums = {name: sum(getattr(one, name) for one in group) for name in ("kills", "left")}
    rounded = {
        name: round(mean(getattr(one, name) for one in group)) for name in ("jobs", "launches", "peak")
    }
    return SimulationOutcome(group[0].workload, group[0].policy, len(group), **means, **sums, **rounded)
