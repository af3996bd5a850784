"""Lines of the log read back as they were written; what is no line takes none with it."""

import json

import pytest
from jobfleet_scaling.documents.scaling_line import EVENTS, ScalingLine, read_lines, write_lines

from tests.places import REPOSITORY
from tests.scaling_fleet import NOW

LINE = ScalingLine(NOW, "i-1", "decided", "2 for what comes", visible=4, need=1.5, wanted=2)


def test_they_read_back_as_they_were_written() -> None:
    assert list(read_lines(write_lines([LINE, ScalingLine(NOW, "i-2", "alive", host="i-2")]))) == [
        LINE,
        ScalingLine(NOW, "i-2", "alive", host="i-2"),
    ]


@pytest.mark.parametrize(
    "damaged", ["no JSON", "[]", "[" * 100_000, "\x00", json.dumps({"event": "decided"}), '{"at": 3}']
)
def test_what_is_no_line_is_passed_over(damaged: str) -> None:
    assert list(read_lines(damaged.encode() + b"\n" + write_lines([LINE]))) == [LINE]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1" + "0" * 400, '"7"', "null"])
def test_a_number_that_is_none_is_left_out(number: str) -> None:
    told = LINE.to_json().replace('"visible": 4', f'"visible": {number}').replace("1.5", number)
    [line] = read_lines(told.encode())
    assert (line.visible, line.need, line.wanted) == (None, None, 2)


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_explained(event: str) -> None:
    assert f"`{event}`" in (REPOSITORY / "docs/scaling.md").read_text().partition("### The log")[2]
