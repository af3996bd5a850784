"""CloudWatch: alarms that have a state of their own making, and a history.

In moto an alarm is a record that is OK, and whose state only SetAlarmState changes.
"""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.core.utils import utcnow

from localcloud.gaps.cloudwatch.reading import metric_asked, period_asked, statistic_asked
from localcloud.gaps.cloudwatch.records import history_of, store_of
from localcloud.gaps.patching import put_over
from localcloud.metrics.evaluation import (
    COMPARISONS,
    INSUFFICIENT_DATA,
    MORE_PERIODS,
    TREATMENTS,
    AlarmCondition,
)
from localcloud.metrics.expression import BadExpression
from localcloud.metrics.queries import (
    ExpressionQuery,
    MetricQuery,
    Query,
    QueryAnswers,
    Span,
    check,
    reader,
)

# All that an alarm looks at must lie within a day, or a week with periods of an hour or more:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_DAY, _WEEK, _HOUR = 86_400, 604_800, 3_600

# So many metrics an alarm may have, and so many expressions beside them:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
_MOST_OF_A_KIND = 10

# States are changed by the clock and by callers.
changing = threading.RLock()


@dataclass(frozen=True)
class Watch:
    """What an alarm looks at: the series that counts, of which queries, and when it goes off."""

    queries: dict[str, Query]
    wanted: str
    period: float
    condition: AlarmCondition

    @property
    def looks_at(self) -> int:
        """How many periods are looked at for data."""
        return self.condition.periods + MORE_PERIODS


def mend() -> None:
    """Mend all gaps of alarms."""
    _a_new_alarm_is_checked_and_has_no_data()
    _deleted_alarms_leave_a_trace()


def watch_of(alarm: Alarm) -> Watch | None:
    """Return what an alarm looks at; None for a composite one."""
    return alarm.__dict__.get("localcloud_watch")


def points_of(backend: CloudWatchBackend, watch: Watch, end: float) -> list[float | None]:
    """Return the data points that an alarm sees at `end`, the newest first, None where there is none."""
    # AWS lets the periods end with the minute: one of five minutes is another each minute.
    span = Span(end - watch.looks_at * watch.period, end, watch.period)
    answers = QueryAnswers(watch.queries, reader(store_of(backend), span, end), span.times)
    series = answers.value_of(watch.wanted)
    assert not isinstance(series, float | int | list)  # noqa: S101  `check` saw to it
    return [series.get(time) for time in reversed(span.times)]


def _a_new_alarm_is_checked_and_has_no_data() -> None:
    """A new alarm is INSUFFICIENT_DATA; a changed one keeps its state, and what cannot work is refused."""
    put = CloudWatchBackend.put_metric_alarm

    def put_metric_alarm(backend: CloudWatchBackend, name: str, **asked: Any) -> Alarm:
        watch = None if asked.get("rule") else _read(asked)
        with changing:
            before = backend.alarms.get(name)
            alarm = put(backend, name, **asked)
            alarm.__dict__["localcloud_watch"] = watch
            if before is None:
                alarm.state_value = INSUFFICIENT_DATA
                alarm.__dict__["state_transitioned_timestamp"] = alarm.state_updated_timestamp
            else:
                for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp"):
                    setattr(alarm, kept, getattr(before, kept))
                alarm.__dict__["state_transitioned_timestamp"] = before.__dict__[
                    "state_transitioned_timestamp"
                ]
        word = "created" if before is None else "updated"
        history_of(backend).add(
            name, "ConfigurationUpdate", f'Alarm "{name}" {word}', {"type": word.removesuffix("d")}
        )
        return alarm

    put_over(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)


def _read(asked: dict[str, Any]) -> Watch:
    """Return what an alarm shall look at. Raises `ValidationError`."""
    condition = _read_condition(asked)
    if asked.get("metric_data_queries"):
        queries, wanted = _read_queries(asked["metric_data_queries"])
    else:
        queries, wanted = {"m1": _read_metric(asked)}, "m1"
    periods = {one.period for one in queries.values() if isinstance(one, MetricQuery)}
    if len(periods) != 1:
        raise ValidationError("All metrics of an alarm must have one and the same period.")
    period = periods.pop()
    whole, most = period * condition.periods, _WEEK if period >= _HOUR else _DAY
    if whole > most:
        raise ValidationError(
            f"Metrics cannot be checked across more than {most} seconds: EvaluationPeriods * Period is "
            f"{whole:.0f}"
        )
    return Watch(queries, wanted, period, condition)


def _read_condition(asked: dict[str, Any]) -> AlarmCondition:
    comparison, threshold = asked.get("comparison_operator"), asked.get("threshold")
    if comparison not in COMPARISONS:
        raise ValidationError(
            f"The comparison operator {comparison!r} is not supported: say one of {', '.join(COMPARISONS)}."
        )
    if threshold is None:
        raise ValidationError("The parameter Threshold is required.")
    periods = int(asked.get("evaluation_periods") or 0)
    needed = int(asked.get("datapoints_to_alarm") or periods)
    if not 1 <= needed <= periods:
        raise ValidationError(
            f"DatapointsToAlarm {needed} must be at least 1 and at most EvaluationPeriods, {periods}"
        )
    missing = asked.get("treat_missing_data") or "missing"
    if missing not in TREATMENTS:
        raise ValidationError(
            f"Option {missing} is not supported. Supported options for TreatMissingData are "
            f"{', '.join(TREATMENTS)}."
        )
    return AlarmCondition(comparison, float(threshold), periods, needed, missing)


def _read_metric(asked: dict[str, Any]) -> MetricQuery:
    if not asked.get("namespace") or not asked.get("metric_name"):
        raise ValidationError("An alarm needs MetricName and Namespace, or Metrics.")
    named = {
        "Namespace": asked["namespace"],
        "MetricName": asked["metric_name"],
        "Dimensions": asked.get("dimensions"),
    }
    statistic = statistic_asked(asked.get("statistic") or asked.get("extended_statistic") or "")
    return MetricQuery(metric_asked(named), statistic, period_asked(asked.get("period")), asked.get("unit"))


def _read_queries(given: list[Any]) -> tuple[dict[str, Query], str]:
    expressions = sum(bool(one.expression) for one in given)
    if max(expressions, len(given) - expressions) > _MOST_OF_A_KIND:
        raise ValidationError(f"An alarm has at most {_MOST_OF_A_KIND} metrics and as many expressions.")
    wanted = [one.id for one in given if one.return_data is not False and str(one.return_data) != "false"]
    if len(wanted) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    try:
        queries = {one.id: _read_one(one) for one in given}
        if len(queries) < len(given):
            raise ValidationError("An id of the metrics list is given twice.")
        check(queries, wanted[0])
    except BadExpression as problem:
        raise ValidationError(f"Error in expression: {problem}") from problem
    return queries, wanted[0]


def _read_one(given: Any) -> Query:
    if given.expression:
        return ExpressionQuery.of(given.expression)
    stat = given.metric_stat
    if stat is None:
        raise ValidationError(f"The metric {given.id!r} needs MetricStat or Expression.")
    named = {
        "Namespace": stat.metric.namespace,
        "MetricName": stat.metric.metric_name,
        "Dimensions": [{"Name": one.name, "Value": one.value} for one in stat.metric.dimensions],
    }
    return MetricQuery(metric_asked(named), statistic_asked(stat.stat), period_asked(stat.period), stat.unit)


def note_change(backend: CloudWatchBackend, alarm: Alarm, before: str) -> None:
    """Note in the history that an alarm's state was set, and when, if it is another than `before`."""
    # moto keeps each state with the alarm; the region's history has them.
    alarm.history.clear()
    if alarm.state_value == before:
        return
    alarm.__dict__["state_transitioned_timestamp"] = utcnow()
    history_of(backend).add(
        alarm.name,
        "StateUpdate",
        f"Alarm updated from {before} to {alarm.state_value}",
        {
            "oldState": {"stateValue": before},
            "newState": {
                "stateValue": alarm.state_value,
                "stateReason": alarm.state_reason,
                "stateReasonData": json.loads(alarm.state_reason_data),
            },
        },
    )


def _deleted_alarms_leave_a_trace() -> None:
    """The history has deletions, too."""
    delete = CloudWatchBackend.delete_alarms

    def delete_alarms(backend: CloudWatchBackend, alarm_names: Iterable[str]) -> None:
        known = [name for name in alarm_names if name in backend.alarms]
        delete(backend, known)
        for name in known:
            history_of(backend).add(
                name, "ConfigurationUpdate", f'Alarm "{name}" deleted', {"type": "Delete"}
            )

    put_over(CloudWatchBackend, "delete_alarms", delete_alarms)
