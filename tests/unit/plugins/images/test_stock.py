"""Which of a stack's images is taken, and which ones may go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.plugins.actions import action

action("in_process")  # from then on plugins/module_utils can be imported from

from ansible.module_utils.images.builder import LIFE, at_work, maker  # noqa: E402
from ansible.module_utils.images.stock import (  # noqa: E402
    StackImage,
    offers_to_forget,
    outdated,
    the_wanted_one,
)


def image(number: int, *, content: str = "c", base: str = "ami-base", state: str = "available") -> StackImage:
    """Return an image that is the newer, the higher its number."""
    return StackImage(f"ami-{number}", f"n{number}", f"2026-01-0{number}", state, "h", content, base, ())


def ids(images: list[StackImage]) -> list[str]:
    return [one.id for one in images]


def test_the_newest_of_the_content_is_taken_on_whatever_it_stands() -> None:
    images = [image(4, content="other"), image(3, base="ami-old"), image(2)]

    assert the_wanted_one(images, "c", "") == images[1]
    assert the_wanted_one(images, "c", "ami-base") == images[2]
    assert the_wanted_one(images, "c", "ami-newest") is None
    assert the_wanted_one(images, "another", "") is None


@pytest.mark.parametrize("state", ["pending", "failed", "deregistered"])
def test_one_that_cannot_be_launched_is_not_taken(state: str) -> None:
    assert the_wanted_one([image(1, state=state)], "c", "") is None


def test_the_two_newest_stay_and_those_in_use() -> None:
    images = [image(number) for number in (5, 4, 3, 2, 1)]

    assert ids(outdated(images, [])) == ["ami-3", "ami-2", "ami-1"]
    assert ids(outdated(images, ["ami-2"])) == ["ami-3", "ami-1"]
    assert outdated(images[:2], []) == []


def test_a_broken_one_is_none_of_the_two_and_goes_and_one_that_is_made_stays() -> None:
    images = [image(5, state="pending"), image(4, state="failed"), image(3), image(2), image(1)]

    assert ids(outdated(images, [])) == ["ami-4", "ami-1"]


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def builder(mark: str, age: timedelta) -> dict[str, Any]:
    return {"LaunchTime": NOW - age, "Tags": [{"Key": "jobfleet:builder", "Value": mark}]}


def test_a_builder_of_this_machine_is_a_killed_run_s_and_one_of_another_machine_is_at_work() -> None:
    mine, young, old = maker("/a"), timedelta(minutes=2), LIFE + timedelta(minutes=1)

    assert maker("/a") != maker("/b")
    assert not at_work(builder(mine, young), mine, NOW)
    assert at_work(builder("theirs", young), mine, NOW)
    assert not at_work(builder("theirs", old), mine, NOW)


def test_offers_go_with_their_image_and_those_that_never_had_one_a_day_later() -> None:
    now = datetime(2026, 1, 9, tzinfo=UTC)
    ages = {"kept": 90, "both": 90, "gone": 0, "left": 2, "begun": 0}
    listed = [{"Key": key, "LastModified": now - timedelta(days=days)} for key, days in ages.items()]

    # The hash of one that goes may be that of one that stays.
    assert offers_to_forget(listed, {"gone", "both"}, {"kept", "both"}, now) == ["gone", "left"]
