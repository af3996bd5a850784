"""Groups behind a balancer: their paths, and the security group of their hosts; no AWS."""

from typing import Any

import pytest
from ansible.module_utils.balancer.paths import OWN_PATHS
from ansible.module_utils.firewall.regroup import misplaced, regroup
from ansible.module_utils.fleet.plan import GROUP_TAG, ROLE_TAG, InstanceGroup, parse_groups
from ansible.module_utils.process.failure import Failure
from jobfleet_web import settings


def group(name: str = "cluster1", **given: Any) -> dict[str, Any]:
    return {"name": name, "role": "web", "type": "t2.large", "balancer": True, **given}


def wrong(*given: dict[str, Any]) -> list[str]:
    return parse_groups(list(given))[1]


def test_a_balanced_group_has_the_path_of_its_name_unless_it_has_others() -> None:
    found, said = parse_groups(
        [
            group(),
            group("two", paths=["/a/b", "/c"]),
            group("three", balancer=False),
            {**group("x"), "count": 0},
        ]
    )

    assert said == []
    assert [(one.paths, one.balanced) for one in found] == [
        (("/cluster1",), True), (("/a/b", "/c"), True), ((), False), (("/x",), True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "path", ["", "cluster1", "/", "/cluster1/", "//a", "/a//b", "/a b", "/a*", "/ä", "/..", "/a/./b", 7,
             f"/{'x' * 126}", "/a?b", "/a%20"]
)  # fmt: skip
def test_a_path_that_no_rule_could_have_is_said(path: object) -> None:
    [said] = wrong(group(paths=[path]))

    assert f"has the path '{path}': begin with a slash and end with none" in said


def test_a_path_that_would_hide_one_of_a_web_host_s_own_is_said() -> None:
    assert OWN_PATHS == settings.OWN_PATHS
    for own in OWN_PATHS:
        for given in (group(own), group(paths=[f"/{own}/x", "/x"])):
            assert f"web hosts serve /{own} themselves" in "".join(wrong(given))
    assert wrong(group("workers", paths=["/x/work"])) == []


@pytest.mark.parametrize("path", ["/a", "/A-b_c~d.e", "/...", "/.a", "/a/b/c", f"/{'x' * 125}"])
def test_other_paths_are_taken(path: str) -> None:
    assert wrong(group(paths=[path])) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": "worker"}, "only groups with role web are balanced"),
        ({"balancer": "perhaps"}, "balancer 'perhaps': give true or false"),
        ({"balancer": False, "paths": ["/a"]}, "paths without a balancer"),
        ({"paths": "/a"}, "the paths '/a': give a list such as [/cluster1]"),
    ],
)
def test_a_balancer_where_there_can_be_none_is_said(given: dict[str, Any], said: str) -> None:
    assert [text for text in wrong(group(**given)) if said in text] != []


@pytest.mark.parametrize(
    ("one", "other", "is_refused"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a/b", "/a", True),
        ("/a", "/ab", False),
        ("/a/b", "/a/c", False),
    ],
)
def test_no_path_may_begin_with_another_s(one: str, other: str, is_refused: bool) -> None:
    said = wrong(group("one", paths=[one]), group("two", paths=[other]))

    assert [f"'{one}' and '{other}'" in text for text in said] == [True] * is_refused


def test_what_one_balancer_cannot_hold_is_said() -> None:
    many = [group(f"g{number}", count=0) for number in range(101)]

    assert [text.partition(",")[0] for text in wrong(*many)] == [
        "101 paths lead to balanced groups", "101 groups are balanced",
    ]  # fmt: skip
    assert wrong(group(count=600), group("two", count=600))[0].startswith("1200 hosts are balanced")


KINDS = [
    InstanceGroup("plain", 1, "t3.small", role="web"),
    InstanceGroup("behind", 1, "t3.small", role="web", paths=("/behind",)),
    InstanceGroup("worker", 1, "t3.small"),
]


def instance(kind: str, *groups: str, role: str = "web") -> dict[str, Any]:
    tags = [{"Key": GROUP_TAG, "Value": kind}, {"Key": ROLE_TAG, "Value": role}]
    return {"InstanceId": "i-1", "Tags": tags, "SecurityGroups": [{"GroupName": one} for one in groups]}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (instance("plain", "web"), None),
        (instance("behind", "balanced"), None),
        (instance("plain", "balanced"), ["web"]),
        (instance("behind", "web"), ["balanced"]),
        (instance("behind", "mine", "web"), ["mine", "balanced"]),
        (instance("behind", "mine", "balanced"), None),
        (instance("behind", "web", "balanced"), ["balanced"]),
        (instance("worker", "x", role="worker"), None),
        (instance("gone", "web"), None),
    ],
)
def test_a_web_host_gets_the_security_group_of_its_kind_and_keeps_others(
    found: dict[str, Any], wanted: list[str] | None
) -> None:
    assert misplaced([found], KINDS, "web", "balanced").get("i-1") == wanted


class Ec2:
    """EC2 that knows one security group and notes what it is told: no host is to boot for it."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def describe_security_groups(self, **_: Any) -> dict[str, Any]:
        return {"SecurityGroups": [{"GroupName": "balanced", "GroupId": "sg-1"}]}

    def modify_instance_attribute(self, **asked: Any) -> None:
        self.told.append(asked)


def test_all_its_groups_are_set_at_once_or_none() -> None:
    ec2 = Ec2()

    regroup(ec2, {"i-1": ["balanced"]})
    with pytest.raises(Failure, match="There is no security group web"):
        regroup(ec2, {"i-2": ["web", "balanced"]})

    assert ec2.told == [{"InstanceId": "i-1", "Groups": ["sg-1"]}]
