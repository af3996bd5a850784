"""The page of how the fleet scales, as the server draws it: whole without JavaScript."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from jobfleet.stack.scaling.view import ScalingView
from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import ScalingState
from jobfleet_web.api.openapi import document
from jobfleet_web.pages.scaling_picture import area, line, picture_of, rows_of
from jobfleet_web.problems import Problem

from tests.web_bench import ScriptedWork, Site

Make = Callable[..., Site]
HOSTILE = "<script>alert(1)</script>&"


def busy() -> ScalingView:
    """Return a fleet that grew from nothing in the last half hour."""
    now = datetime.now(UTC)
    lines = [
        ScalingLine(
            now - timedelta(seconds=10 * number), "i-1", "decided", HOSTILE, visible=1_200 - number,
            in_flight=4, wanted=3, running=2, booting=1, leaving=0, most=6,
        )
        for number in range(180, 0, -1)
    ]  # fmt: skip
    configuration = ScalingConfiguration(0, 6, [HostGroup("workers", "t", "1", "g")])
    return ScalingView(now, configuration, ScalingState(wanted=3).held_by("i-1", now), 2, lines)


def resolved(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}


def test_the_state_both_pictures_and_the_decisions_are_there_and_nothing_is_read_as_html(site: Make) -> None:
    page = site(ScriptedWork(scales=busy())).get("/scaling").text

    assert "2 running, 3 wanted, 1 starting" in page
    assert re.search(
        r'Jobs waiting and in work over the last 3 hours, at most <span id="most-jobs">1203<', page
    )
    assert re.search(r'<path class="line" id="wanted" d="M7\d0 0H', page)
    assert re.search(r"<th scope=\"row\">\d\d:\d\d</th><td>1,203</td><td>3</td><td>2</td>", page)
    assert "<td>-</td><td>-</td><td>-</td>" in page
    assert len(re.findall("&lt;script&gt;", page)) == 20
    assert HOSTILE not in page


def test_a_fleet_that_does_not_scale_says_how_it_would(site: Make) -> None:
    page = site().get("/scaling").text
    assert "The fleet does not scale. Set <code>scaling</code> in the inventory" in page
    assert "<svg" not in page


def test_with_aws_away_the_page_says_so(site: Make) -> None:
    away = Problem(503, "aws-unreachable", "AWS is out of reach", mend="wait a moment")
    answer = site(ScriptedWork(refusal=away)).get("/scaling")
    assert answer.status_code == 503
    assert "AWS is out of reach wait a moment" in answer.text


@pytest.mark.parametrize("view", [busy(), ScalingView(datetime.now(UTC))], ids=["busy", "off"])
def test_programs_are_told_what_the_description_promises(site: Make, view: ScalingView) -> None:
    answer = site(ScriptedWork(scales=view)).get("/api/v1/scaling")
    assert answer.headers["cache-control"] == "no-store"
    jsonschema.validate(answer.json(), resolved("Scaling"))
    assert len(answer.json()["history"]) == 90


def test_a_line_breaks_where_nothing_is_known_and_an_area_is_empty_there() -> None:
    values = [None, 1, 2, None, 4]
    assert line(values, 4) == "M10 75H20V50H30M40 0H50"
    assert area(values, 4) == "M0 100V100H10V75H20V50H30V100H40V0H50V100Z"


def test_an_empty_history_is_an_empty_picture() -> None:
    history = [{"at": "2026-01-31T12:00:00+00:00", "backlog": None, "wanted": None, "running": None}] * 7
    picture = picture_of(history)
    assert (picture.width, picture.wanted, picture.most_jobs, picture.most_hosts) == (70, "", 1, 1)
    assert [row["backlog"] for row in rows_of(history)] == ["-", "-"]
