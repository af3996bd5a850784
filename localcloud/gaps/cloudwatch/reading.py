"""CloudWatch: GetMetricData, GetMetricStatistics and ListMetrics.

moto looks at every data point of every metric for each period, and knows no metric math.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum, MetricDatum
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from localcloud.gaps.cloudwatch.clock import now, on_clock, real
from localcloud.gaps.cloudwatch.records import store_of
from localcloud.gaps.patching import put_over
from localcloud.metrics.expression import BadExpression
from localcloud.metrics.queries import ExpressionQuery, MetricQuery, Query, QueryAnswers, Span, reader
from localcloud.metrics.series import Metric, Point, Statistics, is_percentile, metric
from localcloud.metrics.values import Series

STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")

# GetMetricStatistics answers at most so many data points, says its reference.
_MOST_POINTS = 1_440


def mend() -> None:
    """Mend all gaps of reading and writing metrics."""
    _points_are_kept_by_metric()
    _metric_data_knows_maths()
    put_over(CloudWatchBackend, "get_metric_statistics", _get_metric_statistics)
    put_over(CloudWatchBackend, "get_filtered_metrics", _get_filtered_metrics)
    _percentiles_are_extended_statistics()


def _points_are_kept_by_metric() -> None:
    """PutMetricData adds to the metric of the same namespace, name and dimensions; moto keeps one list."""
    put = CloudWatchBackend.put_metric_data

    def put_metric_data(
        backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]
    ) -> None:
        put(backend, namespace, metric_data)
        data, backend.metric_data = backend.metric_data, []
        for datum in data:
            which = metric(datum.namespace, datum.name, {one.name: one.value for one in datum.dimensions})  # type: ignore[misc]
            moment = on_clock(datum.timestamp)
            point = Point(moment, moment, _statistics(datum), datum.unit or "None")
            store_of(backend).put(which, point)

    put_over(CloudWatchBackend, "put_metric_data", put_metric_data)


def _statistics(datum: Any) -> Statistics:
    if isinstance(datum, MetricAggregatedDatum):
        # "If the minimum and the maximum are equal", there is no doubt about the values:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Percentiles
        spread = ((datum.min, datum.sample_count),) if datum.min == datum.max else ()
        return Statistics(datum.sample_count, datum.sum, datum.min, datum.max, spread)
    assert isinstance(datum, MetricDatum)  # noqa: S101  moto makes no other
    return Statistics.of(datum.value)


def _metric_data_knows_maths() -> None:
    """GetMetricData answers metric math. moto answers expressions that are an id alone."""

    def get_metric_data(
        backend: CloudWatchBackend,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampDescending",
    ) -> list[dict[str, Any]]:
        if start_time >= end_time:
            raise ValidationError("The parameter EndTime must be greater than StartTime.")
        try:
            known = read_queries(queries)
            span = _span(known, queries, start_time, end_time)
            answers = QueryAnswers(known, reader(store_of(backend), span, now()), span.times)
            return [
                _result(query, series, newest_first=scan_by != "TimestampAscending")
                for query in queries
                if query.get("ReturnData") is not False
                for series in _several(answers, query["Id"])
            ]
        except BadExpression as problem:
            raise ValidationError(f"Error in expression: {problem}") from problem

    put_over(CloudWatchBackend, "get_metric_data", get_metric_data)


def read_queries(queries: list[dict[str, Any]]) -> dict[str, Query]:
    """Return the queries of a request by their ids. Raises `BadExpression` and `ValidationError`."""
    known: dict[str, Query] = {}
    for query in queries:
        if query["Id"] in known:
            raise ValidationError(f"The id {query['Id']!r} is given twice.")
        known[query["Id"]] = _read_query(query)
    return known


def _read_query(query: dict[str, Any]) -> Query:
    if (text := query.get("Expression")) is not None:
        if text.lstrip().upper().startswith("SELECT"):
            raise BadExpression("queries of Metrics Insights (SELECT) are not known here")
        return ExpressionQuery.of(text)
    asked = query["MetricStat"]
    return MetricQuery(
        metric_asked(asked["Metric"]),
        statistic_asked(asked["Stat"]),
        period_asked(asked["Period"]),
        asked.get("Unit"),
    )


def metric_asked(asked: Mapping[str, Any]) -> Metric:
    """Return the metric that a request names."""
    dimensions = {one["Name"]: one["Value"] for one in asked.get("Dimensions") or []}
    return metric(asked.get("Namespace") or "", asked.get("MetricName") or "", dimensions)


def statistic_asked(statistic: str) -> str:
    """Return a statistic if it is known. Raises `ValidationError`."""
    if statistic not in STATISTICS and not is_percentile(statistic):
        raise ValidationError(
            f"The statistic {statistic!r} is not supported: say one of {', '.join(STATISTICS)}, or a "
            "percentile such as p95 (trimmed means are not known here)."
        )
    return statistic


def period_asked(period: Any) -> float:
    """Return a period if CloudWatch takes it. Raises `ValidationError`."""
    seconds = int(period or 0)
    if seconds not in (1, 5, 10, 20, 30) and (seconds < 60 or seconds % 60):
        raise ValidationError(
            f"The period {period} is not supported: it must be 1, 5, 10, 20, 30, or a multiple of 60."
        )
    return float(seconds)


def _percentiles_are_extended_statistics() -> None:
    """GetMetricStatistics answers percentiles apart from the other statistics. moto does not know them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Datapoint.html
    """
    answer = CloudWatchResponse.get_metric_statistics

    def get_metric_statistics(response: CloudWatchResponse) -> ActionResult:
        extended = response._get_param("ExtendedStatistics") or []
        if not extended:
            found: ActionResult = answer(response)
            return found
        asked: dict[str, Any] = response._get_params()
        backend: Any = response.cloudwatch_backend
        points = backend.get_metric_statistics(
            asked["Namespace"],
            asked["MetricName"],
            asked["StartTime"],
            asked["EndTime"],
            asked["Period"],
            [*(asked.get("Statistics") or []), *extended],
            unit=asked.get("Unit"),
            dimensions=asked.get("Dimensions") or [],
        )
        apart = [_with_percentiles(point, extended) for point in points]
        return ActionResult({"Label": asked["MetricName"], "Datapoints": apart})

    put_over(CloudWatchResponse, "get_metric_statistics", get_metric_statistics)


def _with_percentiles(point: dict[str, Any], extended: list[str]) -> dict[str, Any]:
    values = {name: point[name] for name in extended if not math.isnan(point[name])}
    rest = {name: value for name, value in point.items() if name not in extended}
    return rest | ({"ExtendedStatistics": values} if values else {})


def _span(known: Mapping[str, Query], queries: list[dict[str, Any]], start: datetime, end: datetime) -> Span:
    given = [float(query["Period"]) for query in queries if query.get("Period")]
    period = max([one.period for one in known.values() if isinstance(one, MetricQuery)] + given, default=60.0)
    begin = math.floor(on_clock(start) / period) * period
    return Span(begin, on_clock(end), period)


def _several(answers: QueryAnswers, id: str) -> list[Series]:  # noqa: A002  CloudWatch's own name
    value = answers.value_of(id)
    if isinstance(value, float | int):
        raise BadExpression(f"{id!r} is a number, and must be a series")
    return value if isinstance(value, list) else [value]


def _result(query: dict[str, Any], series: Series, *, newest_first: bool) -> dict[str, Any]:
    stat = query.get("MetricStat")
    label = query.get("Label") or (stat["Metric"]["MetricName"] if stat else query["Id"])
    times = sorted(series, reverse=newest_first)
    return {
        "id": query["Id"],
        "label": label,
        "timestamps": [real(time) for time in times],
        "values": [series[time] for time in times],
        "status_code": "Complete",
    }


def _get_metric_statistics(
    backend: CloudWatchBackend,
    namespace: str,
    metric_name: str,
    start_time: datetime,
    end_time: datetime,
    period: int,
    stats: list[str],
    dimensions: list[dict[str, str]],
    unit: str | None = None,
) -> list[dict[str, Any]]:
    if start_time >= end_time:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    seconds = period_asked(period)
    begin = math.floor(on_clock(start_time) / seconds) * seconds
    end = on_clock(end_time)
    asked = {"Namespace": namespace, "MetricName": metric_name, "Dimensions": dimensions}
    store, which = store_of(backend), metric_asked(asked)
    found = store.periods(which, begin, end, seconds, now(), unit)
    if len(found) > _MOST_POINTS:
        raise InvalidParameterValue(
            f"You have requested up to {len(found)} datapoints, which exceeds the limit of {_MOST_POINTS}."
        )
    known_unit = unit or store.unit(which)
    return [
        {
            "Timestamp": real(time),
            "Unit": known_unit,
            **{one: statistics.get(statistic_asked(one)) for one in stats},
        }
        for time, statistics in found.items()
    ]


def _get_filtered_metrics(
    backend: CloudWatchBackend, metric_name: str, namespace: str, dimensions: list[dict[str, str]]
) -> list[dict[str, Any]]:
    return [
        {
            "Namespace": which.namespace,
            "MetricName": which.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(which.dimensions)],
        }
        for which in store_of(backend).metrics(now())
        if namespace in (None, which.namespace)
        and metric_name in (None, which.name)
        and all(_has(which, one) for one in dimensions or [])
    ]


def _has(which: Metric, wanted: dict[str, str]) -> bool:
    """Tell whether a metric has a dimension of this name, with this value if one is asked for."""
    return any(
        name == wanted["Name"] and wanted.get("Value") in (None, value) for name, value in which.dimensions
    )
