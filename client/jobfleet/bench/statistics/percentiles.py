"""Percentiles of all samples, and what a closed loop left out."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Per cent, by the name that reports give them.
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}


def percentiles(values: Floats) -> list[float]:
    """Return each of `PERCENTILES`: the smallest value that so many per cent of all do not exceed.

    It is always one that was measured ("nearest rank"), and exact: nothing is put into bins.
    """
    ordered = np.sort(values)
    return [float(ordered[_rank(len(ordered), percent) - 1]) for percent in PERCENTILES.values()]


def _rank(count: int, percent: float) -> int:
    """Return which of `count` values it is, from 1. That 99.9 is not exact in binary makes it no higher."""
    return max(1, math.ceil(count * percent / 100 * (1 - 1e-12) - 1e-9))


def corrected(values: Floats, interval: float) -> Floats:
    """Return `values` and those that a closed loop did not measure because it was waiting.

    A client that sends every `interval` seconds, and waits `v` for one answer, would have sent again while it
    waited: those requests would have taken v - interval, v - 2 interval, … down to the interval. This is
    `recordValueWithExpectedInterval` of HdrHistogram
    (https://hdrhistogram.github.io/HdrHistogram/JavaDoc/org/HdrHistogram/ValueRecorder.html).
    """
    if interval <= 0:
        return values
    # A rounding error makes no request more of a wait that is a multiple of the interval.
    missing = np.maximum(np.floor(values / interval + 1e-9).astype(np.int64) - 1, 0)
    waits = np.repeat(values, missing)
    firsts = np.repeat(np.cumsum(missing) - missing, missing)
    steps = np.arange(len(waits)) - firsts + 1
    return np.concatenate([values, waits - steps * interval])


def expected_interval(seconds: float, clients: int, count: int) -> float:
    """Return the mean time from one request of a client to its next, in seconds: what the correction goes by.

    wrk takes the same (`stats_correct` in https://github.com/wg/wrk/blob/master/src/wrk.c). It is the careful
    choice: a stall makes the mean itself longer, so that the correction adds too little rather than too much.
    """
    return seconds * clients / count if count else 0.0


def joined(parts: Sequence[Floats]) -> Floats:
    """Return all values of some arrays."""
    return np.concatenate(parts) if parts else np.empty(0)
