"""What a person sets for the page: what the inventory makes of it, and what is refused in time."""

from typing import Any

import pytest
from ansible.module_utils.account.lab_limits import LabLimits, Load, over_limit
from ansible.module_utils.fleet.plan import InstanceGroup, make_plan, parse_groups
from ansible.module_utils.preflight.role_inputs import worked_out
from ansible.module_utils.preflight.role_rules import open_page

from tests.unit.plugins.preflight.test_role_rules import LOADER, refused, variables_with

WORKER = InstanceGroup("worker", 1, "t3.small")


def value(name: str, **given: Any) -> Any:
    """Return a variable of the inventory in a run with `-e given`."""
    variables = variables_with(given).of("preflight")
    return worked_out(LOADER, variables, variables[name])


def groups(**given: Any) -> tuple[list[InstanceGroup], list[str]]:
    return parse_groups(value("instances_groups", **given))


@pytest.mark.parametrize("none", [0, "0"])
def test_without_web_hosts_there_is_no_group_of_them(none: object) -> None:
    assert groups(web_count=none) == ([WORKER], [])
    assert not value("web_wanted", web_count=none)


def test_web_hosts_come_beside_the_groups_that_are_given() -> None:
    big = {"name": "big", "count": 3, "type": "m5.large"}

    assert groups(web_count="2", web_type="t3.micro", instance_groups=[big]) == (
        [InstanceGroup("big", 3, "m5.large"), InstanceGroup("web", 2, "t3.micro", role="web")],
        [],
    )
    assert value("web_wanted", web_count="2")


def test_a_group_of_ones_own_may_be_web_hosts_too() -> None:
    front = [{"name": "front", "type": "t3.small", "role": "web"}, {"name": "worker", "type": "t3.small"}]

    assert value("web_hosts_wanted", instance_groups=front) == 1
    assert value("firewall_web_hosts", instance_groups=front)
    assert not value("firewall_web_hosts", web_on_workers=True)
    assert value("web_wanted", web_on_workers=True)


@pytest.mark.parametrize("count", [-1, "many", 1.5, True, "", None])
def test_a_number_of_web_hosts_that_is_none_is_refused(count: object) -> None:
    [said] = groups(web_count=count)[1]

    assert said == f"the group of instances 'web' has the count '{count}': give a whole number, 0 or more"


def test_a_type_that_is_none_and_a_group_of_that_name_are_refused() -> None:
    assert "has the type 'small'" in groups(web_count=1, web_type="small")[1][0]
    mine = [{"name": "web", "type": "t3.small"}]
    assert (
        "has the name 'web' twice: give each its own (web_count makes one"
        in groups(web_count=1, instance_groups=mine)[1][0]
    )
    assert groups(instance_groups=mine)[1] == []


@pytest.mark.parametrize("source", ["x", "203.0.113.7", "203.0.113.7/33", 7])
def test_a_range_that_is_none_is_refused(source: object) -> None:
    [said] = refused(web_from=source)

    assert said.startswith(f"web_from is {source!r}: give an address range such as 203.0.113.0/24")


@pytest.mark.parametrize("source", ["", "0.0.0.0/0", "::/0", "203.0.113.0/24", "2001:db8::/32"])
def test_everybody_may_be_let_in_where_that_is_said(source: str) -> None:
    assert refused(web_from=source) == []


@pytest.mark.parametrize(
    ("source", "without_token", "is_refused"),
    [("0.0.0.0/0", True, True), ("::/0", True, True), ("0.0.0.0/0", False, False), ("", True, False),
     ("203.0.113.0/24", True, False)],
)  # fmt: skip
def test_the_page_is_never_for_everybody_without_its_token(
    source: str, without_token: bool, is_refused: bool
) -> None:
    said = open_page({"firewall_web_from": source}, {"web_open_to_all_without_token": without_token})

    assert said.startswith(f"web_from is '{source}': the page would be for everybody") is is_refused


@pytest.mark.parametrize(
    ("given", "settings", "found"),
    [
        ({}, "web_max_input_bytes", 268_435_456),
        ({"worker_max_input_bytes": 1000}, "web_max_input_bytes", 1000),
        ({"worker_max_input_bytes": 10 * 1024**3}, "web_max_input_bytes", 5 * 1024**3),
        ({"worker_max_input_bytes": 1000, "web_max_input_bytes": 500}, "web_max_input_bytes", 500),
        ({}, "web_memory_limit", 335_544_320),
        ({"web_memory_bytes": 1024**3}, "web_memory_limit", 1024**3 + 268_435_456),
    ],
)
def test_limits_follow_those_that_they_have_to_fit(given: dict[str, int], settings: str, found: int) -> None:
    """The page takes what the workers take, and has the memory that the uploads in it may need."""
    variables = variables_with(given).of("web", "web_hosts")

    assert worked_out(LOADER, variables, variables[settings]) == found
    assert refused(**given) == []


@pytest.mark.parametrize(
    "name", ["https://page.example.org", "page.example.org:80", "a b", "*.example.org", ""]
)
def test_a_name_that_no_request_could_have_is_refused(name: str) -> None:
    """Else nobody would be answered under it, and with TLS the run would end after the launch."""
    assert refused(web_host_names=["198.51.100.7", "2001:db8::7", "page.example.org"]) == []
    said = refused(web_host_names=["page.example.org", name])
    assert len(said) == 1
    assert said[0].startswith("web_host_names is ")
    assert "give names of hosts such as page.example.org" in said[0]


@pytest.mark.parametrize("name", ["web_on_workers", "web_tls", "web_token_new"])
def test_what_is_neither_true_nor_false_is_refused(name: str) -> None:
    assert refused(**{name: "perhaps"})[0] == f"{name} is 'perhaps': give true or false."


def test_web_hosts_count_among_a_lab_s_nine() -> None:
    wanted, _ = groups(web_count=2, instances_count=8)
    plan = make_plan(wanted, [], "key", replace=False)

    said = over_limit(Load({}, {"t3.small": 2}), plan.starting_types(wanted), [], LabLimits(9, 32))

    assert said is not None
    assert "10 would after this, and lab_max_instances allows 9" in said
