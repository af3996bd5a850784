"""When the load generator is told to have been the bottleneck."""

import pytest
from jobfleet.bench.engine.own_cpu import OwnCpu


@pytest.mark.parametrize(
    ("cpu", "shares", "saturated"),
    [
        (0.1, [0.1] * 20, False),
        (0.9, [], True),  # on the whole
        (0.3, [0.95] * 2 + [0.2] * 18, True),  # a tenth of the seconds
        (0.3, [0.95] + [0.2] * 18, False),  # a garbage collection
        (0.0, [], False),
    ],
)
def test_the_generator_is_saturated(cpu: float, shares: list[float], saturated: bool) -> None:
    found = OwnCpu(cpu, 1.0, shares)
    assert found.share == cpu
    assert found.saturated is saturated


def test_before_anything_there_is_no_share() -> None:
    assert OwnCpu().share == 0.0
