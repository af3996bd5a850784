"""What a stack costs an hour; no AWS."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from ansible.module_utils.account.lab_limits import REGIONS
from ansible.module_utils.fleet.hourly_cost import make_bill

from tests.places import REPOSITORY

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PRICES = yaml.safe_load((REPOSITORY / "roles/status/vars/main.yml").read_text())["__status_prices"]


def instance(kind: str, minutes: int, state: str = "running", **more: Any) -> dict[str, Any]:
    address = {"PublicIpAddress": "192.0.2.1"} if state == "running" else {}
    launched = NOW - timedelta(minutes=minutes)
    return {"InstanceType": kind, "State": {"Name": state}, "LaunchTime": launched, **address, **more}


def volumes(count: int) -> list[dict[str, Any]]:
    return [{"VolumeType": "gp3", "Size": 8}] * count


def test_running_ones_cost_themselves_their_addresses_and_their_volumes() -> None:
    bill = make_bill(
        [instance("t3.small", 133), instance("t3.small", 1500)], volumes(2), PRICES, "us-east-1", NOW
    )

    assert bill.dollars == pytest.approx(2 * 0.0208 + 2 * 0.005 + 16 * 0.08 / 730)
    assert bill.lines[0] == "2 t3.small (worker), running for 2 h 13 min to 1 d 1 h: 0.0416 $ an hour"
    assert bill.lines[-1].startswith("Together 0.0534 $ an hour, 1.28 $ a day")


def test_stopped_ones_cost_their_volumes_alone() -> None:
    bill = make_bill([instance("t3.small", 9, "stopped")], volumes(1), PRICES, "us-east-1", NOW)

    assert bill.dollars == pytest.approx(8 * 0.08 / 730)
    assert bill.lines[0] == "1 t3.small (worker), stopped: 0.0000 $ an hour"


@pytest.mark.parametrize(
    ("one", "region"),
    [
        (instance("x9.huge", 1), "us-east-1"),
        (instance("t3.small", 1), "eu-west-1"),
        (instance("t3.small", 1, InstanceLifecycle="spot"), "us-east-1"),
    ],
)
def test_an_unknown_price_is_said_and_the_sum_is_at_least_the_rest(one: dict[str, Any], region: str) -> None:
    bill = make_bill([one], volumes(1), PRICES, region, NOW)

    assert bill.lines[0].endswith(": price unknown")
    assert "Together at least" in bill.lines[-1]
    assert not bill.complete


def test_nothing_costs_nothing() -> None:
    assert make_bill([], [], PRICES, "us-east-1", NOW).lines == [
        "No instances: nothing that costs by the hour."
    ]


def test_the_prices_are_those_of_a_lab_s_regions_and_rise_with_the_size() -> None:
    assert tuple(PRICES["regions"]) == REGIONS
    for family in ("t2", "t3", "t3a"):
        sizes = [
            PRICES["instances"][f"{family}.{size}"] for size in ("nano", "micro", "small", "medium", "large")
        ]
        assert sizes == sorted(sizes)


def test_what_unlimited_credits_may_cost_is_said_and_the_sum_is_the_least() -> None:
    ours = [instance("t3.small", 9, InstanceId=one) for one in ("i-1", "i-2", "i-3")]
    ours.append(instance("t3.small", 9, "stopped", InstanceId="i-4"))
    bill = make_bill(ours, [], PRICES, "us-east-1", NOW, {"i-1": 2, "i-2": 2, "i-4": 2})
    assert (
        "2 t3.small with unlimited CPU credits, when busy: up to 0.2000 $ an hour more, "
        "0.05 $ a vCPU-hour above the baseline"
    ) in bill.lines
    assert bill.lines[-1].startswith("Together at least")
    assert "credits" not in " ".join(make_bill(ours, [], PRICES, "us-east-1", NOW).lines)


def test_a_balancer_costs_by_the_hour_with_an_address_in_each_zone_and_by_what_it_serves() -> None:
    bill = make_bill([], [], PRICES, "us-east-1", NOW, balancer_zones=2)

    assert bill.lines[:3] == [
        "1 load balancer: 0.0225 $ an hour",
        "2 public IPv4 of the load balancer: 0.0100 $ an hour",
        "what the load balancer serves: 0.008 $ an hour more for each capacity unit (LCU)",
    ]
    assert "Together at least 0.0325 $ an hour" in bill.lines[3]
    assert "price unknown" in make_bill([], [], PRICES, "eu-west-1", NOW, balancer_zones=2).lines[0]
