"""Settings for a stack, by what its own last days would have cost and how long its jobs would have waited."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from jobfleet_scaling.documents.configuration import ScalingConfiguration
from jobfleet_scaling.policy.figures import Tuning
from jobfleet_scaling.policy.need import NeedPolicy
from jobfleet_scaling.simulate.compare import TAIL_SECONDS, SimulationOutcome, simulate
from jobfleet_scaling.simulate.engine.run import Contestant
from jobfleet_scaling.simulate.engine.world import World
from jobfleet_scaling.simulate.workloads.files import workload_of

DAY_SECONDS = 86_400.0
WEEK_SECONDS = 7 * DAY_SECONDS
# Of longer pauses only this is simulated: by then any fleet is down to its minimum, whose cost is added.
PAUSE_SECONDS = 1_800.0
# More than this is thinned to some of the days, evenly spread, so that advice takes seconds.
MOST_JOBS = 250_000
MOST_SECONDS = 2 * DAY_SECONDS
MOST_PROPOSALS = 4


@dataclass(frozen=True)
class Proposal:
    """Settings, in hosts and seconds, and what a week with them is like.

    `cost` is in the price's currency; waits are in seconds; `peak` is the most hosts that there were at once.
    """

    why: str
    minimum: int
    maximum: int
    window: float
    clear: float
    hours: float = 0.0
    cost: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    peak: int = 0

    def settings(self) -> tuple[float, ...]:
        """Return what one would set."""
        return (self.minimum, self.maximum, self.window, self.clear)


@dataclass(frozen=True)
class Advice:
    """What is set `now`, and `proposals` that are cheaper or quicker, the cheapest first.

    `jobs` of `days` days were simulated, of `all_jobs` that came.
    """

    now: Proposal
    proposals: Sequence[Proposal]
    jobs: int
    all_jobs: int
    days: float


def advise(
    arrivals: Iterable[float],
    configuration: ScalingConfiguration,
    *,
    service_seconds: float,
    slots: float = 2.0,
    price: float = 0.0416,
    period: float = WEEK_SECONDS,
) -> Advice:
    """Simulate the jobs that came in a `period` of so many seconds with other settings, too.

    `arrivals` are their times in seconds, of any clock. A job took `service_seconds` on average, a host does
    `slots` at once and costs `price` an hour. Raises `BadArrivals` if there was no job.
    """
    every = sorted(arrivals)
    chosen, part = _thinned(every)
    lines = _without_pauses(chosen)
    jobs = workload_of("last week", [(at, None) for at in lines], max(service_seconds, 0.01))
    # What was simulated stands for the whole period, and the period for a week.
    factor = WEEK_SECONDS / max(period, 1.0) / part
    cut = max(0.0, period * part - jobs.seconds - TAIL_SECONDS)
    now = Proposal(
        "as it is set", configuration.minimum, configuration.maximum,
        configuration.tuning.window, configuration.tuning.clear,
    )  # fmt: skip
    boot = configuration.tuning.boot
    found = []
    for one in [now, *_candidates(now, configuration)]:
        world = World(
            slots=max(1, round(slots)),
            minimum=one.minimum,
            maximum=one.maximum,
            boot=(boot, boot * 1.5),
            price=price,
        )
        tuning = Tuning(clear=one.clear, window=one.window, boot=boot)
        contestant = Contestant(one.why, lambda tuning=tuning: NeedPolicy(tuning))  # type: ignore[misc]
        (outcome,) = simulate(world, jobs, [contestant], seed=0)
        found.append(_weekly(one, outcome, price, factor, cut))
    return Advice(
        found[0],
        _best(found[0], found[1:]),
        len(chosen),
        len(every),
        len(every) and period * part / DAY_SECONDS,
    )


def _candidates(now: Proposal, configuration: ScalingConfiguration) -> Iterator[Proposal]:
    most = now.maximum
    told = {now.settings()}
    more = min(2 * most, configuration.lab_max_instances or 2 * most)
    for one in (
        Proposal("none when idle, the usual settings", 0, most, 120, 60),
        Proposal("as cheap as it gets: a backlog may take five minutes", 0, most, 60, 300),
        Proposal("one host always stays: nobody waits for a boot when it is quiet", 1, most, 120, 60),
        Proposal(
            "quick: two hosts stay, and a backlog is done in half a minute", min(2, most), most, 180, 30
        ),
        Proposal("up to twice as many hosts", now.minimum, more, now.window, now.clear),
    ):
        if one.settings() not in told and one.minimum <= one.maximum:
            told.add(one.settings())
            yield one


def _best(now: Proposal, others: Sequence[Proposal]) -> list[Proposal]:
    """Return those that are better than what is set in one respect, and that no other one beats in both."""
    better = [
        one
        for one in others
        if (one.cost < now.cost * 0.95 or one.p95 < now.p95 * 0.8 - 0.5)
        and not any(
            two.cost <= one.cost and two.p95 <= one.p95 and (two.cost, two.p95) != (one.cost, one.p95)
            for two in others
        )
    ]
    return sorted(better, key=lambda one: one.cost)[:MOST_PROPOSALS]


def _weekly(one: Proposal, outcome: SimulationOutcome, price: float, factor: float, cut: float) -> Proposal:
    hours = (outcome.hours + one.minimum * cut / 3_600) * factor
    return replace(
        one, hours=hours, cost=hours * price, p50=outcome.p50, p95=outcome.p95, peak=outcome.peak
    )  # fmt: skip


def _thinned(arrivals: Sequence[float]) -> tuple[list[float], float]:
    """Return the arrivals of some days, if those of all are too many, and which part of the days that is."""
    lines = _without_pauses(arrivals)
    busy = lines[-1] - lines[0] if lines else 0.0
    stride = max(1, -(-len(arrivals) // MOST_JOBS), round(busy / MOST_SECONDS))
    if stride == 1:
        return list(arrivals), 1.0
    begin = arrivals[0]
    days = int((arrivals[-1] - begin) // DAY_SECONDS) + 1
    # An odd step takes each day of the week in turn, where there are several weeks.
    kept = set(range(0, days, min(stride, days)))
    return [at for at in arrivals if int((at - begin) // DAY_SECONDS) in kept], len(kept) / days


def _without_pauses(arrivals: Sequence[float]) -> list[float]:
    """Return the arrivals with long pauses cut short."""
    lines, cut = list(arrivals[:1]), 0.0
    for before, at in pairwise(arrivals):
        cut += max(0.0, at - before - PAUSE_SECONDS)
        lines.append(at - cut)
    return lines
