"""Who is registered, and for whom it is waited how long.

Elastic Load Balancing is a double here: no real host is ill in a way that a test chooses.
"""

import time
from typing import Any

import pytest
from ansible.module_utils.balancer import targets
from ansible.module_utils.balancer.targets import LOOK_SECONDS, RULES_COUNT_SECONDS, Targets
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.scaling.changes import Changes

ARN = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/mine-one/1"


class Elbv2:
    """Elastic Load Balancing that tells `looks` one after the other, and then the last of them."""

    def __init__(self, *looks: dict[str, str]) -> None:
        self._looks = list(looks)
        self.calls: list[tuple[str, list[str]]] = []
        self.deregistered_after = -1.0

    def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
        assert TargetGroupArn == ARN
        now = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": name}, "TargetHealth": {"State": state, "Reason": "Target.Timeout"}}
                for name, state in now.items()
            ]
        }

    def register_targets(self, TargetGroupArn: str, Targets: list[dict[str, str]]) -> None:  # noqa: N803
        self.calls.append(("register", [one["Id"] for one in Targets]))

    def deregister_targets(self, TargetGroupArn: str, Targets: list[dict[str, str]]) -> None:  # noqa: N803
        self.calls.append(("deregister", [one["Id"] for one in Targets]))
        self.deregistered_after = time.monotonic()


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Wait for nothing, and return how long it would have been, step by step."""
    steps: list[float] = []
    monkeypatch.setattr(targets.time, "sleep", steps.append)
    monkeypatch.setattr(targets.time, "monotonic", lambda: sum(steps))
    return steps


def made(elbv2: Elbv2, *, dry: bool = False, timeout: int = 20) -> tuple[Targets, Changes]:
    changes = Changes(dry=dry)
    return Targets(elbv2, changes, timeout), changes


def test_who_is_missing_is_registered_and_who_is_not_wanted_is_not_any_more() -> None:
    elbv2 = Elbv2({"i-1": "healthy", "i-2": "unhealthy", "i-3": "draining"})

    made(elbv2)[0].ensure(ARN, "one", ["i-1", "i-3"])

    # One that drains, and is wanted again, has to be registered again.
    assert elbv2.calls == [("register", ["i-3"]), ("deregister", ["i-2"])]


@pytest.mark.parametrize("dry", [True, False])
def test_nothing_is_done_in_check_mode_or_where_all_is_right(dry: bool) -> None:
    elbv2 = Elbv2({"i-1": "initial"})
    behind, changes = made(elbv2, dry=dry)

    behind.ensure(ARN, "one", ["i-1", "i-2"] if dry else ["i-1"])

    assert elbv2.calls == []
    assert changes.result()["changed"] is dry


def test_it_waits_until_all_are_well(waited: list[float]) -> None:
    behind, _ = made(Elbv2({}, {"i-1": "initial"}, {"i-1": "healthy"}))
    states = iter(["provisioning", "active", "active", "active"])

    behind.wait_until_well({ARN: ["i-1"]}, lambda: next(states))

    assert len(waited) == 3


def test_who_is_not_well_in_time_is_named_with_the_reason(waited: list[float]) -> None:
    behind, _ = made(Elbv2({"i-1": "healthy", "i-2": "unhealthy"}))

    with pytest.raises(
        Refused, match=r"i-2 is unhealthy \(Target.Timeout\); i-3 is unused \(not registered\)"
    ):
        behind.wait_until_well({ARN: ["i-1", "i-2", "i-3"]}, lambda: "active")

    assert sum(waited) == 20
    assert set(waited) == {LOOK_SECONDS}


def test_a_balancer_that_aws_could_not_set_up_is_not_waited_for(waited: list[float]) -> None:
    with pytest.raises(Refused, match="failed: no room"):
        made(Elbv2({}))[0].wait_until_well({ARN: []}, lambda: "failed: no room")

    assert waited == []


def test_those_that_leave_are_waited_for_as_long_as_they_drain(waited: list[float]) -> None:
    both = {"i-1": "healthy", "i-2": "healthy"}
    elbv2 = Elbv2(both, {**both, "i-1": "draining"}, {"i-2": "healthy"})

    made(elbv2)[0].drain([ARN], ["i-1", "i-9"])

    assert elbv2.calls == [("deregister", ["i-1"])]
    assert len(waited) == 1


def test_one_that_drains_on_for_ever_holds_nobody_up(waited: list[float]) -> None:
    made(Elbv2({"i-1": "draining"}))[0].drain([ARN], ["i-1"])

    assert sum(waited) == 20


@pytest.mark.parametrize(
    "looks",
    [
        ({"i-1": "unused"}, {"i-1": "unused"}, {}),
        ({"i-1": "healthy"}, {"i-1": "healthy"}, {"i-1": "draining"}, {}),
    ],
    ids=["aws says nothing of draining", "aws says that it drains"],
)
def test_hosts_of_a_group_that_goes_have_the_whole_delay_for_what_they_have_begun(
    waited: list[float], looks: tuple[dict[str, str], ...]
) -> None:
    elbv2 = Elbv2(*looks)

    made(elbv2)[0].let_all_go([ARN], 15)

    assert elbv2.calls == [("deregister", ["i-1"])]
    # The rules that led to it are gone everywhere before no host is there any more.
    assert elbv2.deregistered_after == RULES_COUNT_SECONDS
    assert sum(waited) == RULES_COUNT_SECONDS + 15


def test_a_group_that_goes_without_hosts_costs_no_time(waited: list[float]) -> None:
    for elbv2 in (Elbv2({}), Elbv2({"i-1": "draining"}, {})):
        made(elbv2)[0].let_all_go([ARN], 15)
        assert (elbv2.calls, waited) == ([], [])
    elbv2 = Elbv2({"i-1": "healthy"})
    targets, changes = made(elbv2, dry=True)
    targets.let_all_go([ARN], 15)
    assert (elbv2.calls, waited, changes.names) == ([], [], ["leaving targets of mine-one"])
