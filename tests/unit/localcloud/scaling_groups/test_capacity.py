"""How a group grows and shrinks."""

import pytest

from localcloud.scaling_groups import wishes
from localcloud.scaling_groups.capacity import GROUP_TAG
from localcloud.scaling_groups.group import Stage
from tests.unit.localcloud.scaling_groups.conftest import ZONES, Cloud


def test_an_instance_is_in_service_only_when_it_runs(cloud: Cloud) -> None:
    cloud.want(1)
    pending = cloud.stages
    cloud.boot()

    assert pending == {"i-1": Stage.PENDING}
    assert cloud.stages == {"i-1": Stage.IN_SERVICE}
    assert cloud.told == [("Successful", "Launching a new EC2 instance: i-1")]


def test_zones_are_balanced_both_ways() -> None:
    cloud = Cloud(zones=ZONES)
    cloud.run(5)
    grown = sorted(cloud.zones.values())
    cloud.run(2)

    assert grown == [1, 2, 2]
    assert sorted(cloud.zones.values()) == [1, 1]


def test_a_zone_without_room_is_left_for_the_next_one(cloud: Cloud) -> None:
    cloud.ec2.full = {ZONES[0]}
    cloud.want(2)

    assert cloud.zones == {ZONES[1]: 2}
    assert [status for status, _ in cloud.told] == ["InProgress", "Failed", "InProgress", "Failed"]
    assert cloud.group.activities[1].message == f"no room in {ZONES[0]}  Launching EC2 instance failed."


def test_a_refused_launch_is_tried_again_later_each_time(cloud: Cloud) -> None:
    cloud.ec2.full = set(ZONES)
    cloud.want(1)
    pauses = []
    for _ in range(7):
        pause = cloud.turn()
        assert pause is not None
        pauses.append(pause)
        assert cloud.ec2.launched == []
        cloud.later(pause - 1)
        assert cloud.turn() == 1, "not a second before its time"
        cloud.later(1)

    assert pauses == [15, 30, 60, 120, 240, 300, 300]
    cloud.ec2.full = set()
    cloud.later(300)
    assert len(cloud.ec2.launched) == 1


def test_who_asks_anew_is_tried_at_once(cloud: Cloud) -> None:
    cloud.ec2.full = set(ZONES)
    cloud.want(1)
    cloud.ec2.full = set()
    cloud.turn()
    assert cloud.ec2.launched == []

    cloud.want(2)

    assert len(cloud.ec2.launched) == 2


def test_an_instance_that_dies_before_it_serves_is_a_failed_launch(cloud: Cloud) -> None:
    cloud.want(1)
    cloud.becomes("i-1", "terminated")
    failed = next(one for one in cloud.group.activities if one.status == "Failed")

    assert cloud.stages == {}
    assert "Client.Test: terminated" in failed.message
    assert len(cloud.ec2.launched) == 1, "it is tried again after a pause"
    cloud.later(15)
    assert cloud.stages == {"i-2": Stage.PENDING}


def test_instances_carry_the_tags_that_are_propagated(cloud: Cloud) -> None:
    cloud.group.tags = {"jobfleet:group": ("g", True), "kept": ("back", False)}
    cloud.want(1)

    assert cloud.ec2.launched[0].tags == {"jobfleet:group": "g", GROUP_TAG: "g"}


def test_a_member_tells_the_version_that_it_came_from(cloud: Cloud) -> None:
    cloud.run(1)
    cloud.ec2.version = 2
    cloud.run(2)

    assert [member.template.version for member in cloud.group.members.values()] == ["1", "2"]
    assert cloud.group.template.version is None


def test_causes_say_who_wanted_it_and_by_how_much(cloud: Cloud) -> None:
    cloud.run(1)
    launched = cloud.group.activities[0].cause
    cloud.run(0)

    assert launched == (
        "At 2026-01-31T12:00:00Z a user request explicitly set group desired capacity changing the desired "
        "capacity from 0 to 1.  At 2026-01-31T12:00:00Z an instance was started in response to a difference "
        "between desired and actual capacity, increasing the capacity from 0 to 1."
    )
    assert "shrinking the capacity from 1 to 0.  At" in cloud.group.activities[0].cause
    assert cloud.group.activities[0].cause.endswith("instance i-1 was selected for termination.")


@pytest.mark.parametrize(("process", "before", "after"), [("Launch", 0, 1), ("Terminate", 1, 0)])
def test_nothing_comes_or_goes_while_that_is_suspended(
    cloud: Cloud, process: str, before: int, after: int
) -> None:
    cloud.run(before)
    cloud.group.suspended = {process: "by a test"}
    cloud.run(after)
    held = len(cloud.stages)
    cloud.group.suspended = {}
    cloud.turn()

    assert held == before
    assert len(cloud.stages) == after


def test_protected_instances_stay_and_the_group_says_so_once(cloud: Cloud) -> None:
    cloud.group.protects_new = True
    cloud.run(2)
    cloud.want(1)
    cloud.turn()
    failed = [one.message for one in cloud.group.activities if one.status == "Failed"]

    assert set(cloud.stages.values()) == {Stage.IN_SERVICE}
    assert failed == [
        "Could not scale to desired capacity because all remaining instances are protected from scale-in."
    ]
    cloud.member("i-2").protected = False
    cloud.turn()
    assert list(cloud.stages) == ["i-1"]


def test_rebalancing_launches_before_it_terminates_and_exceeds_the_maximum() -> None:
    cloud = Cloud(maximum=2)
    cloud.group.termination_policies = ["NewestInstance"]
    cloud.run(2)
    cloud.later(60)
    launched = wishes.rebalance(cloud.engine, cloud.group)
    cloud.turn()
    during = cloud.stages
    cloud.boot()

    assert launched == ["i-3"]
    assert during == {"i-1": Stage.IN_SERVICE, "i-2": Stage.IN_SERVICE, "i-3": Stage.PENDING}
    assert len(cloud.stages) == 2
    assert "i-3" in cloud.stages, "what was just launched is not what goes"


def test_a_large_group_exceeds_its_maximum_by_a_tenth() -> None:
    cloud = Cloud(maximum=30)
    cloud.run(30)

    assert len(wishes.rebalance(cloud.engine, cloud.group)) == 3


@pytest.mark.parametrize("process", ["AZRebalance", "Launch"])
def test_a_group_is_not_rebalanced_while_that_is_suspended(cloud: Cloud, process: str) -> None:
    cloud.run(2)
    cloud.group.suspended = {process: "by a test"}

    assert wishes.rebalance(cloud.engine, cloud.group) == []


def test_rebalancing_without_terminate_leaves_the_group_too_large(cloud: Cloud) -> None:
    cloud.run(2)
    cloud.group.suspended = {"Terminate": "by a test"}
    wishes.rebalance(cloud.engine, cloud.group)
    cloud.boot()

    assert set(cloud.stages.values()) == {Stage.IN_SERVICE}
    assert len(cloud.stages) == 3
