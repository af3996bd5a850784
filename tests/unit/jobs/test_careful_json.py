"""JSON that anyone may have written: how deep it is, and of what types its fields are."""

import json

import pytest
from jobfleet_jobs.careful_json import NESTED_MAX, NUMBER_MAX, Fields, WrongField, parse


def deep(depth: int, kind: str = "[]") -> str:
    """Return JSON that is nested so deep."""
    return "[" * depth + "]" * depth if kind == "[]" else '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize("kind", ["[]", "{}"])
@pytest.mark.parametrize("depth", [1, NESTED_MAX - 1, NESTED_MAX])
def test_what_is_nested_as_deep_as_may_be_is_read(depth: int, kind: str) -> None:
    text = deep(depth, kind)

    assert parse(text) == parse(text.encode()) == json.loads(text)


@pytest.mark.parametrize("kind", ["[]", "{}"])
@pytest.mark.parametrize("depth", [NESTED_MAX + 1, *range(900, 1_010, 5), 100_000])
def test_what_is_nested_deeper_is_refused_and_no_depth_breaks_the_reader(depth: int, kind: str) -> None:
    with pytest.raises(ValueError, match=f"nested more than {NESTED_MAX} deep"):
        parse(deep(depth, kind))


def test_many_things_side_by_side_are_not_deep() -> None:
    assert len(parse("[" + "[[]]," * 5_000 + "{}]")) == 5_001


@pytest.mark.parametrize("wrong", [None, 5, True, "1", [], 1.5])
def test_a_field_of_another_type_is_named(wrong: object) -> None:
    told = Fields({"name": wrong})
    for read, fits in (
        (told.text, "1"),
        (told.whole, 5),
        (told.objects, [None, []]),
        (told.mapping, [None]),
        (told.numbers, [None]),
    ):
        if wrong in (fits if isinstance(fits, list) else [fits]) and not isinstance(wrong, bool):
            read("name")
            continue
        with pytest.raises(WrongField, match="'name'"):
            read("name")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), NUMBER_MAX * 2, -NUMBER_MAX * 2, True, "1"])
def test_among_numbers_there_is_none_that_cannot_be_computed_with(number: object) -> None:
    with pytest.raises(WrongField, match="'timings'"):
        Fields({"timings": {"input": number}}).numbers("timings")


def test_what_is_no_object_has_no_fields() -> None:
    with pytest.raises(WrongField, match="'output'"):
        Fields(["output"], "output")
