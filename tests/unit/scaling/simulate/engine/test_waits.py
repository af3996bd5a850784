import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobfleet_scaling.simulate.engine.waits import BUCKETS, Waits

waits = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@settings(deadline=None)
@given(waits, st.floats(0.01, 1))
def test_a_quantile_is_within_half_a_bucket(told: list[float], part: float) -> None:
    counted = Waits()
    counted.add(told)
    ordered = sorted(told)
    exact = next(wait for number, wait in enumerate(ordered, 1) if number >= part * len(told))
    assert abs(counted.quantile(part) - exact) <= (1 + exact) / BUCKETS
    assert counted.mean() == pytest.approx(sum(told) / len(told))


@settings(deadline=None)
@given(waits, waits)
def test_what_is_taken_back_was_never_there(stays: list[float], goes: list[float]) -> None:
    counted, alone = Waits(), Waits()
    counted.add(goes)
    counted.add(stays)
    alone.add(stays)
    for wait in goes:
        counted.take_back(wait)
    assert counted.count == alone.count
    for part in (0.5, 0.95, 1):
        assert counted.quantile(part) == alone.quantile(part)


def test_memory_does_not_grow_with_the_number_of_waits() -> None:
    counted = Waits()
    for _ in range(100):
        counted.add([number / 10 for number in range(1_000)])
    assert counted.count == 100_000
    assert len(counted._buckets) <= 1_000


def test_no_wait_is_no_wait() -> None:
    counted = Waits()
    assert (counted.quantile(0.95), counted.mean(), counted.longer_than(0)) == (0, 0, 0)
    counted.add([0.0] * 19 + [10.0])
    assert (counted.quantile(0.95), counted.longer_than(1)) == (0.0, 0.05)
