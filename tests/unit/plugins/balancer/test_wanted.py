"""What a balancer should be, and which of its rules stay, change and go; no AWS."""

import json
from typing import Any

import pytest
from ansible.module_utils.balancer.listeners import matched
from ansible.module_utils.balancer.wanted import MAX_BODY, WantedRule, not_found, rules, zones_of
from ansible.module_utils.fleet.plan import InstanceGroup

A = InstanceGroup("a", 2, "t3.small", "r-1b", role="web", paths=("/a",))
B = InstanceGroup("b", 2, "t3.small", "r-1c", role="web", paths=("/b", "/c/d"))
ANYWHERE = InstanceGroup("x", 2, "t3.small", role="web", paths=("/x",))
ZONES = ["r-1a", "r-1b", "r-1c", "r-1d"]


def test_each_path_has_a_rule_in_the_order_of_the_groups() -> None:
    assert rules([B, A], {"a": "arn:a", "b": "arn:b"}) == {
        10: WantedRule(("/b", "/b/*"), "arn:b"),
        20: WantedRule(("/c/d", "/c/d/*"), "arn:b"),
        30: WantedRule(("/a", "/a/*"), "arn:a"),
    }


@pytest.mark.parametrize(
    ("groups", "running", "found"),
    [
        ([A, B], set(), ["r-1b", "r-1c"]),
        ([A], set(), ["r-1a", "r-1b"]),
        ([A], {"r-1d"}, ["r-1b", "r-1d"]),
        ([A], {"r-1b", "r-9x"}, ["r-1a", "r-1b"]),
        ([A, ANYWHERE], set(), ZONES),
    ],
)
def test_the_balancer_is_in_the_zones_of_its_hosts_and_in_two_at_least(
    groups: list[InstanceGroup], running: set[str], found: list[str]
) -> None:
    assert zones_of(groups, running, ZONES) == found


@pytest.mark.parametrize("count", [0, 1, 3, 100])
def test_the_answer_to_other_paths_is_json_that_a_balancer_can_hold(count: int) -> None:
    paths = [f"/{'x' * 60}{number}" for number in range(count)]

    body = not_found(paths)

    told = json.loads(body)
    assert len(body) <= MAX_BODY
    assert len(told["paths"]) + told.get("more_paths", 0) == count


def rule(priority: int, path: str, target: str, *, arn: str = "", **forward: Any) -> dict[str, Any]:
    """Return a rule as AWS describes it."""
    config = {"TargetGroups": [{"TargetGroupArn": target, "Weight": 1}], **forward}
    return {
        "RuleArn": arn or f"arn:{path}",
        "Priority": str(priority),
        "Conditions": [
            {"Field": "path-pattern", "Values": [path], "PathPatternConfig": {"Values": [path, f"{path}/*"]}}
        ],
        "Actions": [{"Type": "forward", "Order": 1, "TargetGroupArn": target, "ForwardConfig": config}],
    }


WANTED = {10: WantedRule(("/a", "/a/*"), "t1"), 20: WantedRule(("/b", "/b/*"), "t2")}


def test_a_rule_that_is_right_stays_and_one_in_a_wanted_place_is_changed() -> None:
    strange = rule(20, "/b", "t1")
    extra = rule(5, "/x", "t1")

    right, changed, gone = matched([extra, rule(10, "/a", "t1"), strange], WANTED)

    assert (right, changed, gone) == ({"arn:/a": (10, 10)}, {20: strange}, [extra])


def test_a_rule_that_only_moved_is_put_back_as_it_is() -> None:
    right, changed, gone = matched([rule(10, "/b", "t2"), rule(20, "/a", "t1")], WANTED)

    assert (right, changed, gone) == ({"arn:/a": (20, 10), "arn:/b": (10, 20)}, {}, [])


def test_the_second_of_two_equal_rules_goes() -> None:
    second = rule(3, "/a", "t1", arn="arn:second")

    assert matched([rule(10, "/a", "t1"), second], {10: WANTED[10]})[2] == [second]


@pytest.mark.parametrize(
    "harmed",
    [
        rule(10, "/a", "t2"),
        rule(10, "/z", "t1"),
        rule(10, "/a", "t1", TargetGroupStickinessConfig={"Enabled": True, "DurationSeconds": 60}),
        rule(10, "/a", "t1", TargetGroups=[{"TargetGroupArn": "t1"}, {"TargetGroupArn": "t2"}]),
        {**rule(10, "/a", "t1"), "Conditions": [{"Field": "source-ip"}, *rule(10, "/a", "t1")["Conditions"]]},
    ],
)
def test_whatever_somebody_changed_of_a_rule_is_seen(harmed: dict[str, Any]) -> None:
    assert matched([harmed], {10: WANTED[10]}) == ({}, {10: harmed}, [])
