"""Every path reads every case alike: in memory and from files, in every encoding, wherever pieces are cut."""

import io
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers import csv_columns
from jobfleet_jobs.numbers.csv_columns import file_columns, read_columns
from jobfleet_jobs.numbers.encoding import text_of
from jobfleet_jobs.numbers.file_reader import NumbersFile, check_text
from jobfleet_jobs.numbers.text_reader import read_text
from jobfleet_jobs.numbers.words import Number

from tests.number_cases import TABLES, TEXTS, Case

Read = tuple[list[Number], list[str]]

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]
# Without a byte order mark they are known by the empty bytes beside ASCII.
MARKLESS = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
PIECES = [1, 2, 3, 7, 1024 * 1024]


class SmallReads(io.BytesIO):
    """A file that gives at most so many bytes at a time, as a slow disk or network may."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._size if size is None or size < 0 else min(size, self._size))

    read1 = read


def text_in_memory(data: bytes) -> Read:
    return read_text(text_of(data))


def text_in_file(size: int, data: bytes) -> Read:
    numbers = NumbersFile(SmallReads(data, size), size)
    return [number for some in numbers for number in some], numbers.notes


def table_in_memory(data: bytes) -> Read:
    read = read_columns(text_of(data), ["x"])
    return read.numbers["x"], list(read.notes)


def table_in_file(size: int, data: bytes) -> Read:
    numbers: list[Number] = []
    file: BinaryIO = SmallReads(data, size)
    check_text(file, size)
    notes = file_columns(file, ["x"], lambda name, some: numbers.extend(some))
    return numbers, list(notes)


def outcome(read: Callable[[bytes], Read], data: bytes) -> tuple[list[str] | None, list[str]]:
    """What comes out; of numbers also their kind."""
    try:
        numbers, notes = read(data)
    except BadJob as problem:
        return None, [problem.message]
    return [repr(number) for number in numbers], notes


def check(case: Case, memory: Callable[[bytes], Read], file: Callable[[int, bytes], Read]) -> None:
    numbers, said = outcome(memory, case.text.encode())
    assert numbers == (None if case.numbers is None else [repr(number) for number in case.numbers])
    assert [words for words in case.said if words not in "\n".join(said)] == []
    assert numbers is None or case.said or said == []
    for encoding in ENCODINGS + MARKLESS * (case.text.isascii() and "\0" not in case.text):
        data = case.text.removeprefix("\ufeff").encode(encoding)
        assert outcome(memory, data) == (numbers, said), encoding
        for size in PIECES:
            assert outcome(partial(file, size), data) == (numbers, said), (encoding, size)


def name(case: Case) -> str:
    return repr(case.text)[:40]


@pytest.mark.parametrize("case", TEXTS, ids=name)
def test_a_text_is_read_alike_on_every_path(case: Case) -> None:
    check(case, text_in_memory, text_in_file)


@pytest.mark.parametrize("case", TABLES, ids=name)
def test_a_table_is_read_alike_on_every_path(case: Case) -> None:
    check(case, table_in_memory, table_in_file)


def test_a_word_is_kept_whatever_cannot_be_seen_around_and_within_it() -> None:
    unseen, digits = "\u200b", "1" * 4_000
    for text in (
        f"1 {unseen * 270_000}5{unseen * 300_000}\n7",
        f"{unseen * 270_000}5{unseen * 300_000},7",
        f"1 5{unseen * 300_000}6\n7",
        f"1 {unseen * 300_000}5{unseen * 70_000}6{unseen * 300_000}\n7",
        f"1 5{unseen * 65_000}6{unseen * 300_000}\n7",
        f"1\u00a0234{unseen * 300_000},{unseen * 300_000}5\n7",
        f"1\r\n{unseen * 300_000}5,x{unseen * 300_000}y\r\n7",
        f"1 {unseen * 300_000}0.{digits * 16}{unseen * 300_000},{unseen * 300_000}0.{digits * 16}\n7",
        f"1,{digits * 80}\n7",
        "1," * 200_000 + f"x{unseen * 300_000},8",
        f"{unseen * 600_000}",
    ):
        data = text.encode()
        for size in (65_536, 300_000, 1024 * 1024):
            assert outcome(partial(text_in_file, size), data) == outcome(text_in_memory, data), (
                text[:9],
                size,
            )

    assert outcome(partial(text_in_file, 65_536), f"1 {unseen * 270_000}5\n7".encode()) == (
        ["1", "5", "7"],
        [],
    )


@pytest.mark.parametrize("typed", ["cafe\u0301 m", "caf\u00e9  m ", "caf\u00e9\u00a0m", "\u200bcaf\u00e9 m"])
@pytest.mark.parametrize(
    "written", ["caf\u00e9 m", "cafe\u0301 m", " caf\u00e9\u00a0m", '"caf\u00e9 m\u200b"']
)
def test_names_are_found_in_whichever_form_they_are_written(typed: str, written: str) -> None:
    assert read_columns(f"y,{written}\n1,2\n", [typed]).numbers == {typed: [2]}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_what_groups_digits_is_seen_wherever_pieces_end(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_columns, "PIECE_BYTES", size)
    for text in ("x;y\n1.234,50;2\n1.234;3\n", 'x,y\n"1,234.50",2\n"1,234",3\n'):
        assert read_columns(text, ["x"]).numbers == {"x": [1234.5, 1234]}
