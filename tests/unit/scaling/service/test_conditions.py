"""Which hosts count, which are on their way up, and which are dead: only what is so at a second look, too."""

from collections.abc import Sequence
from typing import Any

import pytest
from jobfleet_scaling.demand.workers import WorkerSight
from jobfleet_scaling.documents.state import Cordon
from jobfleet_scaling.fleet.hosts import FleetHost
from jobfleet_scaling.service.conditions import Conditions, Crew
from jobfleet_scaling.service.leader import BOOTS_FOR_EVER

from tests.scaling_fleet import NOW, TurnedClock, host, seconds, sight, sights

FRESH = host("fresh")


def looked(
    hosts: Sequence[FleetHost], *heard: WorkerSight, wait: float = 0, cordoned: Any = None, boot: float = 60.0
) -> Crew:
    """Return what is seen at once, or at a second look after `wait` seconds."""
    clock = TurnedClock()
    conditions = Conditions(clock.monotonic)
    given = (hosts, sights(*heard), cordoned or {}, NOW, boot)
    found = conditions.sort(*given)
    clock.seconds += wait
    return conditions.sort(*given) if wait else found


def test_a_host_boots_until_its_worker_is_heard_of_after_its_launch() -> None:
    crew = looked([host("a", 50), host("b", 50), host("c", 50)], sight("a", 10), sight("b", 60))
    assert [one.id for one in crew.running] == ["a"]
    assert [one.id for one in crew.booting] == ["b", "c"]


@pytest.mark.parametrize(
    ("one", "heard", "wait"),
    [
        (host("a", state="stopped"), sight("a"), 20),
        (host("a", state="stopped", ill="its group says that it is unhealthy"), sight("a"), 20),
        (host("a", state="terminated"), None, 20),
        (host("a", ill="EC2's system check fails"), sight("a"), 180),
        (host("a", 601), None, 20),
        (host("a"), sight("a", 301), 20),
        (host("a"), sight("a", 10, stopped=True), 60),
    ],
    ids=[
        "stopped",
        "stopped, as its group knows",
        "terminated by hand",
        "ill",
        "never came to life",
        "silent",
        "worker stopped",
    ],
)
def test_what_looks_dead_is_dead_at_the_second_look(one: FleetHost, heard: Any, wait: float) -> None:
    both, told = [one, FRESH], [sight("fresh"), *([heard] if heard else [])]
    assert looked(both, *told).dead == {}
    assert looked(both, *told, wait=wait - 1).dead == {}
    assert set(looked(both, *told, wait=wait).dead) == {"a"}


@pytest.mark.parametrize(
    ("one", "heard"),
    [
        (host("a", 599), None),
        (host("a"), sight("a", 299)),
        # It was started again, as by `start.yml`, and has not said so yet.
        (host("a", 5), sight("a", 299, stopped=True)),
    ],
)
def test_who_may_only_be_late_is_not_dead(one: FleetHost, heard: Any) -> None:
    told = [sight("fresh"), *([heard] if heard else [])]
    assert looked([one, FRESH], *told, wait=1_000).dead == {}


def test_where_none_is_heard_of_they_may_be_unable_to_tell() -> None:
    hosts = [host("a", 4_000), host("b", 4_000)]
    assert looked(hosts, sight("a", 400), sight("b", 400), wait=60).dead == {}
    assert set(looked(hosts, sight("a", 1_801), sight("b", 1_801), wait=60).dead) == {"a", "b"}


def test_who_has_stopped_because_it_is_to_leave_is_not_dead() -> None:
    cordoned = {"a": Cordon(NOW - seconds(400))}
    crew = looked(
        [host("a"), FRESH], sight("a", 350, stopped=True), sight("fresh"), wait=60, cordoned=cordoned
    )
    assert (crew.dead, [one.id for one in crew.leaving]) == ({}, ["a"])


def test_what_is_being_ended_or_stops_counts_no_more() -> None:
    crew = looked([host("a", is_ending=True), host("b", state="stopping")], sight("a"), sight("b"))
    assert ([one.id for one in crew.ending], crew.active) == (["a", "b"], [])


def test_where_not_all_workers_could_be_listed_nobody_is_dead_for_the_lack_of_one() -> None:
    old = host("a", 100_000)
    assert looked([old], wait=20).dead
    assert looked([old], wait=20, boot=BOOTS_FOR_EVER).dead == {}
