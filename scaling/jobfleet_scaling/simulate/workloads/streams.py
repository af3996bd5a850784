"""Streams of jobs: a tick's worth at a time, so that no run has to hold them all."""

# ruff: noqa: S311 - seeded chance, so that a run can be had again; no secrets

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

# The jobs of one tick: when each comes (seconds, in order), and how long each takes (seconds).
Tick = tuple[list[float], list[float]]
Draw = Callable[[random.Random, int], list[float]]


@dataclass(frozen=True)
class SimulatedWorkload:
    """Jobs over `seconds`; `ticks(tick, seed)` gives them, tick by tick. `maximum` suits them as a cap."""

    name: str
    what: str
    seconds: float
    maximum: int
    ticks: Callable[[float, int], Iterator[Tick]]


def exponential(mean: float) -> Draw:
    """Return service times that spread as those of many small and some large jobs do."""

    def draw(randoms: random.Random, count: int) -> list[float]:
        get = randoms.random
        return [-mean * log(1.0 - get()) for _ in range(count)]

    return draw


def pareto(mean: float, shape: float = 1.5, longest: float = 3_600.0) -> Draw:
    """Return service times with a heavy tail (none `longest` or longer): most short, a few very long."""
    least = mean * (shape - 1) / shape

    def draw(randoms: random.Random, count: int) -> list[float]:
        get, power = randoms.random, -1 / shape
        return [min(longest, least * (1.0 - get()) ** power) for _ in range(count)]

    return draw


def random_ticks(
    rate: Callable[[float], float], service: Draw, seconds: float
) -> Callable[[float, int], Iterator[Tick]]:
    """Return a stream of independent jobs that come at `rate(at)` a second, at the middle of each tick."""

    def ticks(tick: float, seed: int) -> Iterator[Tick]:
        randoms = random.Random(seed)
        for number in range(round(seconds / tick)):
            begin = number * tick
            count = poisson(randoms, rate(begin + tick / 2) * tick)
            yield at_random(randoms, count, begin, tick), service(randoms, count)

    return ticks


def at_random(randoms: random.Random, count: int, begin: float, seconds: float) -> list[float]:
    """Return `count` times within `seconds` of `begin`, in order."""
    get = randoms.random
    return sorted([begin + seconds * get() for _ in range(count)])


def poisson(randoms: random.Random, mean: float) -> int:
    """Return a Poisson variate; beyond 500 the normal one next to it."""
    if mean > 500:
        return max(0, round(randoms.gauss(mean, sqrt(mean))))
    left, count, bound = 1.0, -1, exp(-mean)
    while left > bound or count < 0:
        left *= randoms.random()
        count += 1
    return count


def listed_ticks(
    arrivals: Sequence[float], services: Sequence[float]
) -> Callable[[float, int], Iterator[Tick]]:
    """Return a stream of jobs that are known one by one, in order of their arrival; seeds change nothing."""

    def ticks(tick: float, _seed: int) -> Iterator[Tick]:
        begin, number = 0, 0
        while begin < len(arrivals):
            number += 1
            end = bisect_left(arrivals, number * tick, begin)
            yield list(arrivals[begin:end]), list(services[begin:end])
            begin = end

    return ticks
