"""How a stack scales, put in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jobfleet.stack.scaling.view import ScalingView, why_none_is_alive
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import Cordon, ScalingState

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ON = ScalingConfiguration(0, 6, [HostGroup("workers", "t", "1", "g")])


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def led(**told: Any) -> ScalingState:
    return ScalingState(**told).held_by("i-leader", ago(5))


def line(event: str, seconds: float, why: str = "", **numbers: Any) -> ScalingLine:
    return ScalingLine(ago(seconds), "i-leader", event, why, **numbers)


@pytest.mark.parametrize(
    ("view", "phase", "words"),
    [
        (ScalingView(NOW), "off", "off"),
        (ScalingView(NOW, ON), "asleep", "asleep, wakes when a job comes"),
        (
            ScalingView(NOW, replace(ON, paused=True), alive=1),
            "paused",
            "paused, as the stack is stopped: start it with `ansible-playbook playbooks/start.yml`",
        ),
        (
            ScalingView(NOW, ON, lines=[line("woke", 30)]),
            "starting",
            "0 running, 1 wanted, 1 starting",
        ),
        (ScalingView(NOW, ON, led(wanted=3), alive=1), "running", "1 running, 3 wanted, 2 starting"),
        (
            ScalingView(NOW, ON, led(wanted=1, cordoned={"i-2": Cordon(ago(9))}), alive=2),
            "running",
            "2 running, 1 wanted, 1 leaving",
        ),
        (
            ScalingView(NOW, ON, led(wanted=4), 1, [line("decided", 20, booting=2)]),
            "running",
            "1 running, 4 wanted, 2 starting",
        ),
    ],
)
def test_the_state_is_told_in_a_few_words(view: ScalingView, phase: str, words: str) -> None:
    assert (view.phase, view.words) == (phase, words)
    assert view.to_json()["words"] == words


def test_a_lease_that_is_over_leaves_nobody_who_decides_and_nothing_wanted() -> None:
    ahead = ScalingView(NOW, ON, ScalingState(wanted=4).held_by("i-leader", ago(120)), alive=4)
    assert (ahead.leader, ahead.warnings) == ("i-leader", [])
    over = ScalingView(NOW, ON, ScalingState(wanted=4).held_by("i-leader", ago(600)))
    assert (over.leader, over.wanted, over.phase) == ("", 0, "asleep")


def test_a_wake_that_nothing_came_of_counts_no_more() -> None:
    assert ScalingView(NOW, ON, lines=[line("woke", 300)]).phase == "asleep"


def test_the_cap_is_what_the_account_leaves() -> None:
    view = ScalingView(NOW, ON, led(), 1, [line("decided", 10, most=2)])
    assert view.cap == (2, "the account's limits leave 2 of the 6 that `scaling` allows")
    assert ScalingView(NOW, ON).cap == (6, "`scaling` in the inventory")


def test_a_refusal_is_told_until_a_host_comes_all_the_same() -> None:
    refused = line("refused", 60, "InsufficientInstanceCapacity: none left")
    view = ScalingView(NOW, ON, lines=[refused, line("decided", 20)])
    [warning] = view.warnings
    assert warning.startswith(
        "AWS refused to start a host 1 min ago: InsufficientInstanceCapacity: none left"
    )
    assert "AWS refused to start one 1 min ago: InsufficientInstanceCapacity" in why_none_is_alive(view)
    assert ScalingView(NOW, ON, lines=[refused, line("launched", 20)]).warnings == []


def test_workers_without_a_scaler_are_warned_of() -> None:
    [warning] = ScalingView(NOW, ON, alive=1).warnings
    assert "no scaler decides" in warning


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (ScalingView(NOW, replace(ON, paused=True)), "start it with `ansible-playbook playbooks/start.yml`"),
        (ScalingView(NOW, ON, lines=[line("woke", 30)]), "1 is starting"),
        (ScalingView(NOW, ON), "the fleet is asleep, and wakes when a job comes"),
    ],
)
def test_why_no_worker_is_there_is_a_sentence(view: ScalingView, words: str) -> None:
    assert words in why_none_is_alive(view)
