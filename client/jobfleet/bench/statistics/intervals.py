"""Confidence intervals of what depends on what came before: neighbours in time are alike.

The samples are cut into batches by time, and batches are taken for independent, not requests (Law & Kelton,
"Simulation Modeling and Analysis", the method of batch means). A rate has the t-interval of its batches.
A percentile has the interval of a bootstrap that draws whole batches, with replacement.

Batches of one run know nothing of what changes from run to run, such as neighbours on the same machine. So
with `ROUNDS_MIN` rounds or more, each round is one batch, and percentiles have the t-interval of the rounds'
own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from jobfleet.bench.statistics.percentiles import PERCENTILES, Floats

CONFIDENCE = 0.95
ROUNDS_MIN = 5
BATCHES = 20
# With fewer samples than that in a batch, no interval is told.
BATCH_MIN = 5
_DRAWS = 1_000
# Bins of a quarter of a per cent from a microsecond to an hour: an interval is no more exact than that.
_BIN = 1.0025
_BINS = 8_900
_LEAST = 1e-6


@dataclass(frozen=True)
class Interval:
    """A figure, and its bounds with 95 % confidence; None where they cannot be told."""

    value: float
    low: float | None = None
    high: float | None = None

    def parts_from(self, other: "Interval") -> bool:
        """Tell whether two intervals have nothing in common."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return False
        return self.high < other.low or other.high < self.low


def t_interval(value: float, parts: Sequence[float]) -> Interval:
    """Return a figure with the t-interval of the same figure in independent parts: batches, or rounds."""
    if len(parts) < 2:
        return Interval(value)
    half = student_t(len(parts) - 1) * float(np.std(parts, ddof=1)) / len(parts) ** 0.5
    return Interval(value, max(0.0, value - half), value + half)


def percentile_intervals(values: Sequence[float], batches: Sequence[Floats], seed: int) -> list[Interval]:
    """Return the exact percentiles `values` with their intervals; `batches` are the samples by time."""
    # A bootstrap of few batches is far too sure of itself: of 2 batches, half of its intervals are wrong.
    if len(batches) < BATCHES or min(map(len, batches)) < BATCH_MIN:
        return [Interval(value) for value in values]
    counts = np.array([_binned(batch) for batch in batches])
    used = np.flatnonzero(counts.sum(axis=0))
    counts = counts[:, used]
    chance = np.random.default_rng(seed)
    drawn = chance.multinomial(len(batches), [1 / len(batches)] * len(batches), _DRAWS) @ counts
    sums = np.cumsum(drawn, axis=1)
    found = []
    for value, percent in zip(values, PERCENTILES.values(), strict=True):
        # The bin in which so many per cent are reached, in each draw.
        bins = np.argmax(sums >= np.ceil(sums[:, -1:] * percent / 100 - 1e-9), axis=1)
        low, high = np.percentile(used[bins], [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
        found.append(Interval(value, min(value, _edge(low)), max(value, _edge(high + 1))))
    return found


def round_intervals(values: Sequence[float], of_rounds: Sequence[Sequence[float]]) -> list[Interval]:
    """Return the percentiles `values` of all rounds, with the t-intervals of the rounds' own percentiles."""
    if len(of_rounds) < ROUNDS_MIN:
        return [Interval(value) for value in values]
    return [t_interval(value, [one[place] for one in of_rounds]) for place, value in enumerate(values)]


def _binned(values: Floats) -> Floats:
    places = np.log(np.maximum(values, _LEAST) / _LEAST) / np.log(_BIN)
    return np.bincount(np.minimum(places.astype(np.int64), _BINS - 1), minlength=_BINS).astype(np.float64)


def _edge(place: float) -> float:
    return float(_LEAST * _BIN**place)


def student_t(freedom: int) -> float:
    """Return the two-sided quantile of Student's t for `CONFIDENCE`.

    By its expansion in 1/freedom (Abramowitz & Stegun, 26.7.5), to 0.3 % from 4 on.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return float(z + first / freedom + second / freedom**2 + third / freedom**3)
