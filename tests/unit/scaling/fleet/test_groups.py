"""Groups: what is ordered of them, what is taken back, and how a host ends by its group.

Auto Scaling and EC2 are played here; tests/aws/scaling/test_permissions.py has them launch a real host.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobfleet_scaling.fleet.groups import GroupsFleet
from jobfleet_scaling.fleet.hosts import FleetHost

from tests.scaling_fleet import GROUP, configuration, host


class Instances:
    """EC2, as far as a fleet of groups asks it."""

    def __init__(self, *hosts: FleetHost) -> None:
        self.there, self.ended = list(hosts), []  # type: list[FleetHost], list[str]

    def hosts(self) -> list[FleetHost]:
        return self.there

    def end(self, one: FleetHost) -> None:
        self.ended.append(one.id)


class AutoScaling:
    """One group with members in these states."""

    def __init__(self, desired: int, **states: str) -> None:
        self.desired, self.states = desired, states
        self.calls: list[Any] = []
        self.refusal = ""
        self.more: dict[str, Any] = {}

    def describe_auto_scaling_groups(self, **_: Any) -> dict[str, Any]:
        members = [
            {
                "InstanceId": name, "LifecycleState": state, "HealthStatus": "Healthy",
                "LaunchTemplate": {"Version": "1"}, **self.more,
            }
            for name, state in self.states.items()
        ]  # fmt: skip
        told = {"AutoScalingGroupName": "st-workers", "DesiredCapacity": self.desired, "MaxSize": 4}
        return {"AutoScalingGroups": [{**told, "Instances": members}] if self.desired >= 0 else []}

    def set_desired_capacity(self, DesiredCapacity: int, **_: Any) -> None:  # noqa: N803
        self.calls.append(DesiredCapacity)

    def terminate_instance_in_auto_scaling_group(self, **given: Any) -> None:
        if self.refusal:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": self.refusal}}, "Terminate")
        self.calls.append((given["InstanceId"], given["ShouldDecrementDesiredCapacity"]))

    def complete_lifecycle_action(self, **given: Any) -> None:
        self.calls.append((given["InstanceId"], given["LifecycleActionResult"]))


def fleet_of(autoscaling: AutoScaling, *hosts: FleetHost) -> tuple[GroupsFleet, Any]:
    instances: Any = Instances(*hosts)
    return GroupsFleet(lambda: autoscaling, instances), instances


def test_what_is_wished_and_not_there_is_ordered() -> None:
    fleet, _ = fleet_of(AutoScaling(3, a="InService", b="Terminating:Wait"), host("a"), host("b"))
    seen = fleet.look(configuration())
    assert (seen.ordered, seen.most, seen.missing) == ({"workers": 2}, {"workers": 4}, {})
    assert [(one.id, one.is_ending) for one in seen.hosts] == [("a", False), ("b", True)]


def test_an_order_counts_from_what_was_seen_so_that_twice_is_once() -> None:
    autoscaling = AutoScaling(1, a="InService")
    fleet, _ = fleet_of(autoscaling, host("a"))
    fleet.look(configuration())
    fleet.order(GROUP, 2, 1)
    fleet.order(GROUP, 2, 1)
    assert autoscaling.calls == [3, 3]


def test_a_group_that_somebody_made_want_fewer_than_it_has_grows_all_the_same() -> None:
    autoscaling = AutoScaling(0, a="InService", b="InService", c="Terminating:Wait")
    fleet, _ = fleet_of(autoscaling, host("a"), host("b"))
    assert fleet.look(configuration()).free == {"workers": 2}
    fleet.order(GROUP, 1, 1)
    assert autoscaling.calls == [3]


def test_no_more_is_taken_back_than_is_ordered() -> None:
    autoscaling = AutoScaling(3, a="InService", b="Pending")
    fleet, _ = fleet_of(autoscaling, host("a"))
    fleet.look(configuration())
    fleet.take_back(GROUP, 5)
    assert autoscaling.calls == [2]


def test_a_host_ends_by_its_group_which_does_not_replace_it() -> None:
    autoscaling = AutoScaling(1, a="InService")
    fleet, instances = fleet_of(autoscaling)
    fleet.end(host("a"))
    assert (autoscaling.calls, instances.ended) == ([("a", True)], [])


def test_nobody_on_a_stopped_host_answers_its_hook() -> None:
    autoscaling = AutoScaling(1, a="InService")
    fleet, _ = fleet_of(autoscaling)
    fleet.end(host("a", state="stopped"))
    assert autoscaling.calls == [("a", True), ("a", "CONTINUE")]


def test_a_host_that_its_group_does_not_know_is_ended_all_the_same() -> None:
    autoscaling = AutoScaling(1)
    autoscaling.refusal = "Instance Id not found - No managed instance found for instance ID: a"
    fleet, instances = fleet_of(autoscaling)
    fleet.end(host("a"))
    assert instances.ended == ["a"]


def test_what_else_a_group_refuses_is_heard_of() -> None:
    autoscaling = AutoScaling(1)
    autoscaling.refusal = "Currently, desiredSize equals minSize (1). Terminating would violate minSize."
    fleet, instances = fleet_of(autoscaling)
    with pytest.raises(ClientError, match="minSize"):
        fleet.end(host("a"))
    assert instances.ended == []


def test_a_group_that_is_gone_is_told_with_the_way_out() -> None:
    fleet, _ = fleet_of(AutoScaling(-1))
    assert "'st-workers': run site.yml" in fleet.look(configuration()).missing["workers"]


def test_a_group_tells_which_of_its_hosts_cannot_work() -> None:
    autoscaling = AutoScaling(1, a="InService")
    autoscaling.more = {"HealthStatus": "Unhealthy"}
    fleet, _ = fleet_of(autoscaling, host("a"))
    assert "unhealthy" in fleet.look(configuration()).hosts[0].ill


def test_a_host_that_was_terminated_by_hand_takes_the_place_of_one_until_its_group_lets_it_go() -> None:
    autoscaling = AutoScaling(2, a="InService", gone="InService")
    autoscaling.more = {"HealthStatus": "Unhealthy"}
    fleet, _ = fleet_of(autoscaling, host("a"))
    seen = fleet.look(configuration())
    assert [(one.id, one.state) for one in seen.hosts] == [("a", "running"), ("gone", "terminated")]
    assert (seen.ordered, seen.free) == ({"workers": 0}, {"workers": 2})
    fleet.end(seen.hosts[1])
    assert autoscaling.calls == [("gone", True), ("gone", "CONTINUE")]


def test_a_new_host_that_ec2_does_not_tell_of_yet_is_not_gone() -> None:
    fleet, _ = fleet_of(AutoScaling(1, new="Pending"))
    assert fleet.look(configuration()).hosts == []
