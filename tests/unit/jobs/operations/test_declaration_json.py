"""Declarations travel as JSON, and what cannot be is refused with a sentence."""

import json
from typing import Any

import pytest
from jobfleet_jobs import Choice, Decimal, File, Flag, Text, Whole, operation
from jobfleet_jobs.operations.declaration_json import BadDeclaration, check_declaration, from_json, to_json
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Parameter

PARAMETERS: tuple[Parameter, ...] = (
    Whole("top", "How many.", 10, minimum=0, maximum=100),
    Decimal("share", "How much.", required=True, shown=0.5, minimum=0, maximum=1),
    Choice("unit", "In what.", "word", choices=("word", "line")),
    Text("start", "Beginning with what.", pattern="[a-z]+", what="small letters"),
    Flag("loud", "In capitals."),
)
FULL = Operation(
    "word-report", "file", "A report on words.", PARAMETERS, "file", (".csv", ".tar.gz"), None,
    ("start", "top"), ("a.txt -o a.csv",),
)  # fmt: skip


def test_a_declaration_survives_json() -> None:
    assert from_json(json.loads(json.dumps(to_json(FULL)))) == FULL


def test_what_a_newer_version_says_besides_is_passed_over() -> None:
    said = to_json(FULL)
    said["colour"] = "blue"
    said["parameters"][0]["weight"] = 3
    assert from_json(said) == FULL


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Word"}, "small letters and digits"),
        ({"name": "x" * 51}, "up to 50"),
        ({"name": 7}, "small letters"),
        ({"name": "resize"}, "jobfleet's own"),
        ({"takes": "sound"}, "takes is one of"),
        ({"gives": "image"}, "only what takes an image"),
        ({"gives": "answer"}, "endings"),
        ({"endings": ["csv"]}, "looks like .csv"),
        ({"endings": ".csv"}, "are lists"),
        ({"summary": ""}, "summary"),
        ({"summary": "two\nlines"}, "printable"),
        ({"one_of": ["bottom"]}, "one_of names"),
        ({"one_of": [{}]}, "one_of names"),
        ({"examples": [3]}, "examples are texts"),
        ({"parameters": {}}, "parameters are a list"),
        ({"parameters": [3]}, "a parameter is an object"),
        ({"parameters": [{"kind": "moon"}]}, "'moon' are unknown to this version"),
        ({"parameters": [{"kind": "flag"}]}, "lacks a field"),
    ],
)
def test_a_bad_declaration_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadDeclaration, match=words):
        from_json({**to_json(FULL), **change})


@pytest.mark.parametrize("found", [None, 3, [], {}, {"name": "a"}])
def test_what_is_no_declaration_is_refused_in_words(found: Any) -> None:
    with pytest.raises(BadDeclaration):
        from_json(found)


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Whole("class", "It.", minimum=0, maximum=1), "no word of Python's"),
        (Whole("Top", "It.", minimum=0, maximum=1), "small letters"),
        (Whole("top", "", minimum=0, maximum=1), "give help"),
        (Whole("top", "It.", minimum=2, maximum=1), "lesser first"),
        (Whole("top", "It.", 3, minimum=0, maximum=1), "default cannot be"),
        (Whole("top", "It.", 1, required=True, minimum=0, maximum=1), "has no default"),
        (Choice("unit", "It."), "give choices"),
        (Text("start", "It.", pattern="("), "no regular expression"),
        (Text("start", "It.", pattern="a{99999999999999999999}"), "no regular expression"),
        (Text("start", "It.", pattern="(?=a)a"), "looking around"),
        (Text("start", "It.", pattern=["a"]), "its pattern is a text"),  # type: ignore[arg-type]
        (Decimal("share", "It.", minimum=0, maximum=float("inf")), "finite"),
        (Choice("unit", "It.", choices=tuple(f"{n:090}" for n in range(100))), "8,192 are the most"),
    ],
)
def test_a_bad_parameter_is_refused_in_words(parameter: Parameter, words: str) -> None:
    with pytest.raises(BadDeclaration, match=words):
        check_declaration(Operation("it", "file", "It.", (parameter,), "answer"))


def test_two_parameters_of_one_name_are_refused() -> None:
    with pytest.raises(BadDeclaration, match="same name"):
        check_declaration(Operation("it", "file", "It.", (PARAMETERS[0], PARAMETERS[0]), "answer"))


def test_the_function_stays_one_that_can_be_called() -> None:
    @operation("shout", takes="file", summary="Louder.", parameters=[Flag("twice", "Twice.")])
    def shout(data: bytes, *, twice: bool) -> dict[str, str]:
        return {"said": data.decode().upper() * (1 + twice)}

    assert shout(b"a", twice=True) == {"said": "AA"}
    assert shout.declaration.name == "shout"


def test_a_function_that_does_not_take_what_is_declared_is_refused() -> None:
    with pytest.raises(BadDeclaration, match="cannot be called with the input and start"):

        @operation("it", takes="file", summary="It.", parameters=[PARAMETERS[3]])
        def takes_nothing(data: bytes) -> dict[str, str]:
            return {}

    # What may be left out needs a default in the function.
    with pytest.raises(BadDeclaration, match="no parameter: missing a required"):

        @operation("it", takes="file", summary="It.", parameters=[PARAMETERS[3]])
        def insists(data: bytes, *, start: str) -> dict[str, str]:
            return {}


def test_a_files_type_must_be_one() -> None:
    assert File(b"", content_type="text/plain; charset=utf-8").result == {}
    with pytest.raises(ValueError, match="text/csv"):
        File(b"", content_type="text\r\nX-Evil: 1")
