"""Each policy of others does what its documentation tells."""

import pytest
from jobfleet_scaling.policy.figures import Bounds, Demand, Standing
from jobfleet_scaling.simulate.contestants.rivals import CoursesLoop, Fixed, IdleTimer, StepScaling
from jobfleet_scaling.simulate.contestants.roster import CONTESTANTS
from jobfleet_scaling.simulate.contestants.trackers import Keda, TargetTracking
from jobfleet_scaling.simulate.contestants.window_need import WindowNeed
from jobfleet_scaling.simulate.engine.run import FleetPolicy

WIDE = Bounds(0, 100)


def wants(
    policy: FleetPolicy, have: int, told: list[tuple[float, int, int]], bounds: Bounds = WIDE
) -> list[int]:
    """Return what a policy wants for (time, visible, in flight), if it always gets what it wants."""
    wanted = []
    for at, visible, in_flight in told:
        have = policy.decide(Demand(at, visible, in_flight, 5.0, 2.0), Standing(have), bounds).wanted
        wanted.append(have)
    return wanted


def test_fixed_is_as_many_as_there_may_be() -> None:
    assert wants(Fixed(), 3, [(0, 0, 0)], Bounds(2, 9)) == [9]


def test_the_courses_loop_adds_one_while_messages_outnumber_hosts_and_takes_one_when_there_are_none() -> None:
    assert wants(CoursesLoop(), 0, [(0, 3, 0), (10, 3, 0), (20, 3, 0), (30, 3, 0), (40, 0, 6)]) == [
        1,
        2,
        3,
        3,
        2,
    ]


def test_step_scaling_adds_by_the_backlog_and_takes_one_after_five_empty_minutes() -> None:
    told = [(0, 1, 0), (60, 99, 0), (120, 100, 0), (240, 1_000, 0), (300, 0, 0), (540, 0, 0), (600, 0, 0)]
    assert wants(StepScaling(), 0, told) == [1, 1, 4, 14, 14, 14, 13]


def test_target_tracking_grows_after_three_minutes_and_shrinks_after_fifteen() -> None:
    # A host does 24 jobs a minute.
    grows = wants(TargetTracking(), 1, [(at, 240, 0) for at in (0, 60, 120)])
    assert grows == [1, 1, 10]
    shrinks = wants(TargetTracking(), 10, [(60.0 * minute, 0, 0) for minute in range(16)])
    assert shrinks == [10] * 14 + [9, 8]


def test_keda_counts_what_is_in_flight_and_waits_five_minutes() -> None:
    assert wants(Keda(), 0, [(0, 20, 20), (30, 0, 0), (290, 0, 0), (301, 0, 0)]) == [8, 8, 8, 0]


def test_an_idle_host_goes_after_five_minutes() -> None:
    assert wants(IdleTimer(), 0, [(0, 7, 0), (10, 0, 7), (310, 0, 1), (320, 0, 1)]) == [4, 4, 4, 1]


def test_the_window_keeps_its_greatest_need() -> None:
    told = [(0, 24, 8), (10, 0, 2), (120, 0, 2), (130, 0, 2)]
    assert wants(WindowNeed(0.0), 0, told) == [5, 5, 5, 1]
    assert wants(WindowNeed(1.0), 0, told) == [8, 8, 8, 2]


@pytest.mark.parametrize("name", CONTESTANTS)
def test_every_policy_keeps_within_its_bounds(name: str) -> None:
    told = [(60.0 * minute, 5_000 if minute < 20 else 0, 30) for minute in range(60)]
    wanted = wants(CONTESTANTS[name].make(), 3, told, Bounds(3, 7))
    assert all(3 <= count <= 7 for count in wanted)


@pytest.mark.parametrize("name", [name for name in CONTESTANTS if name != "fixed"])
def test_every_policy_keeps_what_there_is_while_demand_cannot_be_read(name: str) -> None:
    assert CONTESTANTS[name].make().decide(None, Standing(2, booting=1), Bounds(0, 9)).wanted == 3
