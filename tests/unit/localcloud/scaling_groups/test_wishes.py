"""What may be asked of a group, and what it refuses."""

import pytest

from localcloud.scaling_groups import members, wishes
from localcloud.scaling_groups.ec2 import Launched
from localcloud.scaling_groups.group import TERMINATING, GroupError, Stage
from tests.unit.localcloud.scaling_groups.conftest import HERE, ZONES, Cloud


@pytest.mark.parametrize(("desired", "words"), [(7, "above max value 6"), (0, "below min value 1")])
def test_a_capacity_beyond_the_bounds_is_refused(desired: int, words: str) -> None:
    cloud = Cloud(minimum=1, desired=1)
    with pytest.raises(GroupError, match=f"New SetDesiredCapacity value {desired} is {words}") as refused:
        cloud.want(desired)

    assert refused.value.code == "ValidationError"
    assert cloud.group.desired == 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"minimum": 3, "maximum": 2}, "Max bound, 2, must be greater than or equal to min bound, 3"),
        ({"minimum": 1, "maximum": 2, "desired": 3}, "Desired capacity:3 must be between"),
        ({"minimum": -1}, "must not be negative"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(told: dict[str, int], words: str) -> None:
    with pytest.raises(GroupError, match=words):
        Cloud(**told)


def test_new_bounds_bring_the_capacity_within_them(cloud: Cloud) -> None:
    cloud.want(4)
    wishes.set_bounds(cloud.engine, cloud.group, None, 2, None)
    lowered = cloud.group.desired
    wishes.set_bounds(cloud.engine, cloud.group, 3, 6, None)

    assert (lowered, cloud.group.desired) == (2, 3)
    with pytest.raises(GroupError, match="Desired capacity:7 must be between"):
        wishes.set_bounds(cloud.engine, cloud.group, None, None, 7)


def test_a_group_of_that_name_is_refused(cloud: Cloud) -> None:
    with cloud.engine.changing(HERE) as groups, pytest.raises(GroupError) as refused:
        wishes.add(cloud.engine, groups, cloud.group)

    assert refused.value.code == "AlreadyExists"


def test_the_cooldown_begins_when_the_last_instance_serves(cloud: Cloud) -> None:
    def set_again() -> None:
        wishes.set_desired(cloud.engine, cloud.group, 2, honors_cooldown=True)

    assert not wishes.is_cooling(cloud.engine, cloud.group), "a new group of 0 has scaled nothing"
    cloud.want(1)
    cloud.later(1_000)
    with pytest.raises(GroupError, match="scaling activity is in progress") as refused:
        set_again()
    assert refused.value.code == "ScalingActivityInProgress"
    cloud.boot()
    cloud.later(299)
    with pytest.raises(GroupError, match="cooldown of 300 s"):
        set_again()
    cloud.later(1)
    set_again()


def test_a_policy_brings_its_own_cooldown_or_none(cloud: Cloud) -> None:
    wishes.want(cloud.group, 1, "At noon.", 60)
    cloud.turn()
    cloud.boot()
    cools = wishes.is_cooling(cloud.engine, cloud.group)
    cloud.later(60)
    wishes.want(cloud.group, 2, "At one.", None)

    assert cools
    assert not wishes.is_cooling(cloud.engine, cloud.group)


def test_a_group_with_instances_is_deleted_only_by_force(cloud: Cloud) -> None:
    cloud.hook(TERMINATING)
    cloud.want(1)
    with pytest.raises(GroupError) as under_way:
        wishes.delete(cloud.engine, cloud.group, force=False)
    cloud.boot()
    with pytest.raises(GroupError) as in_use:
        wishes.delete(cloud.engine, cloud.group, force=False)
    cloud.ec2.ends_at_once = False
    wishes.delete(cloud.engine, cloud.group, force=True)
    cloud.turn()

    assert (under_way.value.code, in_use.value.code) == ("ScalingActivityInProgress", "ResourceInUse")
    assert cloud.ec2.terminated == ["i-1"], "no hook is waited for"
    assert cloud.engine.everything() == [cloud.group], "it is to be seen until its last instance is gone"
    cloud.becomes("i-1", "terminated")
    assert cloud.engine.everything() == []


def test_force_ends_the_wait_for_a_hook(cloud: Cloud) -> None:
    cloud.hook(TERMINATING)
    cloud.run(1)
    cloud.want(0)
    wishes.delete(cloud.engine, cloud.group, force=True)
    cloud.turn()

    assert cloud.ec2.terminated == ["i-1"]
    assert cloud.told[0] == ("Successful", "Terminating EC2 instance: i-1")
    assert len(cloud.told) == 2, "the termination that was under way goes on"


def test_one_certain_instance_is_terminated_protected_or_not(cloud: Cloud) -> None:
    cloud.group.protects_new = True
    cloud.run(2)
    cloud.later(1_000)
    assert not wishes.is_cooling(cloud.engine, cloud.group)
    activity = members.terminate(cloud.engine, HERE, "i-2", decrement=True)
    cloud.turn()

    assert list(cloud.stages) == ["i-1"]
    assert cloud.group.desired == 1
    assert (
        "taken out of service in response to a user request, shrinking the capacity from 2 to 1."
        in activity.cause
    )
    assert wishes.is_cooling(cloud.engine, cloud.group)


def test_a_terminated_instance_is_replaced_unless_the_capacity_goes_with_it(cloud: Cloud) -> None:
    cloud.run(1)
    members.terminate(cloud.engine, HERE, "i-1", decrement=False)
    cloud.turn()

    assert list(cloud.stages) == ["i-2"]


def test_the_minimum_keeps_an_instance_from_going_for_good() -> None:
    cloud = Cloud(minimum=1, desired=1)
    cloud.turn()
    with pytest.raises(GroupError, match="desiredSize equals minSize"):
        members.terminate(cloud.engine, HERE, "i-1", decrement=True)
    assert cloud.stages == {"i-1": Stage.PENDING}


def test_an_instance_is_not_terminated_twice(cloud: Cloud) -> None:
    cloud.hook(TERMINATING)
    cloud.run(1)
    members.terminate(cloud.engine, HERE, "i-1", decrement=True)
    with pytest.raises(GroupError) as twice:
        members.terminate(cloud.engine, HERE, "i-1", decrement=True)
    with pytest.raises(GroupError, match="No managed instance found for instance ID: i-9"):
        members.terminate(cloud.engine, HERE, "i-9", decrement=True)

    assert twice.value.code == "ScalingActivityInProgress"
    assert cloud.group.desired == 0


def test_a_detached_instance_goes_on_without_the_group(cloud: Cloud) -> None:
    cloud.run(2)
    members.detach(cloud.engine, cloud.group, ["i-1"], decrement=True)
    members.detach(cloud.engine, cloud.group, ["i-2"], decrement=False)
    cloud.turn()

    assert cloud.ec2.terminated == []
    assert list(cloud.stages) == ["i-3"]


def test_an_attached_instance_makes_the_group_larger() -> None:
    cloud = Cloud(maximum=1)
    cloud.ec2.states["i-mine"] = "running"
    mine = (Launched("i-mine", "t3.micro", 0), ZONES[0])
    members.attach(cloud.engine, cloud.group, cloud.group.template, [mine])
    cloud.turn()

    assert cloud.stages == {"i-mine": Stage.IN_SERVICE}
    assert cloud.group.desired == 1
    with pytest.raises(GroupError, match="would exceed the max size of 1"):
        members.attach(cloud.engine, cloud.group, cloud.group.template, [mine])


def test_one_in_standby_is_not_counted_nor_looked_after(cloud: Cloud) -> None:
    cloud.run(1)
    members.enter_standby(cloud.engine, cloud.group, ["i-1"], decrement=True)
    cloud.becomes("i-1", "stopped")
    aside = cloud.stages, cloud.group.desired
    cloud.becomes("i-1", "running")
    members.exit_standby(cloud.engine, cloud.group, ["i-1"])
    cloud.turn()

    assert aside == ({"i-1": Stage.STANDBY}, 0)
    assert (cloud.stages, cloud.group.desired) == ({"i-1": Stage.IN_SERVICE}, 1)


def test_protection_is_for_instances_of_the_group_in_service(cloud: Cloud) -> None:
    cloud.want(1)
    with pytest.raises(GroupError, match="i-1 is not in InService or Standby: it is Pending"):
        members.protect(cloud.group, ["i-1"], True)
    with pytest.raises(GroupError, match="i-9 is not part of Auto Scaling group g"):
        members.protect(cloud.group, ["i-9"], True)
