"""Fleets that scale, on hosts, while AWS, the lab and people harm them: nothing is lost and nothing runs on.

`make soak` runs them, for half an hour; -s shows a row for each, as in docs/scaling.md.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab_profile import make_profile
from tests.localcloud_fixture import localcloud_command, parse_env
from tests.nap_package import nap_package
from tests.playbooks import mishaps
from tests.playbooks.conftest import Stack
from tests.playbooks.mishap_fleet import Outcome, ScaledFleet

IN_A_LAB = {"lab_mode": "true"}
SPOT = [{"name": "worker", "count": 1, "type": "t3.small", "market": "spot"}]
ON_SPOT = {"lab_mode": "false", "instance_groups": SPOT}


@contextmanager
def fleet_of(folder: Path, *options: str, **variables: Any) -> Iterator[ScaledFleet]:
    """A fleet of none in a cloud of its own, whose alarms are faster than AWS's."""
    run = folder / "run"
    up = localcloud_command("up", "--time-scale", str(mishaps.TIME_SCALE), *options, run=run)
    assert up.returncode == 0, up.stderr
    try:
        cloud = {**parse_env(localcloud_command("env", run=run).stdout), "LOCALCLOUD_RUN": str(run)}
        if "--lab" not in options:
            make_profile(cloud)
        values = {
            "image_upgrade": False,
            "scaling": {"min": 0, "max": 6, "window": 20, "clear": 20, "boot": 10},
            "worker_credentials": "instance_profile",
            "worker_operation_packages": [str(nap_package(folder / "nap"))],
            "worker_wait_time": 2,
            **variables,
        }
        environment = {**cloud, "XDG_STATE_HOME": str(folder / "state")}
        fleet = ScaledFleet(Stack("harmed", folder / "stack", environment, values), folder)
        fleet.stack.deploy()
        yield fleet
        fleet.close()
    finally:
        down = localcloud_command("down", run=run)
        assert down.returncode == 0, down.stderr


@pytest.fixture(scope="module")
def lab_fleet(hosts: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScaledFleet]:
    with fleet_of(tmp_path_factory.mktemp("lab"), "--lab", **IN_A_LAB) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def spot_fleet(hosts: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScaledFleet]:
    with fleet_of(tmp_path_factory.mktemp("spot"), **ON_SPOT) as fleet:
        yield fleet


def nothing_is_lost_or_left(found: Outcome) -> None:
    print(f"\n{found.row()}")  # noqa: T201 - the figures, shown by -s
    assert (found.lost, found.left, found.strays) == (0, 0, 0)


@pytest.mark.parametrize("mishap", mishaps.LAB)
def test_in_a_lab(lab_fleet: ScaledFleet, mishap: Callable[[ScaledFleet], Outcome]) -> None:
    nothing_is_lost_or_left(mishap(lab_fleet))


@pytest.mark.parametrize("mishap", mishaps.ELSEWHERE)
def test_in_an_account_of_ones_own(spot_fleet: ScaledFleet, mishap: Callable[[ScaledFleet], Outcome]) -> None:
    nothing_is_lost_or_left(mishap(spot_fleet))
