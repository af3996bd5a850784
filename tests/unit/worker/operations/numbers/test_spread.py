"""Sum, spread, quantiles, mode and histogram beside `statistics`, `fractions` and NumPy."""

import json
import math
import random
import statistics
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.numbers.exact_math import Moments, power_sum, square_root
from jobfleet_worker.operations.numbers.stats import Number, stats

from tests.unit.worker.operations.numbers.test_stats import ADVERSARIAL, HUGE, TINY

NASTY: list[list[Number]] = [
    *ADVERSARIAL,
    [1e308, 1e-308],
    [1e308, 1e-308, -1e308, 5],
    [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16],
    [1e16 + 2, 1e16 + 4, 1e16 + 6],
    [0.1 + 2**-40 * n for n in range(50)],
    [1e15, 1e15 + 0.125, 1e15 + 0.25],
    [2**80 + n for n in range(9)],
    [10**2150, 0],
    [TINY] * 3 + [0.0],
    [2, 4, 4, 4, 5, 5, 7, 9],
]


def rounds_to(value: Number, truth: Fraction) -> bool:
    """Whether `value` is `truth`, or the number nearest to it of its kind."""
    if isinstance(value, int):
        return value == truth or (abs(truth) > HUGE and abs(value - truth) <= Fraction(1, 2))
    return value == float(truth)


def is_root_of(value: Number, square: Fraction) -> bool:
    """Whether `value` is the root of `square`, or none of its neighbours is nearer to it."""
    if isinstance(value, int):
        return Fraction(value) ** 2 == square or (
            square > Fraction(HUGE) ** 2
            and (value - Fraction(1, 2)) ** 2 <= square <= (value + Fraction(1, 2)) ** 2
        )
    down = Fraction(value) + Fraction(math.nextafter(value, -math.inf))
    up = 2 * Fraction(value) + Fraction(math.ulp(value))
    return (down <= 0 or down**2 <= 4 * square) and 4 * square <= up**2


@pytest.mark.parametrize("numbers", NASTY, ids=lambda numbers: str(numbers)[:40])
def test_the_spread_of_adversarial_numbers_is_the_exact_one_rounded_once(numbers: list[Number]) -> None:
    exact = [Fraction(number) for number in numbers]
    count, total = len(exact), sum(exact, Fraction())
    deviations = sum(((number - total / count) ** 2 for number in exact), Fraction())
    found = stats(numbers, more=True)
    assert rounds_to(found["sum"], total)
    assert rounds_to(found["population_variance"], deviations / count)
    assert is_root_of(found["population_stdev"], deviations / count)
    if count == 1:
        assert (found["variance"], found["stdev"]) == (None, None)
    else:
        assert rounds_to(found["variance"], deviations / (count - 1))
        assert is_root_of(found["stdev"], deviations / (count - 1))
    cuts = statistics.quantiles(exact * (2 if count == 1 else 1), n=4, method="inclusive")
    assert all(rounds_to(found[name], cut) for name, cut in zip(("q1", "q3"), cuts[::2], strict=True))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_whole_numbers_have_whole_answers_where_they_are_whole() -> None:
    assert stats([2, 4, 4, 4, 5, 5, 7, 9], more=True) == {
        "count": 8, "mean": 5, "min": 2, "max": 9, "median": 4.5,
        "q1": 4, "q3": 5.5, "sum": 40, "variance": 32 / 7, "stdev": math.sqrt(32 / 7),
        "population_variance": 4, "population_stdev": 2, "mode": 4, "mode_count": 3, "modes": 1,
    }  # fmt: skip
    great = stats([2**70 + 1, 2**70 + 3, 2**70 + 5], more=True)
    assert (great["sum"], great["variance"], great["q1"]) == (3 * 2**70 + 9, 4, 2**70 + 2)
    names = ("sum", "variance", "stdev", "q1")
    assert [type(great[name]) for name in names] == [int] * 4
    assert [type(stats([1.0, 3.0, 5.0], more=True)[name]) for name in names] == [float] * 4


def test_random_numbers_agree_with_the_statistics_module_and_numpy() -> None:
    dice = random.Random(11)  # noqa: S311 - test data
    for _ in range(200):
        kind = dice.choice(
            [lambda: dice.randint(-9, 9), lambda: dice.gauss(1e6, 1), lambda: dice.random() * 1e-9]
        )
        numbers: list[Number] = [kind() for _ in range(dice.randint(2, 60))]
        parts, bins = dice.randint(2, 12), dice.randint(1, 12)
        found = stats(numbers, more=True, quantiles=parts, histogram=bins)
        assert found["sum"] == pytest.approx(math.fsum(numbers), rel=1e-15)
        assert found["variance"] == pytest.approx(statistics.variance(numbers), rel=1e-14)
        assert found["stdev"] == pytest.approx(statistics.stdev(numbers), rel=1e-14)
        assert found["population_variance"] == pytest.approx(statistics.pvariance(numbers), rel=1e-14)
        assert found["population_stdev"] == pytest.approx(np.std(numbers), rel=1e-6)
        modes = statistics.multimode(numbers)
        assert (found["mode"], found["modes"]) == (min(modes), len(modes))
        assert found["mode_count"] == max(Counter(numbers).values())
        at = [place / parts for place in range(1, parts)]
        assert found["quantiles"] == pytest.approx(list(np.quantile(numbers, at)), rel=1e-12, abs=1e-12)
        assert [found["q1"], found["q3"]] == pytest.approx(
            list(np.quantile(numbers, [0.25, 0.75])), abs=1e-12
        )
        counts, edges = np.histogram(numbers, found["histogram"]["edges"])
        assert found["histogram"]["counts"] == list(counts)
        if min(numbers) < max(numbers):
            edges = np.histogram_bin_edges(np.asarray(numbers), bins)
        assert found["histogram"]["edges"] == pytest.approx(list(edges), rel=1e-12, abs=1e-12)


def test_the_order_of_the_numbers_does_not_matter() -> None:
    numbers: list[Number] = [1e308, -1e308, 1e-308, 3, 3, 0.1, 2**70, 0.1]
    first = stats(numbers, more=True, quantiles=7, histogram=3)
    dice = random.Random(5)  # noqa: S311 - test data
    for _ in range(20):
        dice.shuffle(numbers)
        assert stats(numbers, more=True, quantiles=7, histogram=3) == first


def test_a_billion_equal_numbers_have_no_spread_and_the_sum_of_one_a_billion_times() -> None:
    def moments(values: list[float], times: list[int]) -> Moments:
        return Moments(sum(times), power_sum(values, times, 1), power_sum(values, times, 2))

    found = moments([0.1], [10**9])
    assert (found.count, found.total) == (10**9, Fraction(0.1) * 10**9)
    assert found.squared_deviations == 0
    assert moments([1e308, 1e-308], [10**9, 1]).squared_deviations > 0
    equal = stats([0.1] * 100_000, more=True)
    assert (equal["stdev"], equal["q3"], equal["sum"]) == (0.0, 0.1, 10_000.0)


def test_equal_numbers_lie_in_the_bin_around_them() -> None:
    assert stats([3, 3, 3], histogram=2)["histogram"] == {"edges": [2.5, 3, 3.5], "counts": [0, 3]}
    between = [1.0, math.nextafter(1.0, 2)]
    assert sum(stats(between, histogram=5)["histogram"]["counts"]) == 2


def test_of_equally_frequent_values_the_smallest_is_the_mode() -> None:
    found = stats([9, 2, 9, 2, 5], more=True)
    assert (found["mode"], found["mode_count"], found["modes"]) == (2, 2, 2)


def test_answers_too_long_to_be_written_are_left_out_and_said_so() -> None:
    long = 10**4299
    found = stats([9 * long, 9 * long, 1], more=True)
    assert (found["sum"], found["variance"], found["population_variance"]) == (None, None, None)
    assert found["q3"] == 9 * long
    assert found["notes"] == [
        "left out, as they would have more than 4300 digits: sum, variance, population_variance"
    ]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    "square", [Fraction(2), Fraction(1, 3), Fraction(TINY) ** 2, Fraction(HUGE) ** 2 * 2]
)
def test_roots_are_rounded_once(square: Fraction) -> None:
    assert is_root_of(square_root(square, whole=False), square)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"more": 1}, "more=1: give true or false"),
        ({"quantiles": 1}, "quantiles=1: give a whole number from 2 to 1000"),
        ({"histogram": True}, "histogram=True: give a whole number from 1 to 1000"),
    ],
)
def test_parameters_that_are_none_are_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadJob, match=words):
        OPERATIONS["stats"].check(given)


def test_what_is_not_asked_for_is_not_worked_out() -> None:
    assert list(stats([1, 2])) == ["count", "mean", "min", "max", "median"]
    assert OPERATIONS["stats"].check({}) == {"more": False}
