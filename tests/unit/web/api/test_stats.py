"""Statistics of numbers, in each form that they may come in."""

from collections.abc import Callable

import pytest
from jobfleet_web.model import InMemory

from tests.web_bench import Site

Make = Callable[..., Site]
STATS = "/api/v1/stats"


@pytest.mark.parametrize("kind", ["text/plain", "text/csv", "text/plain; charset=utf-8"])
def test_text_goes_as_it_is(site: Make, kind: str) -> None:
    made = site()
    answer = made.post(f"{STATS}?more=true", content=b"1 2\n3", headers={"Content-Type": kind})
    assert answer.status_code == 200
    (upload,) = made.work.uploads
    assert (upload.operation.name, upload.body, upload.name) == ("stats", InMemory(b"1 2\n3"), "numbers.txt")
    assert upload.parameters == {"more": True}


@pytest.mark.parametrize(
    ("body", "text", "parameters"),
    [
        ("[1, 2.50, -3e400, 1234567890123456789012.01]", "1 2.50 -3e400 1234567890123456789012.01", {}),
        ('{"numbers": [1], "more": true, "quantiles": 4}', "1", {"more": True, "quantiles": 4}),
        ("[]", "", {}),
    ],
)  # fmt: skip
def test_json_loses_no_digit(site: Make, body: str, text: str, parameters: dict[str, object]) -> None:
    made = site()
    answer = made.post(STATS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert made.work.uploads[0].body == InMemory(text.encode())
    assert made.work.uploads[0].parameters == parameters


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('["1"]', "1"), ("[true]", "True"), ("[null]", "None"), ("[[1]]", "['1']"), ("[NaN]", None),
        ("{", None),
        ("[" * 100_000, None),
        ('{"more": true}', None), ("7", None), ('"x"', None), ("\xff", None), ("", None),
        ('{"numbers": [1], "quantiles": 4.5}', "4.5"), ('{"numbers": [1], "quantils": 4}', "quantils"),
        ('{"numbers": [1], "more": 1}', "1"), ('{"numbers": [1], "quantiles": 1e999}', "inf"),
        ('{"numbers": [1], "columns": "\\ud800"}', "?"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_numbers_is_refused_with_the_place(
    site: Make, body: str, value: str | None
) -> None:
    made = site()
    answer = made.post(STATS, content=body.encode("latin-1"), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json().get("value") == value
    assert answer.json()["mend"]
    assert made.work.uploads == []


def test_a_form_brings_a_file_or_what_was_typed(site: Make) -> None:
    made = site()
    made.post(STATS, files={"f": ("n.csv", b"a\n1")}, data={"columns": "a"})
    made.post(STATS, files={"numbers": (None, b"1 2")})
    assert [(one.name, one.parameters) for one in made.work.uploads] == [
        ("n.csv", {"columns": "a"}), ("numbers.txt", {}),
    ]  # fmt: skip


def test_more_json_than_is_read_is_told_to_come_as_text(site: Make) -> None:
    made = site(max_input_bytes=64 * 1024 * 1024)
    body = b"[" + b"1," * 600_000 + b"1]"
    answer = made.post(STATS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "text/plain" in answer.json()["mend"]
    assert made.post(STATS, content=body, headers={"Content-Type": "text/plain"}).status_code == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "image/png", ""])
def test_any_other_type_is_refused_with_those_there_are(site: Make, kind: str) -> None:
    answer = site().post(STATS, content=b"1 2", headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "text/plain" in answer.json()["mend"]


def test_another_operation_cannot_be_asked_for_here(site: Make) -> None:
    answer = site().post(f"{STATS}?operation=greyscale", files={"f": ("n", b"1")})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:jobfleet:problem:given-twice")
