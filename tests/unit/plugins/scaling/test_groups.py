"""What of a group is put right, and what is left to the scaler.

Auto Scaling is a double here: its groups have more hosts than any that could boot for this.
"""

from typing import Any

import pytest
from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.leaving import Leaving, StillThere
from ansible.module_utils.scaling.scaling_groups import ALWAYS_SUSPENDED, HOOK, METRICS, Groups, WantedGroup

TAGS = {"Name": "w"}


class Api:
    """Auto Scaling with one group, and the calls that would change it."""

    def __init__(self, desired: int, hosts: int = 0, least: int = 0) -> None:
        wanted = WantedGroup("g", "g", "1", least, 6, ("subnet-1",)).settings()
        self.group: dict[str, Any] = {
            **wanted,
            "AutoScalingGroupName": "g",
            "DesiredCapacity": desired,
            "Instances": [
                {"InstanceId": f"i-{number}", "LifecycleState": "InService"} for number in range(hosts)
            ],
            "SuspendedProcesses": [{"ProcessName": one} for one in ALWAYS_SUSPENDED],
            "EnabledMetrics": [{"Metric": one} for one in METRICS],
            "Tags": [{"Key": "Name", "Value": "w", "PropagateAtLaunch": True}],
        }
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def get_paginator(self, _: str) -> "Api":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"AutoScalingGroups": [self.group]}]

    def describe_lifecycle_hooks(self, **_: Any) -> dict[str, Any]:
        return {"LifecycleHooks": [HOOK]}

    def __getattr__(self, name: str) -> Any:
        return lambda **asked: self.calls.append((name, asked))


def ensure(api: Api, least: int, most: int) -> Changes:
    changes = Changes(dry=False)
    wanted = WantedGroup("g", "g", "1", least, most, ("subnet-1",))
    Groups(api, changes).ensure(wanted, TAGS, ALWAYS_SUSPENDED, lambda call: call())
    return changes


@pytest.mark.parametrize("desired", [0, 3, 6])
def test_how_many_hosts_there_are_between_the_bounds_is_no_difference(desired: int) -> None:
    api = Api(desired, hosts=desired + 1)

    assert ensure(api, 0, 6).result()["changed"] is False
    assert api.calls == []


@pytest.mark.parametrize(
    ("desired", "least", "most", "moved"),
    [(1, 2, 6, {"DesiredCapacity": 2}), (5, 0, 3, {"DesiredCapacity": 3}), (3, 2, 4, {})],
)
def test_beyond_new_bounds_the_desired_capacity_moves_to_them_and_no_further(
    desired: int, least: int, most: int, moved: dict[str, int]
) -> None:
    api = Api(desired, hosts=desired)

    ensure(api, least, most)

    [(call, asked)] = api.calls
    assert call == "update_auto_scaling_group"
    assert (asked["MinSize"], asked["MaxSize"]) == (least, most)
    assert {name: asked[name] for name in ("DesiredCapacity",) if name in asked} == moved


def test_a_stopped_host_is_ended_and_replaced_only_where_the_least_size_asks_for_it() -> None:
    api = Api(desired=3, least=2)
    host = {"State": {"Name": "stopped"}, "Tags": [{"Key": "aws:autoscaling:groupName", "Value": "g"}]}
    hosts = [{**host, "InstanceId": f"i-{number}"} for number in range(3)]
    hosts.append({**host, "InstanceId": "i-runs", "State": {"Name": "running"}})

    Leaving(api, api, Changes(dry=False), 1).end_dead(hosts, {"g": api.group})

    assert [(asked["InstanceId"], asked["ShouldDecrementDesiredCapacity"]) for _, asked in api.calls] == [
        ("i-0", True),
        ("i-1", False),
        ("i-2", False),
    ]


def test_hosts_that_do_not_leave_in_time_are_named() -> None:
    api = Api(desired=2, hosts=2)

    with pytest.raises(StillThere, match="i-0, i-1 did not leave within 0 s"):
        Leaving(api, api, Changes(dry=False), 0).empty(Groups(api, Changes(dry=False)), ["g"])


def test_hosts_beyond_what_their_group_wants_are_ended_too_and_it_wants_no_fewer_than_none() -> None:
    api = Api(desired=1, hosts=3)

    Leaving(api, api, Changes(dry=False), 0)._end_all(api.group)

    assert [(asked["InstanceId"], asked["ShouldDecrementDesiredCapacity"]) for _, asked in api.calls] == [
        ("i-0", True),
        ("i-1", False),
        ("i-2", False),
    ]
