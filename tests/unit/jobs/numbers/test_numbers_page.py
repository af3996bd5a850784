"""docs/numbers.md says what is done: each of its examples is read, and comes out as it says."""

import re

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.column_cells import NO_VALUE
from jobfleet_jobs.numbers.csv_columns import read_columns
from jobfleet_jobs.numbers.text_reader import read_text

from tests.places import REPOSITORY

PAGE = (REPOSITORY / "docs/numbers.md").read_text()


def examples(section: str) -> list[tuple[str, str]]:
    """The first two cells of each row of a section's table."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [(found[1], found[2]) for found in re.finditer(r"^\| `(.+?)` \| (.+?) \|", text, re.MULTILINE)]


def written(example: str) -> str:
    text = re.sub(r"<U\+([0-9A-F]{4})>", lambda found: chr(int(found[1], 16)), example)
    return text.replace("⏎", "\n")


def said(numbers: list[int | float], notes: list[str]) -> str:
    return " ".join(map(str, numbers)) + (", with a note" if notes else "")


@pytest.mark.parametrize(("example", "expected"), examples("Texts"))
def test_texts_are_read_as_the_page_says(example: str, expected: str) -> None:
    try:
        found = said(*read_text(written(example)))
    except BadJob:
        found = "refused"
    assert found == expected


@pytest.mark.parametrize(("example", "expected"), examples("Tables"))
def test_tables_are_read_as_the_page_says(example: str, expected: str) -> None:
    try:
        read = read_columns(written(example), ["x"])
        found = said(read.numbers["x"], list(read.notes))
    except BadJob:
        found = "refused"
    assert found == expected


def test_the_page_has_examples_of_everything() -> None:
    assert len(examples("Texts")) > 25
    assert len(examples("Tables")) > 20
    assert (
        set(PAGE.partition('words for "no value" are left out: ')[2].partition(" |")[0].split(", "))
        == NO_VALUE
    )
