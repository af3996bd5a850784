"""Notices of spot instances. The instances are stubs: real ones need hosts (see aws/localcloud/hosts)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from localcloud.ec2 import spot
from localcloud.ec2.instances import SpotNotice
from localcloud.errors import LocalcloudError
from localcloud.gaps import timing


@dataclass
class Instance:
    id: str = "i-1"
    lifecycle: str | None = "spot"
    state: str = "running"
    spot_behavior: str = "terminate"
    spot_notice: SpotNotice | None = None
    interrupted: list[str] = field(default_factory=list)

    def interrupt(self, action: str) -> None:
        self.interrupted.append(action)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, Callable[[], None]]]:
    """What is to be done later, and in how many seconds."""
    due: list[tuple[float, Callable[[], None]]] = []
    monkeypatch.setattr(spot, "_later", lambda seconds, do: due.append((seconds, do)))
    return due


def give(instance: Any, instance_id: str = "i-1") -> dict[str, Any]:
    return spot.give_notice([instance], instance_id)


@pytest.mark.parametrize(
    ("behavior", "action"), [("terminate", "terminate"), ("stop", "stop"), ("hibernate", "stop")]
)
def test_an_instance_is_told_two_minutes_before_it_goes(
    later: list[tuple[float, Callable[[], None]]], behavior: str, action: str
) -> None:
    instance: Any = Instance(spot_behavior=behavior)
    assert spot.metadata_of(instance) == {}

    told = give(instance)

    found = spot.metadata_of(instance)
    assert json.loads(found["spot/instance-action"]) == told == {"action": action, "time": told["time"]}
    assert ("spot/termination-time" in found) == (action == "terminate")
    assert json.loads(found["events/recommendations/rebalance"])["noticeTime"] < told["time"]
    ((seconds, interrupt),) = later
    assert (seconds, instance.interrupted) == (120, [])
    interrupt()
    assert instance.interrupted == [action]


def test_the_two_minutes_pass_as_fast_as_aws_s_clock(
    later: list[tuple[float, Callable[[], None]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "_scale", 60.0)

    give(Instance())

    assert later[0][0] == 2


def test_an_instance_with_another_life_is_not_interrupted(
    later: list[tuple[float, Callable[[], None]]],
) -> None:
    instance = Instance()
    give(instance)
    instance.spot_notice = None  # it was stopped, and started again

    later[0][1]()

    assert instance.interrupted == []


@pytest.mark.parametrize(
    ("instance", "said"),
    [
        (Instance(id="i-2"), "there is no instance i-1"),
        (Instance(lifecycle=None), "is no spot instance: launch it with InstanceMarketOptions"),
        (Instance(state="stopped"), "i-1 is stopped: only what runs"),
    ],
)
def test_what_cannot_be_interrupted_gets_no_notice(instance: Instance, said: str) -> None:
    with pytest.raises(LocalcloudError, match=said):
        give(instance)

    assert instance.spot_notice is None


def test_a_notice_is_given_once(later: list[tuple[float, Callable[[], None]]]) -> None:
    instance = Instance()
    give(instance)

    with pytest.raises(LocalcloudError, match="has its notice already"):
        give(instance)
    assert len(later) == 1
