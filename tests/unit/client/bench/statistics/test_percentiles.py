"""Percentiles and the correction of closed loops, against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobfleet.bench.statistics.percentiles import PERCENTILES, corrected, expected_interval, percentiles

VALUES = st.lists(st.floats(0.0001, 10.0), min_size=1, max_size=60)


@settings(derandomize=True, deadline=None, database=None)
@given(VALUES)
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[float]) -> None:
    for found, percent in zip(percentiles(np.array(values)), PERCENTILES.values(), strict=True):
        assert found in values
        assert sum(value <= found for value in values) >= len(values) * percent / 100 - 1e-9
        assert sum(value < found for value in values) < len(values) * percent / 100 + 1e-9


@pytest.mark.parametrize("count", [1_000, 2_000, 7_000, 20_000])
def test_of_a_thousand_p99_9_is_the_slowest_but_one(count: int) -> None:
    values = np.random.default_rng(1).permutation(np.arange(1.0, count + 1))
    assert percentiles(values) == [count * part for part in (0.5, 0.9, 0.95, 0.99, 0.999)]


def by_definition(values: list[float], interval: float) -> list[float]:
    """HdrHistogram's `recordValueWithExpectedInterval`, value by value."""
    found = list(values)
    for value in values:
        missing = value - interval
        while missing >= interval - 1e-9:
            found.append(missing)
            missing -= interval
    return sorted(found)


@settings(derandomize=True, deadline=None, database=None)
@given(VALUES, st.floats(0.05, 5.0))
def test_the_correction_adds_what_hdrhistogram_adds(values: list[float], interval: float) -> None:
    found = sorted(corrected(np.array(values), interval))
    assert found == pytest.approx(by_definition(values, interval))


def test_the_correction_of_a_wait_of_ten_intervals_adds_nine_values() -> None:
    assert sorted(corrected(np.array([1.0]), 0.1)) == pytest.approx([0.1 * n for n in range(1, 11)])


def test_no_interval_corrects_nothing() -> None:
    assert list(corrected(np.array([1.0]), 0.0)) == [1.0]
    assert expected_interval(10.0, 4, 0) == 0.0
    assert expected_interval(10.0, 4, 400) == pytest.approx(0.1)
