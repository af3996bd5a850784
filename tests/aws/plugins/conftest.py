"""What tests of the playbooks' modules share."""

from collections.abc import Iterator

import pytest

from tests.scaling_account import ScalingAccount, scaling_account


@pytest.fixture
def account_that_scales(localcloud: dict[str, str]) -> Iterator[ScalingAccount]:
    """An account of the test's own, with what a fleet that scales needs."""
    with scaling_account(localcloud) as made:
        yield made
