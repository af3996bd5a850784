"""Metric math: the value of an expression.

A value is a number, a series (Unix time on AWS's clock to number) or several series. A moment at which a
series has no number is missing in what is made of it; FILL is there for that
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax).
A result that is no finite number, as of a division by 0, is missing, too.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Protocol

from localcloud.metrics.expression import (
    Array,
    BadExpression,
    BinaryOperation,
    Function,
    Negative,
    Node,
    Number,
    QuotedText,
    Reference,
)

Series = Mapping[float, float]
Value = float | Series | list[Series]

_Number = Callable[[float, float], float]

_OPERATORS: dict[str, _Number] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "==": lambda one, other: float(one == other),
    "!=": lambda one, other: float(one != other),
    "<": lambda one, other: float(one < other),
    ">": lambda one, other: float(one > other),
    "<=": lambda one, other: float(one <= other),
    ">=": lambda one, other: float(one >= other),
    "AND": lambda one, other: float(bool(one and other)),
    "OR": lambda one, other: float(bool(one or other)),
}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": fmean,
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
}
_OF_ONE: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


class ExpressionInputs(Protocol):
    """What an expression can look at."""

    times: Sequence[float]
    """The moments for which there is or could be data, in order."""

    def value_of(self, id: str) -> Value:  # noqa: A002  CloudWatch's own name
        """Return the value of a metric or another expression. Raises `BadExpression`."""

    def metrics(self, part: str) -> list[Series]:
        """Return the metrics, not expressions, whose ids hold `part`."""


def evaluate(node: Node, around: ExpressionInputs) -> Value:
    """Return the value of an expression. Raises `BadExpression` if it can have none, whatever the data."""
    match node:
        case Number(value=number):
            return number
        case QuotedText(value=text):
            raise BadExpression(f"the text {text!r} has no place there")
        case Reference(id=wanted):
            return around.value_of(wanted)
        case Negative(of=inner):
            return _each(evaluate(inner, around), operator.neg)
        case BinaryOperation(operator=sign, left=left, right=right):
            return _combine(_OPERATORS[sign], evaluate(left, around), evaluate(right, around))
        case Array(items=items):
            return _flat([evaluate(item, around) for item in items])
        case Function():
            return _function(node, around)


def _function(node: Function, around: ExpressionInputs) -> Value:
    match node.name:
        case "METRICS":
            return _metrics(node, around)
        case "FILL":
            series, how = _arguments(node, 2, 2)
            return _fill(evaluate(series, around), how, around)
        case "IF":
            values = [evaluate(one, around) for one in _arguments(node, 2, 3)]
            return _if(*values)
        case name if name in _AGGREGATES:
            return _aggregate(_AGGREGATES[name], evaluate(_arguments(node, 1, 1)[0], around))
        case name if name in _OF_ONE:
            return _each(evaluate(_arguments(node, 1, 1)[0], around), _OF_ONE[name])
    raise BadExpression(f"the function {node.name} is not known")


def _arguments(node: Function, least: int, most: int) -> tuple[Node, ...]:
    if not least <= len(node.arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise BadExpression(f"{node.name} takes {wanted} arguments, not {len(node.arguments)}")
    return node.arguments


def _metrics(node: Function, around: ExpressionInputs) -> list[Series]:
    match _arguments(node, 0, 1):
        case ():
            return around.metrics("")
        case (QuotedText(value=part),):
            return around.metrics(part)
    raise BadExpression("METRICS takes a text in quotes, or nothing")


def _flat(values: list[Value]) -> list[Series]:
    found: list[Series] = []
    for value in values:
        if isinstance(value, float | int):
            raise BadExpression("an array holds series, no numbers")
        found += value if isinstance(value, list) else [value]
    return found


def _finite(compute: Callable[[], float]) -> float:
    """Return the result, or NaN, which stands for a missing one."""
    try:
        found = compute()
    except (ArithmeticError, ValueError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def _series(pairs: Mapping[float, float]) -> Series:
    return {time: value for time, value in pairs.items() if not math.isnan(value)}


def _each(value: Value, change: Callable[[float], float]) -> Value:
    if isinstance(value, list):
        return [_series({time: change(one) for time, one in series.items()}) for series in value]
    if isinstance(value, Mapping):
        return _series({time: change(one) for time, one in value.items()})
    return _finite(lambda: change(value))


def _combine(compute: _Number, left: Value, right: Value) -> Value:
    if isinstance(left, list) and isinstance(right, list):
        raise BadExpression("an operator cannot stand between two arrays")
    if isinstance(left, list):
        return [_of_two(compute, one, right) for one in left]  # type: ignore[arg-type, misc]
    if isinstance(right, list):
        return [_of_two(compute, left, one) for one in right]  # type: ignore[misc]
    return _of_two(compute, left, right)


def _of_two(compute: _Number, left: float | Series, right: float | Series) -> float | Series:
    if not isinstance(left, Mapping) and not isinstance(right, Mapping):
        return _finite(lambda: compute(left, right))
    times = left.keys() if isinstance(left, Mapping) else right.keys()  # type: ignore[union-attr]
    found = {}
    for time in times:
        one, other = _at(left, time), _at(right, time)
        found[time] = _finite(lambda one=one, other=other: compute(one, other))  # type: ignore[misc]
    return _series(found)


def _at(value: float | Series, time: float) -> float:
    return value.get(time, math.nan) if isinstance(value, Mapping) else value


def _aggregate(compute: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Make one series of several, or one number of a series."""
    if isinstance(value, list):
        times = sorted({time for series in value for time in series})
        return {time: compute([one[time] for one in value if time in one]) for time in times}
    if isinstance(value, Mapping):
        return _finite(lambda: compute(list(value.values())))
    raise BadExpression("SUM, AVG, MIN and MAX take a series or an array, no number")


def _if(condition: Value, then: Value, otherwise: Value = math.nan) -> Value:
    if isinstance(condition, list) or isinstance(then, list) or isinstance(otherwise, list):
        raise BadExpression("IF takes series and numbers, no array")
    if not isinstance(condition, Mapping):
        return then if condition else otherwise
    return _series({time: _at(then if true else otherwise, time) for time, true in condition.items()})


def _fill(value: Value, how: Node, around: ExpressionInputs) -> Value:
    if isinstance(value, list):
        return [_filled(series, how, around) for series in value]
    if isinstance(value, Mapping):
        return _filled(value, how, around)
    raise BadExpression("FILL takes a series or an array, no number")


def _filled(series: Series, how: Node, around: ExpressionInputs) -> Series:
    match how:
        case QuotedText(value="REPEAT"):
            return _repeated(series, around.times)
        case QuotedText(value="LINEAR"):
            return _interpolated(series, around.times)
    filler = evaluate(how, around)
    if isinstance(filler, list):
        raise BadExpression("FILL takes a number, a series, REPEAT or LINEAR for what is missing")
    return _series({time: series.get(time, _at(filler, time)) for time in around.times})


def _repeated(series: Series, times: Sequence[float]) -> Series:
    found, last = {}, math.nan
    for time in times:
        last = found[time] = series.get(time, last)
    return _series(found)


def _interpolated(series: Series, times: Sequence[float]) -> Series:
    known = sorted(series)
    found = dict(series)
    for before, after in pairwise(known):
        step = (series[after] - series[before]) / (after - before)
        for time in times:
            if before < time < after:
                found[time] = series[before] + step * (time - before)
    return found
