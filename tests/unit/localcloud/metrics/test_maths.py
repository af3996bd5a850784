"""Metric math: what expressions are worth, and which are refused."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from localcloud.metrics.expression import BadExpression, parse
from localcloud.metrics.queries import ExpressionQuery, MetricQuery, QueryAnswers, check
from localcloud.metrics.series import metric
from localcloud.metrics.values import Value

TIMES = (0.0, 60.0, 120.0)
DATA: dict[str, dict[float, float]] = {
    "visible": {0: 0, 60: 5, 120: 2},
    "running": {0: 1, 60: 0},
    "nothing": {},
    "m1": {0: 1, 120: 4},
    "m2": {0: 2, 60: 7},
}


def worth(text: str) -> Value:
    named = {name: MetricQuery(metric("n", name, {}), "Average", 60) for name in DATA}
    queries = named | {"e": ExpressionQuery.of(text)}  # type: ignore[dict-item]
    return QueryAnswers(queries, lambda query: DATA[query.metric.name], TIMES).value_of("e")  # type: ignore[arg-type]


def read(text: str) -> float:
    found = worth(text)
    assert isinstance(found, float | int)
    return found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("8/2/2", 2),
        ("7-2-1", 4),
        ("-2+3", 1),
        ("2*-3", -6),
        ("2^3", 8),
        ("1.5e1", 15),
        ("1 < 2 AND 2 < 1", 0),
        ("1 < 2 OR 2 < 1 AND 0", 1),
        ("1 < 2 || 0 && 0", 1),
        ("2 == 2", 1),
        ("2 != 2", 0),
        ("3 >= 3", 1),
        ("IF(1, 2, 3)", 2),
        ("IF(0, 2, 3)", 3),
        ("SUM(visible)", 7),
        ("AVG(m1)", 2.5),
        ("MAX(visible) - MIN(visible)", 5),
    ],
)
def test_numbers_are_reckoned_in_the_usual_order(text: str, number: float) -> None:
    assert read(text) == number


@pytest.mark.parametrize(
    ("text", "series"),
    [
        ("visible / 2", {0: 0, 60: 2.5, 120: 1}),
        ("m1 + m2", {0: 3}),
        ("FILL(m1, 0) + FILL(m2, 0)", {0: 3, 60: 7, 120: 4}),
        ("FILL(m2, REPEAT)", {0: 2, 60: 7, 120: 7}),
        ("FILL(m1, LINEAR)", {0: 1, 60: 2.5, 120: 4}),
        ("FILL(m1, visible)", {0: 1, 60: 5, 120: 4}),
        ("FILL(nothing, 3)", {0: 3, 60: 3, 120: 3}),
        ("SUM([m1, m2])", {0: 3, 60: 7, 120: 4}),
        ("MAX(METRICS('m'))", {0: 2, 60: 7, 120: 4}),
        ("SUM(METRICS()) - SUM(METRICS())", {0: 0, 60: 0, 120: 0}),
        ("IF(visible > 0 AND FILL(running, 0) < 1, 1, 0)", {0: 0, 60: 1, 120: 1}),
        ("IF(visible > 0, m1)", {120: 4}),
        ("visible / running", {0: 0}),
        ("-ABS(-m1)", {0: -1, 120: -4}),
        ("visible * 1e308", {0: 0}),  # what is no finite number is missing
    ],
)
def test_series_are_reckoned_moment_by_moment(text: str, series: dict[float, float]) -> None:
    assert worth(text) == series


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "too early"),
        ("1 +", "too early"),
        ("(1", "'\\)' was expected"),
        ("1)", "'\\)' at character 2"),
        ("1 $ 2", "'\\$' at character 3"),
        ("visible visible", "'visible' at character 9"),
        ("EIGENVALUE(visible)", "EIGENVALUE is not known"),
        ("Visible", "ids begin with a-z"),
        ("other + 1", "'other' is the id of no metric"),
        ("e + 1", "in a circle"),
        ("[m1, m2] + [m1, m2]", "between two arrays"),
        ("FILL(m1)", "FILL takes 2 arguments, not 1"),
        ("IF(m1)", "IF takes 2 to 3 arguments, not 1"),
        ("'text'", "'text' has no place"),
        ("(" * 100 + "1" + ")" * 100, "deep"),
        ("1" * 3000, "3000 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadExpression, match=said):
        worth(text)


@pytest.mark.parametrize(("text", "said"), [("1", "a number"), ("[visible]", "several series")])
def test_an_alarm_wants_one_series(text: str, said: str) -> None:
    with pytest.raises(BadExpression, match=said):
        check({"visible": MetricQuery(metric("n", "v", {}), "Sum", 60), "e": ExpressionQuery.of(text)}, "e")


leaves = some.sampled_from(["m1", "m2", "visible", "1", "2.5", "0"])
expressions = some.recursive(
    leaves,
    lambda inner: some.one_of(
        some.builds("({} {} {})".format, inner, some.sampled_from(["+", "-", "*", "<", "AND", "||"]), inner),
        some.builds("-{}".format, inner),
        some.builds("IF({}, {}, {})".format, inner, inner, inner),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(expressions)
def test_every_expression_of_the_language_has_a_value(text: str) -> None:
    value = worth(text)

    numbers = value.values() if isinstance(value, Mapping) else [value]
    assert all(math.isfinite(one) for one in numbers)  # type: ignore[arg-type]
    assert not isinstance(value, Mapping) or set(value) <= set(TIMES)


@settings(deadline=None)
@given(some.integers(-99, 99), some.integers(-99, 99), some.integers(-99, 99))
def test_arithmetic_agrees_with_python_s(one: int, other: int, third: int) -> None:
    text = f"{one} + {other} * {third} - ({third} - {one})"

    assert read(text) == one + other * third - (third - one)


@settings(deadline=None)
@given(some.text(alphabet="m12()[],+-*/<>=&| .AFIL'\"", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadExpression:
        return
