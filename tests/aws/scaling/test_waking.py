"""Waking: whoever sends a job to a fleet of no hosts starts one, and only one; what is refused is said.

Auto Scaling and EC2 are played here, as real ones boot hosts; the bucket is real.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.names import heartbeat_key
from jobfleet_scaling.documents.configuration import PLAIN, ScalingConfiguration
from jobfleet_scaling.waking import Wake, wake

from tests.aws.scaling.conftest import ScalingStack
from tests.scaling_fleet import GROUP, NOW, configuration

SECOND = replace(GROUP, name="other", scaling_group="st-other")


class OlderHeartbeats:
    """The bucket, in which heartbeats are older than they are by `ages`, in seconds by the worker's id."""

    def __init__(self, s3: Any, ages: dict[str, float]) -> None:
        self._s3, self._ages = s3, ages

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def head_object(self, Key: str, **more: Any) -> Any:  # noqa: N803
        answer = self._s3.head_object(Key=Key, **more)
        age = next((age for worker, age in self._ages.items() if Key == heartbeat_key(worker)), 0)
        return answer | {"LastModified": answer["LastModified"] - timedelta(seconds=age)}


class Account:
    """Groups and instances; EC2 launches one instance for one token, however often it is told."""

    def __init__(self, s3: Any, groups: dict[str, int]) -> None:
        self.ages: dict[str, float] = {}
        self.launch_time = datetime(2026, 3, 1, tzinfo=UTC)
        self.s3, self.groups = OlderHeartbeats(s3, self.ages), groups
        self.health: dict[str, list[str]] = {}
        self.launched: dict[str, dict[str, Any]] = {}
        self.most = dict.fromkeys(groups, 3)
        self.refuses = ""
        self.sees_instances = True
        self.others, self.may_look = 0, True

    def client(self, service: str) -> Any:
        return self.s3 if service == "s3" else self

    def describe_auto_scaling_groups(self, AutoScalingGroupNames: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        return {
            "AutoScalingGroups": [
                {
                    "AutoScalingGroupName": name,
                    "DesiredCapacity": self.groups[name],
                    "MaxSize": self.most[name],
                    "Instances": [
                        {
                            "InstanceId": f"{name}-{number}",
                            "LifecycleState": "InService",
                            "HealthStatus": health,
                        }
                        for number, health in enumerate(self.health.get(name, ()))
                    ],
                }
                for name in AutoScalingGroupNames
                if name in self.groups
            ]
        }

    def set_desired_capacity(self, AutoScalingGroupName: str, DesiredCapacity: int, **_: Any) -> None:  # noqa: N803
        self._refuse("SetDesiredCapacity")
        self.groups[AutoScalingGroupName] = DesiredCapacity

    def describe_instances(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if not self.may_look:
            raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, "Describe")
        there = list(self.launched.values()) if self.sees_instances else []
        if not any(one["Name"].startswith("tag:") for one in Filters):
            there += [{"InstanceId": f"i-other-{number}"} for number in range(self.others)]
        return {"Reservations": [{"Instances": there}] if there else []}

    def run_instances(self, ClientToken: str, **given: Any) -> None:  # noqa: N803
        self._refuse("RunInstances")
        made = {"InstanceId": f"i-{len(self.launched)}", "LaunchTime": self.launch_time, **given}
        self.launched.setdefault(ClientToken, made)

    def _refuse(self, operation: str) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses, "Message": "explicit deny"}}, operation)


@pytest.fixture
def account(stack: ScalingStack) -> Account:
    return Account(stack.s3, {"st-workers": 0, "st-other": 0})


def woken(
    stack: ScalingStack, account: Account, made: ScalingConfiguration, who: str = "client-a", after: float = 0
) -> Wake:
    now = NOW + timedelta(seconds=after)
    return wake(stack.name, stack.bucket, made, account.client, who=who, now=now)


BY_GROUPS = configuration(GROUP, SECOND)
ONE_BY_ONE = configuration(GROUP, SECOND, mode=PLAIN)


def test_a_group_at_nothing_gets_one_host_and_the_log_a_line(stack: ScalingStack, account: Account) -> None:
    assert woken(stack, account, BY_GROUPS) == Wake(started=True)
    assert account.groups == {"st-workers": 1, "st-other": 0}
    assert [(line.event, line.who, line.at) for line in stack.logged()] == [("woke", "client-a", NOW)]


@pytest.mark.parametrize("which", ["st-workers", "st-other"])
def test_where_a_host_is_there_or_on_its_way_nothing_is_done(
    stack: ScalingStack, account: Account, which: str
) -> None:
    account.groups[which] = 3
    before = dict(account.groups)
    assert woken(stack, account, BY_GROUPS) == Wake()
    assert (account.groups, stack.logged()) == (before, [])


@pytest.mark.parametrize(
    ("desired", "health", "after"),
    [
        (1, ["Unhealthy"], {"st-workers": 2, "st-other": 0}),
        (3, ["Unhealthy"] * 3, {"st-workers": 3, "st-other": 1}),
        (2, ["Unhealthy", "Healthy"], {"st-workers": 2, "st-other": 0}),
        (2, ["Unhealthy"], {"st-workers": 2, "st-other": 0}),
    ],
    ids=["terminated by hand", "and no room for another", "one is left", "one is on its way"],
)
def test_hosts_that_were_ended_by_hand_are_none(
    stack: ScalingStack, account: Account, desired: int, health: list[str], after: dict[str, int]
) -> None:
    account.groups["st-workers"], account.health = desired, {"st-workers": health}
    before = dict(account.groups)
    assert woken(stack, account, BY_GROUPS).started == (before != after)
    assert account.groups == after


@pytest.mark.parametrize(
    ("ages", "after"),
    [
        ({"st-workers-0": 200}, {"st-workers": 2, "st-other": 0}),
        ({"st-workers-0": 100}, {"st-workers": 1, "st-other": 0}),
        ({}, {"st-workers": 1, "st-other": 0}),
    ],
    ids=["silent", "late", "on its way up"],
)
def test_a_host_that_hangs_is_none_though_aws_calls_it_healthy(
    stack: ScalingStack, account: Account, ages: dict[str, float], after: dict[str, int]
) -> None:
    account.groups["st-workers"], account.health = 1, {"st-workers": ["Healthy"]}
    account.ages.update(ages)
    for worker in ages:
        stack.beat(worker)
    assert woken(stack, account, BY_GROUPS).started == (after["st-workers"] == 2)
    assert account.groups == after


def test_one_that_works_beside_one_that_hangs_is_enough(stack: ScalingStack, account: Account) -> None:
    account.groups["st-workers"], account.health = 2, {"st-workers": ["Healthy", "Healthy"]}
    account.ages["st-workers-0"] = 1_000
    stack.beat("st-workers-0")
    stack.beat("st-workers-1")
    assert woken(stack, account, BY_GROUPS) == Wake()


def test_where_all_that_may_be_hang_it_says_what_to_do(stack: ScalingStack, account: Account) -> None:
    account.groups.update({"st-workers": 1, "st-other": 1})
    account.most = {"st-workers": 1, "st-other": 1}
    account.health = {"st-workers": ["Healthy"], "st-other": ["Unhealthy"]}
    account.ages["st-workers-0"] = 1_000
    stack.beat("st-workers-0")
    found = woken(stack, account, BY_GROUPS)
    assert (found.started, found.forbidden, found.full) == (False, False, True)
    assert "playbooks/stop.yml" in found.refused
    assert account.groups == {"st-workers": 1, "st-other": 1}


def test_a_plain_host_that_hangs_gets_one_beside_it(stack: ScalingStack, account: Account) -> None:
    assert woken(stack, account, ONE_BY_ONE).started
    account.ages["i-0"] = 1_000
    stack.beat("i-0")
    assert woken(stack, account, ONE_BY_ONE, after=90).started
    assert len(account.launched) == 2


def test_a_plain_host_that_was_started_again_is_on_its_way(stack: ScalingStack, account: Account) -> None:
    account.launch_time = datetime.now(UTC)
    assert woken(stack, account, ONE_BY_ONE).started
    account.ages["i-0"] = 1_000  # from before it was stopped
    stack.beat("i-0")
    assert woken(stack, account, ONE_BY_ONE, after=90) == Wake()


def test_no_more_plain_hosts_are_launched_than_there_may_be(stack: ScalingStack, account: Account) -> None:
    one = configuration(GROUP, most=1, mode=PLAIN)
    assert woken(stack, account, one).started
    account.ages["i-0"] = 1_000
    stack.beat("i-0")
    found = woken(stack, account, one, after=90)
    assert (found.started, found.full) == (False, True)
    assert len(account.launched) == 1


def test_a_first_group_that_is_not_there_is_passed_over(stack: ScalingStack, account: Account) -> None:
    del account.groups["st-workers"]
    assert woken(stack, account, BY_GROUPS).started
    assert account.groups == {"st-other": 1}


def test_a_first_group_that_may_have_none_is_passed_over(stack: ScalingStack, account: Account) -> None:
    account.most["st-workers"] = 0
    assert woken(stack, account, BY_GROUPS).started
    assert account.groups == {"st-workers": 0, "st-other": 1}


@pytest.mark.parametrize("mode", [{}, {"mode": PLAIN}], ids=["groups", "plain"])
def test_nothing_is_launched_that_a_full_lab_would_end(
    stack: ScalingStack, account: Account, mode: dict[str, str]
) -> None:
    in_a_lab = configuration(GROUP, lab_max_instances=9, **mode)
    account.others = 9
    found = woken(stack, account, in_a_lab)
    assert (found.started, found.full, found.forbidden) == (False, True, False)
    assert found.refused.startswith("9 instances run in the region, and the lab allows 9")
    assert (account.groups["st-workers"], account.launched) == (0, {})
    assert [line.event for line in stack.logged()] == ["refused"]
    account.others = 8
    assert woken(stack, account, in_a_lab).started


def test_who_may_not_count_a_labs_instances_wakes_all_the_same(stack: ScalingStack, account: Account) -> None:
    account.others, account.may_look = 9, False
    assert woken(stack, account, configuration(GROUP, lab_max_instances=9)).started


def test_an_instance_is_launched_in_its_groups_zone(stack: ScalingStack, account: Account) -> None:
    made = configuration(replace(GROUP, zone="us-east-1b"), mode=PLAIN)
    assert woken(stack, account, made).started
    assert [one["Placement"] for one in account.launched.values()] == [{"AvailabilityZone": "us-east-1b"}]


def test_two_who_wake_at_once_launch_one_instance(stack: ScalingStack, account: Account) -> None:
    account.sees_instances = False
    assert woken(stack, account, ONE_BY_ONE).started
    assert woken(stack, account, ONE_BY_ONE, "client-b", after=20).started
    assert [one["LaunchTemplate"] for one in account.launched.values()] == [
        {"LaunchTemplateName": "st-workers", "Version": "1"}
    ]
    account.sees_instances = True
    assert woken(stack, account, ONE_BY_ONE, after=90) == Wake()


@pytest.mark.parametrize("made", [BY_GROUPS, ONE_BY_ONE])
@pytest.mark.parametrize(
    ("code", "forbidden"), [("AccessDenied", True), ("UnauthorizedOperation", True), ("Throttling", False)]
)
def test_what_aws_refuses_is_said_and_stands_in_the_log(
    stack: ScalingStack, account: Account, made: ScalingConfiguration, code: str, forbidden: bool
) -> None:
    account.refuses = code
    refused = f"{code}: explicit deny"
    assert woken(stack, account, made) == Wake(refused=refused, forbidden=forbidden)
    assert [(line.event, line.why) for line in stack.logged()] == [("refused", refused)]


def test_a_stopped_stack_stays_stopped(stack: ScalingStack, account: Account) -> None:
    done = woken(stack, account, configuration(paused=True))
    assert "playbooks/start.yml" in done.refused
    assert "set it to 1" in woken(stack, account, configuration(most=0)).refused
    assert account.groups["st-workers"] == 0
