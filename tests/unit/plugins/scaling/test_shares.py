"""How bounds are shared out among groups of workers."""

from typing import Any

import pytest
from ansible.module_utils.fleet.plan import InstanceGroup
from ansible.module_utils.scaling.shares import scaled_groups, shares
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("total", "weights", "found"),
    [(8, [3, 1], [6, 2]), (0, [3, 1], [0, 0]), (1, [3, 1], [1, 0]), (5, [1, 1], [3, 2]), (4, [], [])],
)
def test_shares_are_as_the_weights(total: int, weights: list[int], found: list[int]) -> None:
    assert shares(total, weights) == found


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_shares_add_up_and_a_least_is_never_above_a_greatest(
    least: int, more: int, weights: list[int]
) -> None:
    low, high = shares(least, weights), shares(least + more, weights)

    assert (sum(low), sum(high)) == (least, least + more)
    assert all(one <= other for one, other in zip(low, high, strict=True))


def test_only_workers_with_a_weight_scale() -> None:
    given_groups: list[Any] = [
        InstanceGroup("small", 2, "t3.small"),
        InstanceGroup("web", 1, "t3.small", role="web"),
        InstanceGroup("none", 0, "t3.small"),
    ]

    [only] = scaled_groups("mine", given_groups, 1, 4)

    assert (only.name, only.kind.name, only.minimum, only.maximum) == ("mine-small", "small", 1, 4)
