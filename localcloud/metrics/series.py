"""The data points of metrics, and their statistics by period. Times are Unix times on AWS's clock."""

import math
import re
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

# AWS keeps points of one minute for 15 days. Here as many points a metric are kept as a day has minutes.
_KEPT = 1_440


_PERCENTILE = re.compile(r"p(\d{1,2}(\.\d+)?|100)")


def is_percentile(statistic: str) -> bool:
    """Tell whether a statistic is one, such as `p95` or `p99.9`."""
    return _PERCENTILE.fullmatch(statistic) is not None


class Metric(NamedTuple):
    """What CloudWatch knows a metric by: all three must be the same."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def metric(namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
    """Return the metric of this name with these dimensions."""
    return Metric(namespace, name, frozenset(dimensions.items()))


@dataclass(frozen=True)
class Statistics:
    """What CloudWatch keeps of the values of a moment."""

    count: float
    total: float
    least: float
    most: float
    spread: tuple[tuple[float, float], ...] = ()
    """Values with how often there were, for percentiles; empty where only the sums are known."""

    @classmethod
    def of(cls, value: float) -> "Statistics":
        """Return those of one value."""
        return cls(1, value, value, value, ((value, 1),))

    def get(self, statistic: str) -> float:
        """Return `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount` or a percentile such as `p95`.

        NaN for what there is not: an average of nothing, or a percentile where only sums are known.
        """
        match statistic:
            case "Sum":
                return self.total
            case "Minimum":
                return self.least
            case "Maximum":
                return self.most
            case "SampleCount":
                return self.count
            case _ if is_percentile(statistic):
                return self._percentile(float(statistic[1:]))
            case _:
                return self.total / self.count if self.count else math.nan

    def _percentile(self, percent: float) -> float:
        """Return the least value that so many of a hundred values do not exceed."""
        rank, below = self.count * percent / 100, 0.0
        for value, often in sorted(self.spread):
            below += often
            if below >= rank:
                return value
        return math.nan


def together(several: Iterable[Statistics]) -> Statistics:
    """Return the statistics of all the values; there must be at least one."""
    parts = list(several)
    return Statistics(
        sum(one.count for one in parts),
        math.fsum(one.total for one in parts),
        min(one.least for one in parts),
        max(one.most for one in parts),
        # Where the values of one part are not known, those of all are not.
        tuple(one for part in parts for one in part.spread) if all(part.spread for part in parts) else (),
    )


@dataclass(frozen=True)
class Point:
    """The statistics of a metric from `time` on, which those who ask see from `seen_from` on."""

    time: float
    seen_from: float
    statistics: Statistics
    unit: str = "None"


class MetricStore:
    """The points of all metrics of an account in a region. Safe for several threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._points: dict[Metric, deque[Point]] = {}
        self._lock = threading.Lock()

    def put(self, which: Metric, point: Point) -> None:
        """Add a point; the oldest of the metric is forgotten when there are too many."""
        with self._lock:
            self._points.setdefault(which, deque(maxlen=_KEPT)).append(point)

    def metrics(self, now: float) -> list[Metric]:
        """Return the metrics that have points at `now`."""
        with self._lock:
            return [which for which, points in self._points.items() if any(_seen(points, now))]

    def unit(self, which: Metric) -> str:
        """Return the unit of a metric's newest point."""
        with self._lock:
            points = self._points.get(which)
            return points[-1].unit if points else "None"

    def periods(
        self, which: Metric, start: float, end: float, period: float, now: float, unit: str | None = None
    ) -> dict[float, Statistics]:
        """Return the statistics of each period from `start` to before `end` that has points at `now`."""
        with self._lock:
            points = [
                one
                for one in _seen(self._points.get(which, ()), now)
                if start <= one.time < end and unit in (None, one.unit)
            ]
        parts: dict[float, list[Statistics]] = {}
        for one in points:
            begin = start + math.floor((one.time - start) / period) * period
            parts.setdefault(begin, []).append(one.statistics)
        return {begin: together(several) for begin, several in sorted(parts.items())}


def _seen(points: Iterable[Point], now: float) -> Iterable[Point]:
    return (one for one in points if one.seen_from <= now)
