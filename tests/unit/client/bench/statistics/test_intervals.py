"""Confidence intervals hold the truth as often as they say, also where neighbours in time are alike."""

import numpy as np
import pytest
from jobfleet.bench.statistics.batches import in_batches, rates
from jobfleet.bench.statistics.intervals import (
    Interval,
    percentile_intervals,
    round_intervals,
    student_t,
    t_interval,
)
from jobfleet.bench.statistics.percentiles import percentiles

# Two-sided, 95 %: Abramowitz & Stegun, table 26.10.
T_TABLE = {4: 2.776, 9: 2.262, 19: 2.093, 39: 2.023, 99: 1.984}


@pytest.mark.parametrize(("freedom", "value"), T_TABLE.items())
def test_student_t_is_that_of_the_tables(freedom: int, value: float) -> None:
    assert student_t(freedom) == pytest.approx(value, rel=0.003)


def alike(chance: np.random.Generator, count: int) -> np.ndarray:
    """Times around 10 ms whose neighbours are alike: an autoregressive series, made log-normal."""
    noise, series = chance.normal(size=count), np.empty(count)
    series[0] = noise[0]
    for place in range(1, count):
        series[place] = 0.8 * series[place - 1] + 0.6 * noise[place]
    return 0.010 * np.exp(0.3 * series)


def test_percentiles_of_times_that_depend_on_each_other_have_honest_bounds() -> None:
    # The median of the series is 10 ms, its p95 10 ms * exp(0.3 * 1.645).
    truth = {0: 0.010, 2: 0.010 * float(np.exp(0.3 * 1.6449))}
    held = dict.fromkeys(truth, 0)
    chance = np.random.default_rng(5)
    for number in range(60):
        values = alike(chance, 600)
        found = percentile_intervals(percentiles(values), in_batches(values), number)
        for place, true in truth.items():
            low, high = found[place].low, found[place].high
            assert low is not None
            assert high is not None
            held[place] += low <= true <= high
    assert all(count >= 52 for count in held.values()), held


def test_bounds_that_take_requests_for_independent_would_hold_it_less_often() -> None:
    """What the batches are for: the same with batches of single requests, which are drawn one by one."""
    chance, held = np.random.default_rng(5), 0
    for number in range(60):
        values = alike(chance, 600)
        shuffled = np.random.default_rng(number).permutation(values)
        (median, *_) = percentile_intervals(percentiles(values), in_batches(shuffled), number)
        held += (median.low or 0) <= 0.010 <= (median.high or 0)
    assert held < 45


def test_the_value_is_exact_and_lies_within_its_bounds() -> None:
    values = np.random.default_rng(1).exponential(0.02, 5_000)
    exact = percentiles(values)
    for true, one in zip(exact, percentile_intervals(exact, in_batches(values), 1), strict=True):
        assert one.value == true
        assert (one.low or 0) <= true <= (one.high or 0)


def test_the_same_seed_gives_the_same_bounds() -> None:
    values = np.random.default_rng(1).exponential(0.02, 500)
    again = [percentile_intervals(percentiles(values), in_batches(values), seed) for seed in (1, 1)]
    assert again[0] == again[1]


def test_too_few_samples_have_no_bounds() -> None:
    values = np.ones(99)
    assert all(one.low is None for one in percentile_intervals(percentiles(values), in_batches(values), 1))
    assert rates(values, 0.0, 2.0) == []
    assert t_interval(5.0, []) == Interval(5.0)


def test_few_rounds_have_no_bounds() -> None:
    rounds = [np.random.default_rng(number).exponential(0.02, 50) for number in range(4)]
    values = percentiles(np.concatenate(rounds))
    assert all(one.low is None for one in percentile_intervals(values, rounds, 1))
    assert all(one.low is None for one in round_intervals(values, [percentiles(one) for one in rounds]))


def test_the_rate_has_the_bounds_of_its_parts() -> None:
    done = np.arange(0.05, 100.0, 0.1)  # ten a second
    parts = rates(done, 0.0, 100.0)
    assert parts == [10.0] * 20
    assert t_interval(10.0, parts) == Interval(10.0, 10.0, 10.0)
    # Half width: t(4) * s / sqrt(5), s of 1 to 5 is 1.5811.
    found = t_interval(3.0, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.high == pytest.approx(3.0 + 2.776 * 1.5811 / 5**0.5, rel=0.002)


def test_rounds_vouch_for_what_changes_from_run_to_run() -> None:
    (found,) = round_intervals([3.0], [[1.0], [2.0], [3.0], [4.0], [5.0]])
    assert found == t_interval(3.0, [1.0, 2.0, 3.0, 4.0, 5.0])


@pytest.mark.parametrize(
    ("other", "parted"),
    [
        (Interval(3, 2.5, 3.5), True), (Interval(2, 1.9, 2.2), False), (Interval(9), False),
        (Interval(0.2, 0.1, 0.3), True), (Interval(2, 2.0, 2.2), False),
    ],
)  # fmt: skip
def test_intervals_part_where_they_have_nothing_in_common(other: Interval, parted: bool) -> None:
    one = Interval(1.5, 1.0, 2.0)
    assert one.parts_from(other) is other.parts_from(one) is parted
