"""AWS's own waiting goes as fast as `up` was told."""

from collections.abc import Iterator

import pytest

from localcloud.gaps import timing


@pytest.fixture(autouse=True)
def real_time_again() -> Iterator[None]:
    yield
    timing.set_scale(1)


def test_time_passes_as_on_aws_unless_told_otherwise() -> None:
    assert timing.aws_seconds(60) == 60
    assert timing.seconds_on_aws(60) == 60


def test_a_period_is_shorter_by_the_scale() -> None:
    timing.set_scale(20)
    assert timing.aws_seconds(60) == 3
    assert timing.seconds_on_aws(3) == 60


def test_time_does_not_stand_still() -> None:
    with pytest.raises(ValueError, match="above 0"):
        timing.set_scale(0)
