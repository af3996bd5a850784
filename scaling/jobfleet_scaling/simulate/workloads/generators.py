"""The workloads that come with the simulator, each with its own kind of trouble."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets

import random
from collections.abc import Callable, Iterator
from math import exp, pi, sin

from jobfleet_scaling.simulate.workloads.streams import (
    SimulatedWorkload,
    Tick,
    at_random,
    exponential,
    pareto,
    random_ticks,
)

HOUR = 3_600.0
DAY = 24 * HOUR
MEAN_SECONDS = 5.0
SLOW_SECONDS = 240.0
SLOTS = 2


def steady(jobs: int = 30_000) -> SimulatedWorkload:
    """Return a Poisson process that never changes."""
    seconds = 4 * HOUR
    rate = jobs / seconds
    ticks = random_ticks(lambda _at: rate, exponential(MEAN_SECONDS), seconds)
    return SimulatedWorkload(
        "steady", "a Poisson process that never changes", seconds, _hosts(2.5 * rate), ticks
    )


def bursts(jobs: int = 2_400) -> SimulatedWorkload:
    """Return six bursts from nothing."""
    seconds, number = 6 * HOUR, 6
    draw = exponential(MEAN_SECONDS)

    def ticks(tick: float, seed: int) -> Iterator[Tick]:
        randoms = random.Random(seed)
        begins = [int(randoms.random() * (seconds - HOUR) // tick) for _ in range(number)]
        for now in range(round(seconds / tick)):
            count = begins.count(now) * (jobs // number)
            yield at_random(randoms, count, now * tick, tick), draw(randoms, count)

    what = "six bursts from nothing, each within ten seconds"
    return SimulatedWorkload("bursts", what, seconds, _hosts(jobs / number / 110), ticks)


def day(jobs: int = 38_000) -> SimulatedWorkload:
    """Return a day: hardly anyone at night, many in the afternoon."""
    mean = jobs / DAY
    ticks = random_ticks(lambda at: mean * (1 - 0.9 * sin(2 * pi * (at / DAY + 0.25))), _usual(), DAY)
    return SimulatedWorkload(
        "day", "a day: few at night, many in the afternoon", DAY, _hosts(6 * mean), ticks
    )


def deadline(jobs: int = 20_000) -> SimulatedWorkload:
    """Return the night of a term's deadline: twice as many each hour, then silence."""
    seconds, due, grows = 12 * HOUR, 10 * HOUR, HOUR / 0.69
    peak = jobs / (grows * (1 - exp(-due / grows)))
    ticks = random_ticks(
        lambda at: peak * exp((at - due) / grows) if at < due else peak / 200, _usual(), seconds
    )
    what = "a deadline: twice as many each hour, then silence"
    return SimulatedWorkload("deadline", what, seconds, _hosts(1.3 * peak), ticks)


def on_off(jobs: int = 40_000, on: float = 1_200.0, off: float = 2_400.0) -> SimulatedWorkload:
    """Return a load that comes and goes by chance, `on` and `off` seconds on average."""
    seconds = 12 * HOUR
    rate = jobs / seconds * (on + off) / on

    def ticks(tick: float, seed: int) -> Iterator[Tick]:
        randoms = random.Random(seed)
        is_on, until = False, 0.0

        def level(at: float) -> float:
            nonlocal is_on, until
            while until <= at:
                is_on = not is_on
                until += randoms.expovariate(1 / (on if is_on else off))
            return rate if is_on else 0.0

        yield from random_ticks(level, _usual(), seconds)(tick, seed)

    what = f"on for {on / 60:.0f} minutes, off for {off / 60:.0f}, by chance"
    return SimulatedWorkload("on-off", what, seconds, _hosts(2 * rate), ticks)


def heavy(jobs: int = 30_000) -> SimulatedWorkload:
    """Return jobs of which most are short and a few take up to an hour."""
    seconds = 8 * HOUR
    rate = jobs / seconds
    ticks = random_ticks(lambda _at: rate, pareto(MEAN_SECONDS), seconds)
    what = "a heavy tail: jobs of two seconds to an hour"
    return SimulatedWorkload("heavy", what, seconds, _hosts(3 * rate), ticks)


def slow(jobs: int = 600) -> SimulatedWorkload:
    """Return jobs of four minutes each, on average."""
    seconds = 8 * HOUR
    rate = jobs / seconds
    ticks = random_ticks(lambda _at: rate, exponential(SLOW_SECONDS), seconds)
    return SimulatedWorkload(
        "slow", "jobs of four minutes each", seconds, _hosts(3 * rate, SLOW_SECONDS), ticks
    )


def large(jobs: int = 1_030_000) -> SimulatedWorkload:
    """Return a million jobs in two hours, up and down twice."""
    seconds = 2 * HOUR
    mean = jobs / seconds
    ticks = random_ticks(lambda at: mean * (1 + 0.8 * sin(4 * pi * at / seconds)), _usual(), seconds)
    return SimulatedWorkload("large", "a million jobs, up and down twice", seconds, _hosts(5.5 * mean), ticks)


# A new one gets a line here.
GENERATORS: dict[str, Callable[..., SimulatedWorkload]] = {
    "steady": steady,
    "bursts": bursts,
    "day": day,
    "deadline": deadline,
    "on-off": on_off,
    "heavy": heavy,
    "slow": slow,
    "large": large,
}


def _usual() -> Callable[[random.Random, int], list[float]]:
    return exponential(MEAN_SECONDS)


def _hosts(rate: float, seconds: float = MEAN_SECONDS) -> int:
    """Return how many hosts keep up with so many jobs a second."""
    return max(2, round(rate * seconds / SLOTS + 0.5))
