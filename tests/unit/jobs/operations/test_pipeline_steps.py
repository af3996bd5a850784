"""Several operations as one parameter: what is taken, and what is said of the rest."""

from typing import Any

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.image_formats import fitting_name
from jobfleet_jobs.operations.pipeline_steps import STEPS_MAX, PipelineSteps

PIPELINE = OPERATIONS["pipeline"]
STEPS = PIPELINE.parameters[0]
assert isinstance(STEPS, PipelineSteps)


def step(operation: str, **parameters: Any) -> dict[str, Any]:
    return {"operation": operation, "parameters": parameters}


def test_steps_have_their_own_operations_defaults() -> None:
    given = [{"operation": "threshold"}, step("resize", width=800)]
    assert PIPELINE.check({"steps": given})["steps"] == [
        step("threshold", level=125, low=0, high=254),
        step("resize", width=800, fit="fit", enlarge=False),
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("greyscale", [step("greyscale")]),
        ("resize width=800|greyscale", [step("resize", width=800), step("greyscale")]),
        ("  resize  width=800 enlarge | strip ", [step("resize", width=800, enlarge=True), step("strip")]),
        ("resize --width=800 enlarge=false", [step("resize", width=800, enlarge=False)]),
        ("rotate degrees=-1.5 background=#ff8800", [step("rotate", degrees=-1.5, background="#ff8800")]),
        ("rotate degrees='90' background=\"white\"", [step("rotate", degrees=90.0, background="white")]),
    ],
)
def test_what_is_typed_is_read_as_it_is_meant(typed: str, meant: Any) -> None:
    assert STEPS.parse(typed) == meant
    assert STEPS.read(typed) == STEPS.check(meant)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "an operation between"),
        ("greyscale | ", "an operation between"),
        ("greyscale || strip", "an operation between"),
        ("grey", "step 1: 'grey' cannot be a step; there are greyscale, threshold"),
        ("greyscale | pipeline steps=x", "step 2: 'pipeline' cannot be a step"),
        ("strip | histogram", "step 2: 'histogram' cannot be a step"),
        ("resize width=0", r"step 1 \(resize\): parameter width=0: give a whole number from 1 to"),
        ("resize width=wide", r"step 1 \(resize\): parameter width='wide'"),
        ("strip | resize wide=8", r"step 2 \(resize\): resize has no parameter 'wide'; it takes enlarge"),
        ("resize width", r"step 1 \(resize\): give width a value, as width="),
        ("resize", r"step 1 \(resize\): resize needs width or height"),
        ("rotate", r"step 1 \(rotate\): rotate needs degrees"),
        ("rotate degrees='90", "quotes that end"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_step(typed: str, words: str) -> None:
    with pytest.raises(BadJob, match=words):
        STEPS.read(typed)


@pytest.mark.parametrize(
    "steps",
    [
        None, [], "greyscale", {"operation": "strip"}, ["strip"], [{"parameters": {}}], [{"operation": 1}],
        [{"operation": "strip", "parameters": []}], [{"operation": "strip", "width": 8}],
        [step("strip")] * (STEPS_MAX + 1), [step("resize", width=True)],
    ],
)  # fmt: skip
def test_what_is_no_list_of_steps_is_a_bad_job(steps: Any) -> None:
    with pytest.raises(BadJob, match=r"steps|step 1"):
        PIPELINE.check({"steps": steps})


def test_as_many_steps_as_may_be_are_taken() -> None:
    given = [step("strip")] * STEPS_MAX
    assert PIPELINE.check({"steps": given})["steps"] == given


def test_the_last_format_of_the_steps_gives_the_ending() -> None:
    steps = STEPS.read("convert format=png | convert format=webp | convert quality=80")
    assert fitting_name("photo.jpg", {"steps": steps}) == "photo.webp"
    assert fitting_name("photo.jpg", {"steps": STEPS.read("strip")}) == "photo.jpg"
