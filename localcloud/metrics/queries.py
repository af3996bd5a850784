"""The queries of GetMetricData and of alarms: metrics and expressions that name each other by their ids."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from localcloud.metrics.expression import BadExpression, Node, parse, references
from localcloud.metrics.series import Metric, MetricStore
from localcloud.metrics.values import Series, Value, evaluate


@dataclass(frozen=True)
class MetricQuery:
    """A statistic of a metric by periods of so many seconds."""

    metric: Metric
    statistic: str
    period: float
    unit: str | None = None


@dataclass(frozen=True)
class ExpressionQuery:
    """An expression over what other queries answer."""

    text: str
    tree: Node = field(repr=False)

    @classmethod
    def of(cls, text: str) -> "ExpressionQuery":
        """Read the expression. Raises `BadExpression`."""
        return cls(text, parse(text))


Query = MetricQuery | ExpressionQuery
Reader = Callable[[MetricQuery], Series]
"""Finds the data of a metric."""


@dataclass(frozen=True)
class Span:
    """The time that is asked about, on AWS's clock, and in which steps."""

    start: float
    end: float
    period: float

    @property
    def times(self) -> list[float]:
        """When each period begins."""
        count = max(0, math.ceil((self.end - self.start) / self.period))
        return [self.start + index * self.period for index in range(count)]


def reader(store: MetricStore, span: Span, now: float) -> Reader:
    """Return a reader of what `store` knows at `now`."""

    def read(query: MetricQuery) -> Series:
        found = store.periods(query.metric, span.start, span.end, query.period, now, query.unit)
        values = {time: statistics.get(query.statistic) for time, statistics in found.items()}
        return {time: value for time, value in values.items() if not math.isnan(value)}

    return read


class QueryAnswers:
    """The values of queries, each found when it is asked for."""

    def __init__(self, queries: Mapping[str, Query], read: Reader, times: Sequence[float]) -> None:
        """Answer `queries`, by their ids."""
        self.times = times
        self._queries = queries
        self._read = read
        self._known: dict[str, Value] = {}
        self._open: list[str] = []

    def value_of(self, id: str) -> Value:  # noqa: A002  CloudWatch's own name
        """See `values.ExpressionInputs`."""
        if id in self._open:
            raise BadExpression(f"{' -> '.join([*self._open, id])}: expressions name each other in a circle")
        if id not in self._known:
            query = self._queries.get(id)
            if query is None:
                raise BadExpression(f"{id!r} is the id of no metric and of no expression")
            self._open.append(id)
            self._known[id] = self._read(query) if isinstance(query, MetricQuery) else self._worth(query)
            self._open.pop()
        return self._known[id]

    def metrics(self, part: str) -> list[Series]:
        """See `values.ExpressionInputs`."""
        return [
            self._read(query)
            for id, query in self._queries.items()  # noqa: A001
            if isinstance(query, MetricQuery) and part in id
        ]

    def _worth(self, query: ExpressionQuery) -> Value:
        return evaluate(query.tree, self)


def check(queries: Mapping[str, Query], wanted: str) -> None:
    """Raise `BadExpression` unless `wanted` is one series, whatever the data.

    What kind of value an expression has does not depend on the data, so that it is tried with none.
    """
    for query in queries.values():
        if isinstance(query, ExpressionQuery):
            for id in references(query.tree) - queries.keys():  # noqa: A001
                raise BadExpression(f"{id!r} is the id of no metric and of no expression")
    value = QueryAnswers(queries, lambda _: {}, ()).value_of(wanted)
    if not isinstance(value, Mapping):
        kind = "several series" if isinstance(value, list) else "a number"
        raise BadExpression(f"{wanted!r} is {kind}, and must be one series")
