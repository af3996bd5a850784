"""What scaling asks of other variables, and what it may launch: the cases come from the rules."""

from typing import Any

import pytest
from ansible.module_utils.account.lab_limits import LabLimits, over_scaled
from ansible.module_utils.fleet.plan import InstanceGroup
from ansible.module_utils.preflight.scaling_plans import most_scaled, plans_of
from ansible.module_utils.preflight.scaling_rules import WITH_SCALING, against_scaling

from tests.unit.plugins.preflight.test_role_rules import refused

ON: dict[str, Any] = {"scaling": {"min": 0, "max": 6}, "worker_credentials": "instance_profile"}
# For each rule a value that it refuses.
WRONG = {"worker_credentials": "file", "idle_stop_minutes": 30, "image": "none", "web_on_workers": True}
GROUPS = [
    InstanceGroup("small", 3, "t3.small"), InstanceGroup("big", 1, "m5.large"),
    InstanceGroup("web", 1, "t3.small", role="web"),
]  # fmt: skip


def test_scaling_goes_with_all_else_as_it_is_but_the_credentials() -> None:
    assert refused(**ON) == []
    assert set(WRONG) == set(WITH_SCALING)


@pytest.mark.parametrize("name", WITH_SCALING)
def test_what_does_not_go_with_scaling_is_refused_with_why_and_only_then(name: str) -> None:
    [said] = [text for text in refused(**{**ON, name: WRONG[name]}) if text.startswith(f"{name} ")]

    assert "which does not go with scaling: set it to" in said
    assert name not in against_scaling({name: "0" if name == "idle_stop_minutes" else ON.get(name, False)})
    assert not any("scaling" in text for text in refused(**{name: WRONG[name]}))


@pytest.mark.parametrize(
    "limits",
    [
        {"min": 0}, {"max": 3}, {"min": 4, "max": 3}, {"min": -1, "max": 3}, {"min": 0, "max": 0},
        {"min": True, "max": 3}, {"min": 0.5, "max": 3}, {"min": 0, "max": "many"},
        {"min": 0, "max": 3, "mox": 1},
        {"min": 0, "max": 3, "clear": 0}, {"min": 0, "max": 3, "window": "long"}, 7, "on", [1],
    ],
    ids=str,
)  # fmt: skip
def test_bounds_that_are_none_are_refused_by_the_name_that_a_person_set(limits: Any) -> None:
    said = refused(**{**ON, "scaling": limits})

    assert said[0].startswith(f"scaling is {limits!r}: give")


@pytest.mark.parametrize(
    "limits", [{"min": 0, "max": 6}, {"min": 2, "max": 2, "clear": 30, "window": 0.5, "boot": 90}]
)
def test_bounds_that_are_some_are_taken(limits: dict[str, Any]) -> None:
    assert refused(**{**ON, "scaling": limits}) == []


def instance(name: str, group: str, role: str = "worker", *, scaled: bool) -> dict[str, Any]:
    tags = {"jobfleet:group": group, "jobfleet:role": role, **({"jobfleet:scaled": "true"} if scaled else {})}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"InstanceId": name, "State": {"Name": "running"}, "LaunchTime": 0, "Tags": listed}


def test_with_scaling_plain_workers_stay_for_now_and_the_least_is_launched_at_once() -> None:
    ours = [instance("i-plain", "small", scaled=False), instance("i-scaled", "small", scaled=True)]

    plans = plans_of(GROUPS, ours, "", replace_keys=False, scaling={"min": 4, "max": 8})

    assert plans.now.launch == {"web": 1, "small": 2, "big": 1}
    assert plans.most.launch == {"web": 1, "small": 5, "big": 2}
    assert plans.now.remove == []
    assert [one.name for one in plans.plain] == ["web"]


def test_without_scaling_hosts_that_scaled_go_first() -> None:
    ours = [instance("i-scaled", "small", scaled=True), instance("i-web", "web", "web", scaled=False)]

    plans = plans_of(GROUPS, ours, "", replace_keys=False, scaling={})

    assert plans.now == plans.most
    assert plans.now.launch == {"small": 3, "big": 1}
    assert [one["InstanceId"] for one in plans.now.remove] == ["i-scaled"]


def test_in_a_lab_the_greatest_fleet_has_room_beside_the_web_hosts() -> None:
    web = GROUPS[2:]

    assert over_scaled(web, 8, LabLimits(9, 32)) is None
    assert over_scaled(web, 90, LabLimits()) is None
    assert over_scaled(web, 9, LabLimits(9, 32)) == (
        "scaling.max is 9, 1 web hosts run besides, and lab_max_instances allows 9: "
        "set scaling.max to 8 or less"
    )


@pytest.mark.parametrize(
    ("given", "most"), [({}, 0), ({"min": 0, "max": 6}, 6), ({"max": True}, 0), ("x", 0)]
)
def test_only_a_bound_counts(given: Any, most: int) -> None:
    assert most_scaled(given) == most
