"""Which instances are launched, started and removed; no AWS."""

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.module_utils.fleet.change import launch_options
from ansible.module_utils.fleet.plan import (
    GROUP_TAG,
    KEY_TAG,
    ROLE_TAG,
    InstanceGroup,
    knows_another_key,
    make_plan,
    parse_groups,
)

WORKERS = InstanceGroup("worker", 2, "t3.small")


def instance(name: str, day: int = 1, state: str = "running", **tags: str) -> dict[str, Any]:
    keys = {"group": GROUP_TAG, "key": KEY_TAG, "role": ROLE_TAG}
    return {
        "InstanceId": name,
        "InstanceType": "t3.small",
        "State": {"Name": state},
        "LaunchTime": datetime(2026, 1, day, tzinfo=UTC),
        "Tags": [{"Key": keys[key], "Value": value} for key, value in tags.items()],
    }


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [one["InstanceId"] for one in found]


def test_what_is_there_is_left_alone() -> None:
    plan = make_plan([WORKERS], [instance("a"), instance("b")], "key", replace=False)

    assert (plan.launch, plan.start, plan.remove) == ({}, [], [])


def test_what_is_missing_is_launched_and_what_is_stopped_is_started() -> None:
    plan = make_plan([WORKERS], [instance("a", state="stopped")], "key", replace=False)

    assert plan.launch == {"worker": 1}
    assert ids(plan.start) == ["a"]
    assert plan.starting_types([WORKERS]) == ["t3.small", "t3.small"]


def test_of_too_many_the_stopped_ones_go_first_and_then_the_newest() -> None:
    there = [instance("old", 1), instance("new", 9), instance("off", 2, "stopped"), instance("mid", 5)]

    assert ids(make_plan([WORKERS], there, "key", replace=False).remove) == ["off", "new"]


def test_only_the_group_that_changed_is_touched_and_one_that_vanished_goes() -> None:
    there = [
        instance("a", group="worker"),
        instance("b"),
        instance("c", group="big"),
        instance("d", group="old"),
    ]

    plan = make_plan([WORKERS, InstanceGroup("big", 3, "m5.large")], there, "key", replace=False)

    assert plan.launch == {"big": 2}
    assert ids(plan.remove) == ["d"]


def test_a_group_that_gets_another_role_gets_other_instances() -> None:
    there = [instance("worker", group="web"), instance("web", group="web", role="web")]

    plan = make_plan([InstanceGroup("web", 1, "t3.small", role="web")], there, "key", replace=False)

    assert (plan.launch, ids(plan.remove)) == ({}, ["worker"])


def test_none_wanted_removes_all_and_launches_none() -> None:
    plan = make_plan([InstanceGroup("worker", 0, "t3.small")], [instance("a")], "key", replace=False)

    assert (plan.launch, ids(plan.remove)) == ({}, ["a"])


def test_instances_with_another_key_are_replaced_only_when_asked() -> None:
    there = [instance("ours", key="key"), instance("strange", key="other")]

    assert make_plan([WORKERS], there, "key", replace=False).remove == []
    plan = make_plan([WORKERS], there, "key", replace=True)
    assert (plan.launch, ids(plan.remove)) == ({"worker": 1}, ["strange"])
    assert [knows_another_key(one, "key") for one in (*there, instance("untagged"))] == [False, True, False]


@pytest.mark.parametrize("count", [-1, "two", 1.5, True, None, "99999"])
def test_a_count_that_is_none_is_said(count: object) -> None:
    groups, wrong = parse_groups([{"name": "a", "type": "t3.small", "count": count}])

    assert groups == []
    assert f"has the count '{count}'" in wrong[0]


def test_two_groups_of_one_name_and_unknown_keys_are_said() -> None:
    _, wrong = parse_groups(
        [
            {"name": "a", "type": "t3.small"},
            {"name": "a", "type": "t3.small"},
            {"name": "b", "type": "x", "sort": 1},
        ]
    )

    assert [text.split(" has ")[1].split(":")[0] for text in wrong] == [
        "the name 'a' twice",
        "the type 'x'",
        "sort",
    ]


def test_a_role_that_is_none_and_a_second_group_of_web_hosts_name_are_said() -> None:
    _, wrong = parse_groups(
        [
            {"name": "a", "type": "t3.small", "role": "boss"},
            {"name": "web", "type": "t3.small"},
            {"name": "web", "type": "t3.small", "role": "web"},
        ]
    )

    assert wrong[0] == "the group of instances 'a' has the role 'boss': give worker or web"
    assert wrong[1].endswith(
        "'web' twice: give each its own (web_count makes one of this name, unless it is 0)"
    )


@pytest.mark.parametrize(("role", "named"), [("worker", "workers"), ("web", "web hosts")])
def test_the_role_decides_name_tag_and_security_group_of_a_launch(role: str, named: str) -> None:
    given = ("image_id", "web_image_id", "key_name", "user_data", "stack", "key_mark")
    params: dict[str, Any] = dict.fromkeys(given, "x")
    params |= {"name": "workers", "security_group": "workers"}
    params |= {"web_name": "web hosts", "web_security_group": "web hosts"}
    params |= {"balanced_security_group": "balanced"}
    params |= {"cpu_credits": "", "volume_size": 8, "tags": {}, "instance_profile": ""}

    options = launch_options(InstanceGroup("any", 1, "t3.small", role=role), params)

    tags = {tag["Key"]: tag["Value"] for tag in options["TagSpecifications"][0]["Tags"]}
    assert (tags[ROLE_TAG], tags["Name"], options["SecurityGroups"]) == (role, named, [named])
    balanced = InstanceGroup("any", 1, "t3.small", role="web", paths=("/any",))
    assert launch_options(balanced, params)["SecurityGroups"] == ["balanced"]


def test_zone_market_and_profile_reach_the_launch() -> None:
    params: dict[str, Any] = dict.fromkeys(
        ("image_id", "key_name", "security_group", "user_data", "name", "stack", "key_mark"), "x"
    )
    params = {**params, "cpu_credits": "", "volume_size": 8, "tags": {}}
    plain = launch_options(WORKERS, {**params, "instance_profile": ""})
    spot = launch_options(
        InstanceGroup("s", 1, "t3.small", "us-east-1b", "spot"),
        {**params, "instance_profile": "LabInstanceProfile"},
    )

    assert plain["InstanceInitiatedShutdownBehavior"] == "stop"
    assert not {"Placement", "InstanceMarketOptions", "IamInstanceProfile"} & set(plain)
    assert spot["Placement"] == {"AvailabilityZone": "us-east-1b"}
    assert spot["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert spot["IamInstanceProfile"] == {"Name": "LabInstanceProfile"}


@pytest.mark.parametrize(
    ("kind", "wanted", "asked"),
    [
        ("t3.small", "standard", {"CpuCredits": "standard"}),
        ("t4g.nano", "unlimited", {"CpuCredits": "unlimited"}),
        ("t3.small", "", None),
        ("m5.large", "standard", None),
    ],
)
def test_cpu_credits_are_asked_for_where_there_are_any(
    kind: str, wanted: str, asked: dict[str, str] | None
) -> None:
    named = ("image_id", "key_name", "security_group", "user_data", "name", "stack", "key_mark")
    params = {**dict.fromkeys(named, "x"), "volume_size": 8, "tags": {}, "instance_profile": ""}
    options = launch_options(InstanceGroup("worker", 1, kind), {**params, "cpu_credits": wanted})
    assert options.get("CreditSpecification") == asked
