"""Hooks, health, and what becomes of an instance that others stopped or ended."""

from typing import Any

import pytest

from localcloud.scaling_groups import members, waiting
from localcloud.scaling_groups.group import ABANDON, CONTINUE, LAUNCHING, TERMINATING, GroupError, Stage
from tests.unit.localcloud.scaling_groups.conftest import HERE, Cloud


def complete(cloud: Cloud, instance: str, result: str, hook: str = "hook") -> None:
    members.active_wait(cloud.group, hook, instance, None).result = result
    cloud.turn()


def test_a_launched_instance_waits_for_its_hook(cloud: Cloud) -> None:
    cloud.hook(LAUNCHING)
    cloud.run(1)
    waited = cloud.stages, cloud.told[0][0]
    complete(cloud, "i-1", CONTINUE)

    assert waited == ({"i-1": Stage.PENDING_WAIT}, "MidLifecycleAction")
    assert cloud.stages == {"i-1": Stage.IN_SERVICE}


@pytest.mark.parametrize("by_time", [True, False])
def test_an_abandoned_launch_is_ended_and_tried_again(cloud: Cloud, by_time: bool) -> None:
    cloud.hook(LAUNCHING, seconds=60)
    cloud.run(1)
    if by_time:
        cloud.later(60)
    else:
        complete(cloud, "i-1", ABANDON)
    failed = next(one for one in cloud.group.activities if one.status == "Failed")
    cloud.later(15)

    assert cloud.ec2.terminated == ["i-1"]
    assert failed.message.endswith(
        "Heartbeat Timeout" if by_time else "Lifecycle Action Completed with ABANDON Result"
    )
    assert list(cloud.stages) == ["i-2"]


def test_an_instance_that_goes_waits_for_its_hook_and_then_for_its_end(cloud: Cloud) -> None:
    cloud.hook(TERMINATING)
    cloud.ec2.ends_at_once = False
    cloud.run(1)
    cloud.want(0)
    waited, ended = cloud.stages, list(cloud.ec2.terminated)
    complete(cloud, "i-1", CONTINUE)
    proceeds = cloud.stages
    cloud.becomes("i-1", "terminated")

    assert waited == {"i-1": Stage.TERMINATING_WAIT}
    assert ended == []
    assert proceeds == {"i-1": Stage.TERMINATING_PROCEED}
    assert cloud.stages == {}
    assert cloud.told[0] == ("Successful", "Terminating EC2 instance: i-1")


def test_without_a_hook_it_is_ended_at_once(cloud: Cloud) -> None:
    cloud.ec2.ends_at_once = False
    cloud.run(1)
    cloud.want(0)

    assert cloud.stages == {"i-1": Stage.TERMINATING}
    assert cloud.ec2.terminated == ["i-1"]
    cloud.turn()
    assert cloud.ec2.terminated == ["i-1"], "EC2 is told once"


@pytest.mark.parametrize("default", [CONTINUE, ABANDON])
def test_a_hook_that_nobody_answers_is_over_in_time(cloud: Cloud, default: str) -> None:
    cloud.hook(TERMINATING, seconds=300, default_result=default)
    cloud.run(1)
    cloud.want(0)
    cloud.later(299)
    waits = cloud.stages
    cloud.later(1)

    assert waits == {"i-1": Stage.TERMINATING_WAIT}
    assert cloud.ec2.terminated == ["i-1"]


def test_a_heartbeat_extends_the_wait_up_to_a_hundred_times(cloud: Cloud) -> None:
    cloud.hook(TERMINATING, seconds=60)
    cloud.run(1)
    cloud.want(0)
    for _ in range(110):
        cloud.later(55)
        if cloud.ec2.terminated:
            break
        waiting.record_heartbeat(members.active_wait(cloud.group, "hook", "i-1", None), cloud.clock)

    assert cloud.clock.seconds == pytest.approx(5_000 + 6_000, abs=60)
    assert cloud.ec2.terminated == ["i-1"]


def test_no_wait_is_longer_than_two_days(cloud: Cloud) -> None:
    cloud.hook(TERMINATING, seconds=7200)

    assert cloud.group.hooks["hook"].most == 48 * 3600


def test_all_hooks_are_waited_for_and_an_abandoned_one_ends_the_rest(cloud: Cloud) -> None:
    for name in ("first", "second"):
        cloud.hook(TERMINATING, name=name)
    cloud.run(2)
    cloud.want(0)
    complete(cloud, "i-1", CONTINUE, "first")
    complete(cloud, "i-2", ABANDON, "first")

    assert cloud.stages == {"i-1": Stage.TERMINATING_WAIT}
    complete(cloud, "i-1", CONTINUE, "second")
    assert cloud.stages == {}


def test_an_action_is_completed_once_by_instance_or_token(cloud: Cloud) -> None:
    cloud.hook(TERMINATING)
    cloud.run(1)
    with pytest.raises(GroupError, match="No active Lifecycle Action found with instance ID i-1"):
        complete(cloud, "i-1", CONTINUE)
    cloud.want(0)
    token = cloud.member("i-1").waits[0].token
    members.active_wait(cloud.group, "hook", None, token).result = CONTINUE

    with pytest.raises(GroupError, match=f"No active Lifecycle Action found with token {token}"):
        members.active_wait(cloud.group, "hook", None, token)
    with pytest.raises(GroupError, match="No active Lifecycle Action found with instance ID i-1"):
        members.active_wait(cloud.group, "another", "i-1", None)


def test_who_waits_for_a_hook_that_is_deleted_is_let_go(cloud: Cloud) -> None:
    cloud.hook(TERMINATING)
    cloud.run(1)
    cloud.want(0)
    waiting.drop_hook(cloud.group, "hook")
    cloud.turn()

    assert cloud.stages == {}


@pytest.mark.parametrize("state", ["stopping", "stopped", "shutting-down", "terminated"])
def test_an_instance_that_does_not_run_any_more_is_replaced_through_the_hook(
    cloud: Cloud, state: str
) -> None:
    cloud.hook(TERMINATING)
    cloud.group.grace = 300
    cloud.run(1)
    cloud.becomes("i-1", state)

    assert cloud.stages == {"i-1": Stage.TERMINATING_WAIT, "i-2": Stage.PENDING}
    assert cloud.member("i-1").health == "Unhealthy"
    assert cloud.group.activities[0].cause.endswith(
        "in response to an unhealthy instance needing to be replaced."
    )
    assert (
        "an EC2 health check indicating it has been terminated or stopped" in cloud.group.activities[1].cause
    )


def test_an_instance_called_unhealthy_is_replaced_when_its_grace_is_over(cloud: Cloud) -> None:
    cloud.group.grace = 300
    cloud.run(1)
    cloud.later(100)
    members.set_health(cloud.engine, HERE, "i-1", "Unhealthy", respects_grace=True)
    assert cloud.turn() == 200
    kept = cloud.stages
    cloud.later(200)

    assert kept == {"i-1": Stage.IN_SERVICE}
    assert list(cloud.stages) == ["i-2"]


def test_grace_can_be_left_out(cloud: Cloud) -> None:
    cloud.group.grace = 300
    cloud.run(1)
    members.set_health(cloud.engine, HERE, "i-1", "Unhealthy", respects_grace=False)
    cloud.turn()

    assert list(cloud.stages) == ["i-2"]


@pytest.mark.parametrize("process", ["ReplaceUnhealthy", "Terminate"])
def test_an_unhealthy_instance_is_marked_but_kept_while_that_is_suspended(cloud: Cloud, process: str) -> None:
    cloud.run(1)
    cloud.group.suspended = {process: "by a test"}
    cloud.becomes("i-1", "stopped")
    marked = cloud.stages, cloud.member("i-1").health
    cloud.becomes("i-1", "running")
    cloud.group.suspended = {}
    cloud.turn()

    assert marked == ({"i-1": Stage.IN_SERVICE}, "Unhealthy")
    assert list(cloud.stages) == ["i-2"], "its health never comes back by itself"


def test_nobody_is_marked_while_health_checks_are_suspended(cloud: Cloud) -> None:
    cloud.run(1)
    cloud.group.suspended = {"HealthCheck": "by a test"}
    cloud.becomes("i-1", "stopped")

    assert (cloud.stages, cloud.member("i-1").health) == ({"i-1": Stage.IN_SERVICE}, "Healthy")


def test_without_launch_the_unhealthy_go_and_are_replaced_when_it_resumes(cloud: Cloud) -> None:
    cloud.run(1)
    cloud.group.suspended = {"Launch": "by a test"}
    cloud.becomes("i-1", "stopped")
    gone = cloud.stages
    cloud.group.suspended = {}
    cloud.turn()

    assert gone == {}
    assert list(cloud.stages) == ["i-2"]
    assert cloud.group.activities[0].cause.endswith("needing to be replaced.")


@pytest.mark.parametrize(
    ("act", "target"),
    [
        (lambda cloud: None, "InService"),
        (lambda cloud: cloud.want(0), "Terminated"),
        (lambda cloud: cloud.becomes("i-1", "stopped"), "Terminated"),
    ],
)
def test_an_instance_can_ask_where_it_is_going(cloud: Cloud, act: Any, target: str) -> None:
    cloud.hook(TERMINATING)
    cloud.want(1)
    assert cloud.member("i-1").target == "InService"
    cloud.boot()
    act(cloud)

    assert cloud.member("i-1").target == target
