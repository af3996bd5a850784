"""Which instance leaves first."""

from typing import Any

import pytest

from localcloud.scaling_groups import placing
from localcloud.scaling_groups.ec2 import TemplateName
from localcloud.scaling_groups.group import GroupMember, Stage
from tests.unit.localcloud.scaling_groups.conftest import Cloud

NOW = 10_000.0


def member(name: str, zone: str, age: float, version: int = 1, **more: Any) -> GroupMember:
    template = TemplateName("lt-1", "g", str(version))
    return GroupMember(
        name, "t3.micro", zone, template, NOW - age, stage=Stage.IN_SERVICE, **{"protected": False, **more}
    )


def leaving(cloud: Cloud, number: int, *there: GroupMember) -> list[str]:
    cloud.group.members = {one.id: one for one in there}
    return [one.id for one in placing.victims(cloud.group, number, NOW)]


@pytest.mark.parametrize(
    ("policy", "first"),
    [
        ("OldestInstance", "i-old"),
        ("NewestInstance", "i-new"),
        ("OldestLaunchTemplate", "i-middle"),
        ("ClosestToNextInstanceHour", "i-late"),
        ("Default", "i-middle"),
    ],
)
def test_policies_choose_within_a_zone(cloud: Cloud, policy: str, first: str) -> None:
    cloud.group.termination_policies = [policy]

    assert leaving(
        cloud,
        1,
        member("i-old", "a", 7_500, 2),
        member("i-middle", "a", 5_000, 1),
        member("i-late", "a", 3_500, 2),
        member("i-new", "a", 100, 2),
    ) == [first]


def test_by_default_the_one_whose_hour_is_nearly_over_goes_of_equal_ones(cloud: Cloud) -> None:
    assert leaving(
        cloud, 1, member("i-1", "a", 100), member("i-2", "a", 3_500), member("i-3", "a", 7_300)
    ) == ["i-2"]


def test_the_fullest_zone_comes_first_whatever_the_policy(cloud: Cloud) -> None:
    cloud.group.termination_policies = ["OldestInstance"]
    there = [
        member("i-1", "a", 900),
        member("i-2", "b", 500),
        member("i-3", "b", 600),
        member("i-4", "b", 700),
    ]

    assert leaving(cloud, 3, *there) == ["i-4", "i-3", "i-1"]


def test_a_zone_with_protected_instances_alone_is_left_for_the_next_one(cloud: Cloud) -> None:
    there = [
        member("i-1", "a", 900, protected=True),
        member("i-2", "a", 800, protected=True),
        member("i-3", "b", 1),
    ]

    assert leaving(cloud, 2, *there) == ["i-3"]


def test_only_instances_in_service_go(cloud: Cloud) -> None:
    standby, pending = member("i-1", "a", 9), member("i-2", "a", 8)
    standby.stage, pending.stage = Stage.STANDBY, Stage.PENDING

    assert leaving(cloud, 3, standby, pending, member("i-3", "b", 1)) == ["i-3"]
