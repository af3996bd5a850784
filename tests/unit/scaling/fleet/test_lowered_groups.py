"""What a group comes to want when hosts of it are ended.

Auto Scaling is a double here: a group that has more hosts than it wants, which a lowered maximum leaves.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.groups import GroupsFleet
from jobfleet_scaling.fleet.hosts import FleetHost, Instances

HOSTS = [
    FleetHost(f"i-{number}", "worker", datetime(2026, 1, 1, tzinfo=UTC), scaling_group="g")
    for number in range(5)
]


class Group:
    """Auto Scaling with one group."""

    def __init__(self, desired: int) -> None:
        self.desired = desired
        self.ended: list[tuple[str, bool]] = []

    def describe_auto_scaling_groups(self, **_: Any) -> dict[str, Any]:
        there = [{"InstanceId": one.id, "LifecycleState": "InService"} for one in HOSTS]
        group = {
            "AutoScalingGroupName": "g",
            "DesiredCapacity": self.desired,
            "MaxSize": 9,
            "Instances": there,
        }
        return {"AutoScalingGroups": [group]}

    def terminate_instance_in_auto_scaling_group(self, **asked: Any) -> None:
        self.ended.append((asked["InstanceId"], asked["ShouldDecrementDesiredCapacity"]))
        self.desired -= asked["ShouldDecrementDesiredCapacity"]


class Hosts(Instances):
    """EC2's instances, all of the group."""

    def __init__(self) -> None:
        super().__init__(lambda: None, "mine")

    def hosts(self) -> list[FleetHost]:
        return HOSTS


@pytest.mark.parametrize(("desired", "left"), [(5, 2), (3, 2), (2, 2), (7, 4)])
def test_a_group_never_comes_to_want_fewer_hosts_than_stay(desired: int, left: int) -> None:
    group = Group(desired)
    fleet = GroupsFleet(lambda: group, Hosts())
    fleet.look(ScalingConfiguration(0, 9, [HostGroup("worker", "g", "1", "g")]))

    for host in HOSTS[:3]:
        fleet.end(host)

    assert group.desired == left
    assert [name for name, _ in group.ended] == ["i-0", "i-1", "i-2"]
