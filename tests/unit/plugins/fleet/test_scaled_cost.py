"""What is said of a fleet that scales, and what it costs at most."""

from dataclasses import replace
from typing import Any

import pytest
from ansible.module_utils.fleet.scaled_cost import scaling_lines
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration

from tests.unit.plugins.fleet.test_hourly_cost import PRICES

GROUPS = [
    HostGroup("small", "m-small", "1", "m-small", 3, "t3.small"),
    HostGroup("big", "m-big", "1", weight=1, type="m5.large"),
]
FLEET = ScalingConfiguration(0, 4, GROUPS)


def host(state: str = "running", *, scaled: bool = True) -> dict[str, Any]:
    tags = [{"Key": "jobfleet:scaled", "Value": "true"}] if scaled else []
    return {"State": {"Name": state}, "Tags": tags}


def test_bounds_what_runs_and_the_greatest_cost_are_told() -> None:
    hosts = [host(), host("pending"), host("stopped"), host(scaled=False)]

    first, last = scaling_lines(FLEET, hosts, 3, PRICES, 10)

    assert first == "Workers scale from 0 to 4 (Auto Scaling groups): 3 wanted now, 2 run or boot."
    most = 3 * 0.0208 + 0.096 + 4 * (0.005 + 10 * 0.08 / 730)
    assert last == f"All 4 of them, with addresses and volumes: {most:.4f} $ an hour."


def test_a_price_that_is_unknown_and_groups_that_are_refused_are_said() -> None:
    strange = replace(FLEET, groups=[replace(GROUPS[0], type="x9.large")], mode="plain", paused=True)

    said = scaling_lines(strange, [], None, PRICES, 8)

    assert said == [
        "Workers scale from 0 to 4 (plain launches: groups are refused): 0 run or boot.",
        "The scaling is stopped: playbooks/start.yml brings it back.",
        "All 4 of them, with addresses and volumes: price unknown.",
    ]


@pytest.mark.parametrize("prices", [{}, PRICES])
def test_where_no_price_is_known_nothing_is_made_up(prices: dict[str, Any]) -> None:
    assert ("price unknown" in scaling_lines(FLEET, [], None, prices, 8)[-1]) is not bool(prices)
