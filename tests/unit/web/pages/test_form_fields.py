"""Each declaration becomes a form whose defaults are taken as they stand."""

import pytest
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Text
from jobfleet_web.pages.form_fields import chosen, fields_of, offerings
from jobfleet_web.uploads.parameters import read_parameters

OWN = Operation(
    "word-count", "file", "Counts words.", (Text("first_word", "Where to begin."),), gives="answer"
)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_a_form_that_is_sent_as_it_stands_is_read(operation: Operation) -> None:
    texts = {field.parameter.name: field.value for field in fields_of(operation) if field.value}

    read = read_parameters(operation, texts)

    assert read == {one.name: one.default for one in operation.parameters if one.default is not None}


def test_fields_say_what_may_be_given() -> None:
    (degrees, background) = fields_of(OPERATIONS["rotate"])
    assert (degrees.kind, degrees.minimum, degrees.maximum) == ("decimal", "-360", "360")
    assert background.hint == "white, black, transparent or a colour such as #ff8800"
    (steps,) = fields_of(OPERATIONS["pipeline"])
    assert (steps.kind, steps.label) == ("text", "Steps")
    assert [field.kind for field in fields_of(OPERATIONS["resize"])] == ["whole", "whole", "choice", "flag"]


def test_packages_own_come_last_and_what_is_not_offered_cannot_be_chosen() -> None:
    offered = {name: one for name, one in OPERATIONS.items() if name != "classify"} | {"word-count": OWN}

    among = offerings(offered)

    assert among[-1].operation == OWN
    assert [one.operation.name for one in among if not one.offered] == ["classify"]
    assert chosen(among, "word-count") == OWN
    assert chosen(among, "classify").name == "greyscale"


def test_where_nobody_can_say_what_is_offered_all_may_be_tried() -> None:
    among = offerings(None)

    assert [one.operation.name for one in among if one.offered] == list(OPERATIONS)


def test_where_next_to_nothing_is_offered_that_is_chosen() -> None:
    assert chosen(offerings({"word-count": OWN}), "").name == "word-count"
