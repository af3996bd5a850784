"""The agent has its worker drain when the host is to leave, and work again when it stays after all.

The metadata service, the group and root's helper are played here: no host is needed.
"""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import Cordon, ScalingState
from jobfleet_scaling.leaving.agent import SPOT_ACTION, TARGET_STATE, Agent
from jobfleet_scaling.leaving.hook import HEARTBEAT_SECONDS, DrainHook
from jobfleet_scaling.leaving.worker_switch import WorkerSwitch

from tests.scaling_fleet import NOW, TurnedClock

ME = "i-me"
STAYS, LEAVES = ScalingState(), ScalingState(cordoned={ME: Cordon(NOW, "surplus")})
TERMINATED = {TARGET_STATE: "Terminated"}


class Group:
    """Auto Scaling, which waits for the host."""

    def __init__(self, state: str = "Terminating:Wait") -> None:
        self.state, self.calls = state, []  # type: str, list[str]
        self.refuses = 0

    def describe_auto_scaling_instances(self, **_: Any) -> dict[str, Any]:
        told = {"AutoScalingGroupName": "st-workers", "LifecycleState": self.state}
        return {"AutoScalingInstances": [told] if self.state else []}

    def record_lifecycle_action_heartbeat(self, **_: Any) -> None:
        self.calls.append("heartbeat")

    def complete_lifecycle_action(self, **given: Any) -> None:
        if self.refuses:
            self.refuses -= 1
            raise ClientError({"Error": {"Code": "Throttling", "Message": "later"}}, "Complete")
        self.calls.append(given["LifecycleActionResult"])


class Site:
    """A host with its folders, as root's helper and the agent share them."""

    def __init__(self, folder: Path, **metadata: str) -> None:
        self.orders, self.answers = folder / "orders", folder / "answers"
        for one in (self.orders, self.answers):
            one.mkdir()
        self.metadata = metadata
        self.group, self.clock = Group(), TurnedClock()
        self.told: list[ScalingLine] = []
        self.agent = self.new_agent()

    def new_agent(self) -> Agent:
        service: Any = self
        hook = DrainHook(lambda: self.group, ME, self.clock.monotonic)
        return Agent(ME, service, WorkerSwitch(self.orders, self.answers), hook, self.told.append)

    def read(self, path: str) -> str | None:
        return self.metadata.get(path)

    def help(self) -> str:
        """Take the order as root's helper does, and return it; empty where there is none."""
        order = self.orders / "order"
        if not order.exists():
            return ""
        what = order.read_text()
        order.unlink()
        if what == "drain":
            (self.answers / "worker").write_text("drained\n")
        else:
            (self.answers / "worker").unlink(missing_ok=True)
        return what

    def turn(self, state: ScalingState | None = STAYS) -> None:
        self.agent.look()
        self.agent.turn(state, NOW)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_host_that_stays_is_left_alone(site: Site) -> None:
    site.turn()
    site.turn(None)
    assert (site.help(), site.told, site.group.calls) == ("", [], [])


def test_a_cordoned_host_drains_once_and_says_so(site: Site) -> None:
    site.turn(LEAVES)
    assert site.help() == "drain"
    for _ in range(3):
        site.turn(LEAVES)
    assert site.help() == ""
    assert [(one.event, one.host, one.why) for one in site.told] == [("drained", ME, "cordoned: surplus")]


def test_it_is_not_called_drained_before_the_worker_has_stopped(site: Site) -> None:
    (site.answers / "worker").write_text("drained")  # by an earlier order
    site.turn(LEAVES)
    site.turn(LEAVES)
    assert site.told == []


def test_the_worker_works_again_when_the_host_stays_after_all(site: Site) -> None:
    site.turn(LEAVES)
    site.help()
    site.turn(STAYS)
    assert site.help() == "work"
    site.turn(STAYS)
    assert site.help() == ""


def test_a_scaler_that_started_anew_takes_back_what_the_one_before_ordered(site: Site) -> None:
    site.turn(LEAVES)
    site.help()
    site.agent = site.new_agent()
    site.turn(STAYS)
    assert site.help() == "work"


def test_a_worker_that_drained_rests_while_the_state_cannot_be_read(site: Site) -> None:
    site.turn(LEAVES)
    site.help()
    site.turn(None)
    assert site.help() == ""
    site.agent = site.new_agent()
    site.turn(None)
    assert site.help() == ""
    site.turn(STAYS)
    assert site.help() == "work"


@pytest.mark.parametrize(
    ("path", "says"), [(TARGET_STATE, "Terminated"), (SPOT_ACTION, '{"action": "terminate"}')]
)
def test_it_drains_when_aws_is_about_to_take_the_host(site: Site, path: str, says: str) -> None:
    site.metadata[path] = says
    site.turn()
    assert site.help() == "drain"


@pytest.mark.parametrize(
    ("path", "says"), [(TARGET_STATE, "Terminated"), (SPOT_ACTION, '{"action": "terminate"}')]
)
def test_it_drains_on_when_the_metadata_service_falls_silent(site: Site, path: str, says: str) -> None:
    site.metadata[path] = says
    site.turn()
    site.help()
    site.metadata.clear()
    site.turn()
    assert site.help() == ""


@pytest.mark.parametrize("says", ["InService", "", "<html>"])
def test_other_words_of_the_metadata_service_mean_nothing(site: Site, says: str) -> None:
    site.metadata |= {TARGET_STATE: says, SPOT_ACTION: says}
    site.turn()
    assert site.help() == ""


def test_the_group_waits_while_the_worker_drains_and_goes_on_then(site: Site) -> None:
    site.metadata |= TERMINATED
    for _ in range(3):
        site.turn()
    assert site.group.calls == ["heartbeat"]
    site.clock.seconds += HEARTBEAT_SECONDS
    site.turn()
    assert site.group.calls == ["heartbeat"] * 2
    site.help()
    for _ in range(3):
        site.turn()
    assert site.group.calls == ["heartbeat", "heartbeat", "CONTINUE"]


def test_the_group_is_not_let_go_on_in_a_turn_in_which_the_host_may_have_led(site: Site) -> None:
    site.metadata |= TERMINATED
    site.turn()
    site.agent.look()
    assert not site.agent.is_going
    site.help()  # the worker stops while the host leads
    site.agent.turn(STAYS, NOW)
    assert "CONTINUE" not in site.group.calls
    site.turn()
    assert (site.agent.is_going, site.group.calls[-1]) == (True, "CONTINUE")


def test_a_host_that_is_only_cordoned_is_not_going(site: Site) -> None:
    site.turn(LEAVES)
    site.help()
    site.turn(LEAVES)
    assert not site.agent.is_going


def test_an_answer_that_aws_did_not_take_is_given_again(site: Site) -> None:
    site.metadata |= TERMINATED
    site.group.refuses = 1
    site.turn()
    site.help()
    site.turn()
    assert "CONTINUE" not in site.group.calls
    site.turn()
    assert site.group.calls[-1] == "CONTINUE"


@pytest.mark.parametrize("state", ["", "Terminating", "Terminating:Proceed"])
def test_a_group_that_does_not_wait_is_not_answered(site: Site, state: str) -> None:
    site.metadata |= TERMINATED
    site.group.state = state
    site.turn()
    site.help()
    site.turn()
    assert site.group.calls == []


def test_an_order_that_cannot_be_written_is_said_once_and_tried_again(site: Site) -> None:
    site.orders.rmdir()
    site.turn(LEAVES)
    site.turn(LEAVES)
    assert [one.event for one in site.told] == ["refused"]
    site.orders.mkdir()
    site.turn(LEAVES)
    assert site.help() == "drain"
