"""What is planned is done, as far as AWS lets it and the lease holds. The fleet is played here."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_scaling.fleet.hosts import FleetHost
from jobfleet_scaling.service.carrying_out import ENDS_MAX, Acts
from jobfleet_scaling.service.conditions import Crew
from jobfleet_scaling.service.lease import LeaderLease
from jobfleet_scaling.service.plan import Plan, Situation

from tests.scaling_fleet import NOW, FakeFleet, TurnedClock, configuration, host, sight, sights


class Refusing(FakeFleet):
    """A fleet that ends some of its hosts and refuses to end the others."""

    def end(self, host: FleetHost) -> None:
        if host.id.startswith("i-kept"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "TerminateInstances")
        super().end(host)


def acts(fleet: Any, clock: TurnedClock, *, leads: bool = True) -> tuple[Acts, list[ScalingLine]]:
    told: list[ScalingLine] = []
    lease = LeaderLease("i-me", clock)
    if leads:
        lease.taken(lease.begin())
    return Acts("i-me", clock, lease, fleet, told.append), told


def ends(*hosts: FleetHost) -> tuple[Plan, Situation]:
    there = FakeFleet(list(hosts)).look(configuration())
    situation = Situation(configuration(), ScalingState(), there, Crew(), {}, NOW, 0)
    return Plan(end=[(one, "dead") for one in hosts]), situation


def test_hosts_whose_end_is_refused_hold_up_no_others() -> None:
    kept = [host(f"i-kept{number}") for number in range(ENDS_MAX)]
    fleet = Refusing([*kept, host("i-last")])
    acting, told = acts(fleet, TurnedClock())
    for _ in range(2):
        acting.carry_out(*ends(*fleet.hosts))
    assert fleet.ended == ["i-last"]
    assert [line.event for line in told] == ["refused"] * ENDS_MAX + ["ended"]


def test_nothing_is_done_by_a_lease_that_is_over() -> None:
    fleet = FakeFleet([host("i-1")])
    acting, told = acts(fleet, TurnedClock(), leads=False)
    acting.carry_out(*ends(*fleet.hosts))
    assert (fleet.ended, told) == ([], [])


@pytest.mark.parametrize(
    ("running", "age", "ended"),
    [((), 10, []), (("i-other",), 10, ["i-me"]), (("i-other",), 160, [])],
    ids=["leaving as well", "at work", "not heard of for long"],
)
def test_a_leader_does_not_go_before_those_whom_nobody_else_would_end(
    running: tuple[str, ...], age: float, ended: list[str]
) -> None:
    fleet = FakeFleet([host("i-me"), host("i-other")])
    acting, _ = acts(fleet, TurnedClock())
    crew = Crew(running=[one for one in fleet.hosts if one.id in running])
    workers = sights(sight("i-other", age=age))
    found = Situation(
        configuration(), ScalingState(), fleet.look(configuration()), crew, workers, NOW, 1
    )  # fmt: skip
    assert acting.carry_out(Plan(end=[(fleet.hosts[0], "drained")]), found) == ended
    assert fleet.ended == ended


def test_a_leader_goes_with_the_last_of_the_others() -> None:
    fleet = FakeFleet([host("i-me"), host("i-other")])
    acting, _ = acts(fleet, TurnedClock())
    acting.carry_out(*ends(*fleet.hosts))
    assert fleet.ended == ["i-other", "i-me"]
