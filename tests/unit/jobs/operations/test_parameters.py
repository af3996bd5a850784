"""What the declarations of parameters take and refuse, and what the client makes of them."""

import json
from typing import Any

import click
import pytest
from click.testing import CliRunner
from jobfleet.cli.operation_options import given, merged, options
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import (
    TEXT_MAX_CHARACTERS,
    Choice,
    Decimal,
    Flag,
    Parameter,
    Text,
    Value,
    Whole,
)

WHOLE = Whole("sides", "Sides.", 3, minimum=1, maximum=9)
DECIMAL = Decimal("radius", "Radius.", 0.5, minimum=0, maximum=10)
CHOICE = Choice("fit", "Fit.", "fill", choices=("fill", "exact"))
TEXT = Text("colour", "Colour.", pattern="#[0-9a-f]{6}", what="a colour such as #ff8800")
FLAG = Flag("wide_open", "Open.")
ALL = Operation("try", "image", "Tries all kinds.", (WHOLE, DECIMAL, CHOICE, TEXT, FLAG))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (WHOLE, 1), (WHOLE, 9), (DECIMAL, 0), (DECIMAL, 10), (DECIMAL, 0.25), (CHOICE, "exact"),
        (TEXT, "#ff8800"), (FLAG, True), (FLAG, False),
    ],
)  # fmt: skip
def test_a_value_within_bounds_is_taken(parameter: Parameter, value: Value) -> None:
    assert parameter.check(value) == value
    assert parameter.read(value if isinstance(value, str) else json.dumps(value)) == value


def test_no_half_of_a_secret_is_in_what_is_said_of_a_value_or_a_name() -> None:
    canary = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"
    for parameters in ({"colour": "x" * 50 + " " + canary}, {"x" * 50 + " " + canary: 1}):
        with pytest.raises(BadJob, match=r"x <hidden>") as caught:
            ALL.check(parameters)
        assert canary[:20] not in caught.value.message


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (WHOLE, 0), (WHOLE, 10), (WHOLE, True), (WHOLE, 3.0), (WHOLE, "3"), (WHOLE, None), (WHOLE, [3]),
        (WHOLE, 10**400),
        (DECIMAL, -0.01), (DECIMAL, 10.01), (DECIMAL, float("nan")), (DECIMAL, float("inf")),
        (DECIMAL, True), (DECIMAL, "1"), (DECIMAL, 10**400), (CHOICE, "FILL"), (CHOICE, ""), (CHOICE, 1),
        (CHOICE, ["fill"]), (TEXT, "red"), (TEXT, "#ff8800\n"), (TEXT, 1), (TEXT, {}), (FLAG, 1),
        (FLAG, "true"), (FLAG, None),
    ],
)  # fmt: skip
def test_any_other_is_a_bad_job_that_names_the_parameter_and_what_to_give(
    parameter: Parameter, value: Any
) -> None:
    with pytest.raises(BadJob, match=f"parameter {parameter.name}=.*: give ") as caught:
        parameter.check(value)
    assert caught.value.code == "bad-parameter"
    assert len(caught.value.message) < 300


def test_a_text_that_would_not_fit_a_message_is_refused_before_it_is_looked_at() -> None:
    anything = Text("words", "Words.")
    assert anything.check("x" * TEXT_MAX_CHARACTERS)
    with pytest.raises(BadJob, match="at most"):
        anything.check("x" * (TEXT_MAX_CHARACTERS + 1))


@pytest.mark.parametrize(
    ("parameter", "text"),
    [(WHOLE, "three"), (WHOLE, "3.5"), (DECIMAL, "wide"), (DECIMAL, "nan"), (CHOICE, "x"), (FLAG, "maybe")],
)
def test_words_that_stand_for_no_value_are_refused(parameter: Parameter, text: str) -> None:
    with pytest.raises(BadJob, match=f"parameter {parameter.name}="):
        parameter.read(text)


def test_what_has_no_default_is_left_out_and_the_rest_filled_in() -> None:
    filled = {"sides": 3, "radius": 0.5, "fit": "fill", "wide_open": False}
    assert ALL.check({}) == ALL.check({"colour": None}) == filled
    assert ALL.check({"colour": "#000000"}) == {**filled, "colour": "#000000"}
    with pytest.raises(BadJob, match="sides=None"):
        ALL.check({"sides": None})


def test_what_must_be_given_is_asked_for() -> None:
    needs = Operation(
        "try", "image", "Tries.", (Whole("sides", "Sides.", required=True, minimum=1, maximum=9),)
    )
    with pytest.raises(BadJob, match="try needs sides: give 1 to 9"):
        needs.check({})
    either = Operation(
        "try", "image", "Tries.", (TEXT, Choice("b", "B.", choices=("x",))), one_of=("colour", "b")
    )
    assert either.check({"b": "x"}) == {"b": "x"}
    with pytest.raises(BadJob, match="try needs colour or b"):
        either.check({})


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_every_declared_default_and_example_is_within_its_own_bounds(operation: Operation) -> None:
    for parameter in operation.parameters:
        assert parameter.help.endswith(".")
        if parameter.default is not None:
            assert parameter.check(parameter.default) == parameter.default
        if parameter.required or parameter.name in operation.one_of:
            assert parameter.check(parameter.example) == parameter.example


def typed(declared: list[click.Option], *words: str) -> dict[str, Any]:
    """What the client would send; the exit code's cause if it would not."""
    command = click.Command(
        "try", params=list(declared), callback=lambda **all: click.echo(json.dumps(given(all)))
    )
    ran = CliRunner().invoke(command, words)
    found: dict[str, Any] = json.loads(ran.stdout) if ran.exit_code == 0 else {"refused": ran.output}
    return found


def test_each_kind_has_its_option_with_default_bounds_and_help() -> None:
    assert ALL.check(typed(options(ALL))) == ALL.check({})
    words = ("--sides", "9", "--radius", "1.5", "--fit", "exact", "--colour", "#0000ff", "--wide-open")
    everything = {"sides": 9, "radius": 1.5, "fit": "exact", "colour": "#0000ff", "wide_open": True}
    assert typed(options(ALL), *words) == typed(merged([ALL]), *words) == everything
    for wrong in (("--sides", "0"), ("--radius", "11"), ("--fit", "x")):
        assert wrong[0] in typed(options(ALL), *wrong)["refused"]
    assert "1<=x<=9" in typed(options(ALL), "--sides", "0")["refused"]


def test_an_option_that_must_be_given_is_asked_for() -> None:
    declared = options(OPERATIONS["rotate"])
    assert "Missing option '--degrees'" in typed(declared)["refused"]
    assert typed(declared, "--degrees", "-90") == {"degrees": -90}


def test_an_option_for_several_operations_leaves_bounds_that_differ_to_each() -> None:
    other = Operation("other", "image", "Another.", (Whole("sides", "Sides.", minimum=1, maximum=20),))
    assert typed(merged([ALL, other]), "--sides", "15") == {"sides": 15}
    assert typed(merged([ALL, other])) == {}
    with pytest.raises(BadJob, match="from 1 to 9"):
        ALL.check({"sides": 15})


def test_what_an_operation_gives_says_which_outputs_it_may_have() -> None:
    answer = Operation("tell", "image", "Tells.", gives="answer")
    image = Operation("make", "image", "Makes.")
    file = Operation("write", "image", "Writes.", gives="file", endings=(".txt", ".pdf"))

    assert answer.output_key("x.png") is None
    assert image.output_key("a/x.png") == "outputs/a/x.png"
    assert file.output_key(None) is None
    assert file.output_key("a/x.PDF") == "outputs/a/x.PDF"
    with pytest.raises(BadJob, match=r"make needs output\.key"):
        image.output_key(None)
    with pytest.raises(BadJob, match=r"'x.doc': write writes files that end in \.txt, \.pdf"):
        file.output_key("x.doc")
    with pytest.raises(BadJob, match="relative name"):
        file.output_key("../x.txt")
