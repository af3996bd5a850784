"""What is done so that there are as many hosts as are wanted, and what is never done."""

from dataclasses import replace
from typing import Any

import pytest
from jobfleet_scaling.documents.configuration import HostGroup
from jobfleet_scaling.documents.state import Cordon, ScalingState
from jobfleet_scaling.fleet.actors import FleetSight
from jobfleet_scaling.fleet.hosts import FleetHost
from jobfleet_scaling.fleet.lab_cap import LabRoom
from jobfleet_scaling.service.conditions import Crew
from jobfleet_scaling.service.plan import EXCHANGE, SURPLUS, Situation, after, make_plan, why_it_may_go

from tests.scaling_fleet import GROUP, NOW, configuration, host, seconds, sight, sights

NEW = replace(GROUP, version="2")


def situation(
    wanted: int,
    running: tuple[FleetHost, ...] = (),
    *,
    booting: tuple[FleetHost, ...] = (),
    leaving: tuple[FleetHost, ...] = (),
    state: ScalingState | None = None,
    **more: Any,
) -> Situation:
    """Return one with a configuration of one group, where running hosts have a worker without jobs."""
    ordered = more.pop("ordered", {})
    given = {
        "configuration": configuration(),
        "sight": FleetSight([*running, *booting, *leaving], ordered),
        "workers": sights(*(sight(one.id) for one in (*running, *leaving))),
        **more,
    }
    crew = Crew(running=running, booting=booting, leaving=leaving)
    return Situation(state=state or ScalingState(), crew=crew, now=NOW, wanted=wanted, **given)


def cordoned(*names: str, why: str = SURPLUS, age: float = 60) -> ScalingState:
    return ScalingState(cordoned={name: Cordon(NOW - seconds(age), why) for name in names})


def test_hosts_that_lack_are_ordered_and_those_on_their_way_count() -> None:
    plan = make_plan(situation(5, (host("a"),), booting=(host("b", 5),), ordered={"workers": 2}))
    assert (plan.order, plan.cordon, plan.take_back) == ({"workers": 1}, {}, {})


def test_no_more_is_ordered_than_a_group_takes_while_dead_hosts_are_in_it() -> None:
    sight_of_two = FleetSight([host("a"), host("b")], most={"workers": 6}, free={"workers": 2})
    assert make_plan(situation(6, (host("a"), host("b")), sight=sight_of_two)).order == {"workers": 2}


def test_orders_go_to_groups_by_their_weights() -> None:
    large = HostGroup("large", "st-large", "1", "st-large", weight=2)
    plan = make_plan(situation(6, configuration=configuration(GROUP, large)))
    assert plan.order == {"workers": 2, "large": 4}


def test_a_group_that_refuses_gets_none_and_others_get_more() -> None:
    large = HostGroup("large", "st-large", "1", "st-large", weight=2)
    plan = make_plan(situation(3, configuration=configuration(GROUP, large), closed=frozenset({"large"})))
    assert plan.order == {"workers": 3}


def test_no_more_are_ordered_than_a_lab_has_room_for() -> None:
    plan = make_plan(situation(5, (host("a"),), room=LabRoom(instances=2)))
    assert (plan.order, plan.short) == ({"workers": 2}, 2)


def test_orders_are_taken_back_before_a_host_leaves() -> None:
    plan = make_plan(situation(2, (host("a"), host("b")), ordered={"workers": 1}))
    assert (plan.take_back, plan.cordon) == ({"workers": 1}, {})


def test_the_idle_leave_first_and_then_the_youngest() -> None:
    hosts = host("busy", 50), host("old", 900), host("young", 100)
    workers = sights(sight("busy", in_flight=3), sight("old"), sight("young"))
    assert list(make_plan(situation(1, hosts, workers=workers)).cordon) == ["young", "old"]


def test_a_host_that_is_late_to_say_that_it_lives_leaves_before_one_that_works() -> None:
    hosts = host("hangs", 900), host("works", 100)
    workers = sights(sight("hangs", age=160, in_flight=32), sight("works"))
    assert list(make_plan(situation(1, hosts, workers=workers)).cordon) == ["hangs"]


def test_who_is_cordoned_is_not_ended_before_it_has_drained() -> None:
    plan = make_plan(situation(0, leaving=(host("a"),), state=cordoned("a")))
    assert (plan.end, plan.cordon, plan.order) == ([], {}, {})


def test_who_has_drained_is_ended_if_it_is_not_needed_after_all() -> None:
    workers = sights(sight("a", stopped=True))
    found = situation(0, leaving=(host("a"),), state=cordoned("a"), workers=workers)
    assert [one.id for one, _ in make_plan(found).end] == ["a"]

    needed = make_plan(replace(found, wanted=1))
    assert (needed.end, needed.uncordon, needed.order) == ([], ["a"], {})
    assert after(needed, found).cordoned == {}


def test_the_last_that_was_cordoned_goes_back_first_and_the_rest_is_ordered() -> None:
    state = ScalingState(
        cordoned={"a": Cordon(NOW - seconds(90), SURPLUS), "b": Cordon(NOW - seconds(5), SURPLUS)}
    )
    hosts = host("a"), host("b")
    assert make_plan(situation(1, leaving=hosts, state=state)).uncordon == ["b"]
    plan = make_plan(situation(3, leaving=hosts, state=state))
    assert (plan.uncordon, plan.order) == (["b", "a"], {"workers": 1})


@pytest.mark.parametrize(
    ("cordon_age", "heard", "goes"),
    [
        (10, sight("a", 1), False),
        (10, sight("a", 1, stopped=True), True),
        (200, sight("a", 400, stopped=True), False),  # stopped by somebody else before: it may be starting
        (299, None, False),
        (301, None, True),
        (301, sight("a", 299), False),
        (301, sight("a", 301), True),
        (899, sight("a", 10), False),
        (901, sight("a", 10), True),
        (901, sight("a", 10, in_flight=1), False),
        (12 * 3_600 + 1, sight("a", 10, in_flight=1), True),
    ],
)
def test_who_is_to_leave_is_waited_for_as_long_as_it_tells_of_work_and_not_for_ever(
    cordon_age: float, heard: Any, goes: bool
) -> None:
    assert bool(why_it_may_go(Cordon(NOW - seconds(cordon_age)), heard, NOW)) is goes


def test_a_cordon_of_a_host_that_is_gone_is_forgotten() -> None:
    found = situation(0, state=cordoned("gone"))
    assert after(make_plan(found), found).cordoned == {}


# -- new versions -------------------------------------------------------------------------------------


def exchanging(wanted: int, *running: FleetHost, chosen: str = "", **more: Any) -> Situation:
    state = replace(more.pop("state", ScalingState()), exchanged=chosen)
    return situation(wanted, running, state=state, **{"configuration": configuration(NEW), **more})


def test_a_host_of_an_old_version_gets_its_successor_before_it_goes() -> None:
    first = make_plan(exchanging(2, host("a"), host("b", 50)))
    assert (first.order, first.cordon, first.exchanged) == ({"workers": 1}, {}, "b")

    boots = exchanging(2, host("a"), host("b", 50), chosen="b", booting=(host("c", 9, version="2"),))
    assert (make_plan(boots).order, make_plan(boots).cordon) == ({}, {})

    came = make_plan(exchanging(2, host("a"), host("b", 50), host("c", 40, version="2"), chosen="b"))
    assert (came.order, came.cordon, came.exchanged) == ({}, {"b": EXCHANGE}, "b")


def test_the_next_is_exchanged_only_when_the_one_before_is_gone() -> None:
    leaving = host("b", 50)
    state = cordoned("b", why=EXCHANGE)
    waits = exchanging(2, host("a"), host("c", version="2"), chosen="b", state=state, leaving=(leaving,))
    assert (make_plan(waits).order, make_plan(waits).cordon, make_plan(waits).uncordon) == ({}, {}, [])

    gone = make_plan(exchanging(2, host("a"), host("c", version="2"), chosen="b"))
    assert (gone.order, gone.exchanged) == ({"workers": 1}, "a")


def test_without_room_for_one_more_the_old_host_goes_first() -> None:
    full = exchanging(2, host("a"), host("b", 50), configuration=configuration(NEW, most=2))
    assert make_plan(full).cordon == {"b": EXCHANGE}
    lab = exchanging(2, host("a"), host("b", 50), room=LabRoom(instances=0))
    assert make_plan(lab).cordon == {"b": EXCHANGE}


def test_who_leaves_for_a_new_version_is_not_called_back_but_replaced() -> None:
    state = cordoned("b", why=EXCHANGE)
    plan = make_plan(exchanging(2, host("a"), chosen="b", state=state, leaving=(host("b"),)))
    assert (plan.uncordon, plan.order) == ([], {"workers": 1})


def test_no_host_is_exchanged_for_a_version_that_brought_none_to_life() -> None:
    dead = host("c", 900, version="2")
    found = exchanging(1, host("a"), chosen="a")
    found = replace(
        found, crew=replace(found.crew, dead={"c": "no worker"}, dead_hosts=(dead,), unborn=(dead,))
    )
    state = after(make_plan(found), found)
    assert state.broken == {"st-workers": "2"}

    plan = make_plan(exchanging(1, host("a"), state=state))
    assert (plan.order, plan.cordon, plan.exchanged) == ({}, {}, "")
    # What is needed is launched all the same, one at a time.
    assert make_plan(exchanging(4, host("a"), state=state)).order == {"workers": 1}
    boots = exchanging(4, host("a"), state=state, booting=(host("d", 9, version="2"),))
    assert make_plan(boots).order == {}

    alive = exchanging(2, host("a"), host("d", version="2"), state=state)
    assert after(make_plan(alive), alive).broken == {}
    gone = exchanging(2, host("a"), state=replace(state, broken={"st-gone": "7"}))
    assert after(make_plan(gone), gone).broken == {}


def test_exchanging_takes_no_host_of_another_group() -> None:
    heavy = HostGroup("heavy", "st-heavy", "2", "st-heavy", weight=3)
    both = configuration(NEW, heavy)
    hosts = host("a", group="heavy"), host("b", group="heavy", version="2"), host("c", version="2")
    plan = make_plan(exchanging(2, *hosts, chosen="a", configuration=both))
    assert (plan.order, plan.cordon) == ({}, {"a": EXCHANGE})


def test_a_host_whose_group_is_no_more_is_exchanged_as_one_of_an_old_version() -> None:
    plan = make_plan(exchanging(1, host("a", group="gone", version="2")))
    assert (plan.order, plan.cordon, plan.exchanged) == ({"workers": 1}, {}, "a")
