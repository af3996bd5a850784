"""An account that refuses Auto Scaling groups, once or for good: the fleet scales all the same."""

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.scaling import refusals

from localcloud.commands.trouble import refuse
from localcloud.state import RunFolder
from tests.scaling_account import GROUPS, ScalingAccount

GROUP_CALLS = ("autoscaling:CreateAutoScalingGroup",)
ONE = {"groups": GROUPS[:1]}


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seconds that were waited between tries; nobody waits for them."""
    steps: list[int] = []
    monkeypatch.setattr(refusals.time, "sleep", steps.append)
    return steps


def refused(account: ScalingAccount, times: int, code: str | None = None) -> None:
    run = RunFolder(Path(account.key["LOCALCLOUD_RUN"]))
    refuse(run, "autoscaling:CreateAutoScalingGroup", times, code, lambda _: None)


def test_a_refusal_that_passes_is_waited_for_and_told(
    account_that_scales: ScalingAccount, waited: list[int]
) -> None:
    refused(account_that_scales, 2)

    made = account_that_scales.scaling(**ONE, refusal_patience=60)

    assert (made["mode"], waited) == ("groups", [10, 10])
    assert made["warnings"] == ["Auto Scaling groups were refused for 20 s, and taken then."]


def test_the_service_s_role_is_made_where_it_is_missing(
    account_that_scales: ScalingAccount, waited: list[int]
) -> None:
    refused(account_that_scales, 1, "ServiceLinkedRoleFailure")

    assert account_that_scales.scaling(**ONE, refusal_patience=60)["mode"] == "groups"

    assert "iam:CreateServiceLinkedRole" in account_that_scales.calls(account_that_scales.key)


def test_for_good_the_fleet_scales_by_plain_launches_and_each_run_tries_once_more(
    account_that_scales: ScalingAccount, tmp_path: Path, waited: list[int]
) -> None:
    account = account_that_scales
    denied = {"Effect": "Deny", "Action": list(GROUP_CALLS), "Resource": "*"}
    key = account.key_that(tmp_path, denied)

    made = account.scaling(**ONE, key=key, refusal_patience=30)
    tried = list(waited)
    again = account.scaling(**ONE, key=key, refusal_patience=30)

    assert (made["mode"], len(tried)) == ("plain", 3)
    [words] = made["warnings"]
    assert "takes no Auto Scaling groups now" in words
    assert "a file in the drop folder wakes nobody until a client or a web host does" in words
    assert (again["mode"], again["changed"], waited) == ("plain", False, tried)
    told: dict[str, Any] = account.configuration()
    assert (told["mode"], told["groups"][0]["scaling_group"]) == ("plain", "")
    assert account.templates() == {"mine-worker": [1]}

    moved = account.scaling(**ONE)

    assert (moved["mode"], account.configuration()["mode"]) == ("groups", "groups")
    assert set(account.groups()) == {"mine-worker"}


def test_a_group_that_was_made_before_another_was_refused_is_not_left(
    account_that_scales: ScalingAccount, waited: list[int]
) -> None:
    account = account_that_scales
    account.scaling(**ONE)
    refused(account, 9)

    made = account.scaling()
    refused(account, 0)

    assert made["mode"] == "plain"
    assert account.groups() == {}
    assert account.clients["cloudwatch"].describe_alarms()["MetricAlarms"] == []
    assert set(account.templates()) == {"mine-worker", "mine-big"}


def test_who_may_make_no_alarm_is_told_who_then_wakes_nobody(
    account_that_scales: ScalingAccount, tmp_path: Path
) -> None:
    account = account_that_scales
    denied = {"Effect": "Deny", "Action": "cloudwatch:PutMetricAlarm", "Resource": "*"}
    key = account.key_that(tmp_path, denied)

    made = account.scaling(**ONE, key=key)

    assert made["mode"] == "groups"
    assert "The alarm that wakes the fleet may not be changed" in made["warnings"][0]
