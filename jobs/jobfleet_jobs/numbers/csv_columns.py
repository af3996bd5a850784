"""Columns of numbers in CSV text, found by the names in its first row.

Quoting is that of RFC 4180. Commas, semicolons or tabs part the cells: whichever makes the first row
hold the names that are asked for.
"""

import csv
import io
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, TextIO

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.text_reader import NoNumber, Number, bad_numbers, read_number

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}

# As spreadsheets write decimals where semicolons or tabs part cells.
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")

# A row of more, all its lines together, is none: a quotation mark without an end would take in all the rest.
ROW_MAX_CHARACTERS = 4 * 1024 * 1024

# As many rows are read before their numbers are passed on.
_ROWS_AT_A_TIME = 1000

# Called with a column's name and some of its numbers, which are not the caller's for longer.
Take = Callable[[str, Sequence[Number]], None]

# Gives a text from its start, as often as it is called.
Opened = Callable[[], AbstractContextManager[TextIO]]


@dataclass(frozen=True)
class Columns:
    """The numbers of each column that was asked for, and sentences on how they were read."""

    numbers: dict[str, list[Number]]
    notes: tuple[str, ...]


def column_names(typed: str) -> list[str]:
    """Return the names in a parameter that has them as a row of CSV: `height,"weight, kg"`.

    Raises `BadJob`.
    """
    try:
        names = [name.strip() for name in next(csv.reader([typed], strict=True), [])]
    except csv.Error as problem:
        raise BadJob("bad-parameter", f"parameter columns={shown(typed)}: {problem}") from problem
    if not all(names) or len(set(names)) < len(names) or not names:
        raise BadJob(
            "bad-parameter",
            f"parameter columns={shown(typed)}: give different names, parted by commas; a name with a comma "
            "stands in quotation marks",
        )
    return names


def typed_columns(names: Sequence[str]) -> str:
    """Return the parameter that `column_names` reads as `names`."""
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(names)
    return row.getvalue()


def read_columns(text: str, names: Sequence[str]) -> Columns:
    """Read the columns called `names` of a text; see `take_columns`."""
    numbers: dict[str, list[Number]] = {name: [] for name in names}
    notes = take_columns(
        lambda: io.StringIO(text.removeprefix("\ufeff"), newline=""),
        names,
        lambda name, some: numbers[name].extend(some),
    )
    return Columns(numbers, notes)


def file_columns(file: BinaryIO, names: Sequence[str], take: Take) -> tuple[str, ...]:
    """Take the columns called `names` of a file of UTF-8; see `take_columns`."""

    @contextmanager
    def opened() -> Iterator[TextIO]:
        file.seek(0)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            yield text
        finally:
            text.detach()  # or it would close the file

    return take_columns(opened, names, take)


def take_columns(opened: Opened, names: Sequence[str], take: Take) -> tuple[str, ...]:
    """Read the columns called `names` and call `take` with some numbers of one at a time; return the notes.

    Empty cells are left out, with a note. Where no commas part the cells, a comma inside a number is a
    decimal comma, with a note. Raises `BadJob` that names columns and lines.
    """
    delimiter, header = _header(opened, names)
    return _Reader(names, header, delimiter, take).read(opened)


def _rows(opened: Opened, delimiter: str) -> Generator[tuple[int, list[str]], None, None]:
    """Yield the rows that are not blank, each with the line on which it begins."""
    with opened() as text:
        lines = _Lines(text)
        rows, line = csv.reader(lines, delimiter=delimiter, strict=True), 1
        try:
            for row in rows:
                lines.of_row = 0
                if any(cell.strip() for cell in row):
                    yield line, row
                line = rows.line_num + 1
        except csv.Error as problem:
            raise BadJob("bad-csv", f"line {line}: this row is no CSV: {problem}") from problem


class _Lines:
    """The lines of a text; a row may have many, but no more characters than fit into memory at ease."""

    def __init__(self, text: TextIO) -> None:
        self._text, self.of_row = text, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(ROW_MAX_CHARACTERS + 1)
        self.of_row += len(line)
        if self.of_row > ROW_MAX_CHARACTERS:
            raise csv.Error(f"it has more than {ROW_MAX_CHARACTERS:,} characters")
        if not line:
            raise StopIteration
        return line


def _header(opened: Opened, names: Sequence[str]) -> tuple[str, list[str]]:
    found: list[tuple[int, int, str, list[str]]] = []
    broken: BadJob | None = None
    for delimiter in _DELIMITERS:
        try:
            with closing(_rows(opened, delimiter)) as rows:
                _, row = next(rows, (0, []))
        except BadJob as problem:
            broken = problem
            continue
        cells = [cell.strip() for cell in row]
        found.append((len(set(names) & set(cells)), len(cells), delimiter, cells))
    if not found:
        raise broken or BadJob("bad-csv", "there is no first row with the names of columns")
    _, _, delimiter, header = max(found, key=lambda one: one[:2])
    missing = [name for name in names if name not in header]
    if missing:
        there = ", ".join(repr(cell[:40]) for cell in header[:20]) or "none"
        raise BadJob(
            "no-column", f"there is no column {missing[0]!r:.80}; in the first row there are {there}"
        )
    twice = [name for name in names if header.count(name) > 1]
    if twice:
        raise BadJob(
            "no-column", f"there are {header.count(twice[0])} columns {twice[0]!r:.80}; rename all but one"
        )
    return delimiter, header


class _Reader:
    """Reads one table, and counts what it left out and took in its own way."""

    def __init__(self, names: Sequence[str], header: Sequence[str], delimiter: str, take: Take) -> None:
        self._places = {name: header.index(name) for name in names}
        self._width, self._delimiter, self._take = len(header), delimiter, take
        self._numbers: dict[str, list[Number]] = {name: [] for name in names}
        self._bare = dict.fromkeys(names)
        self._empty = dict.fromkeys(names, 0)
        self._commas = dict.fromkeys(names, 0)

    def read(self, opened: Opened) -> tuple[str, ...]:
        """Read the rows behind the first; return the notes. Raises `BadJob`."""
        with closing(_rows(opened, self._delimiter)) as rows:
            next(rows)
            problems = self._problems(rows)
            first = next(problems, None)
            if first is not None:
                raise bad_numbers(chain([first], problems))
        for name in self._bare:
            raise BadJob("no-numbers", f"there are no numbers in column {name!r:.80}; give at least one")
        return tuple(self._notes())

    def _problems(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[str]:
        for count, (line, row) in enumerate(rows, 1):
            yield from self._read_row(line, row)
            if count % _ROWS_AT_A_TIME == 0:
                self._pass_on()
        self._pass_on()

    def _pass_on(self) -> None:
        for name, numbers in self._numbers.items():
            if numbers:
                self._bare.pop(name, None)
                self._take(name, numbers)
                numbers.clear()

    def _read_row(self, line: int, row: Sequence[str]) -> Iterator[str]:
        if len(row) < self._width or any(cell.strip() for cell in row[self._width :]):
            yield f"line {line}: {len(row)} cells, where the first row has {self._width}"
            return
        for name, place in self._places.items():
            cell = row[place].strip()
            if not cell:
                self._empty[name] += 1
                continue
            try:
                self._numbers[name].append(self._number(name, cell))
            except NoNumber as problem:
                yield f"line {line}, column {name!r:.80}: {problem}"

    def _number(self, name: str, cell: str) -> Number:
        if self._delimiter != "," and _DECIMAL_COMMA.fullmatch(cell):
            number = read_number(cell.replace(",", "."))
            self._commas[name] += 1
            return number
        return read_number(cell)

    def _notes(self) -> Iterator[str]:
        for name, count in self._empty.items():
            if count:
                yield f"column {name!r:.80}: {count:,} empty cell{'s' if count > 1 else ''} left out"
        for name, count in self._commas.items():
            if count:
                yield (
                    f"column {name!r:.80}: commas in {count:,} number{'s' if count > 1 else ''} were read as "
                    f"decimal commas, as {_DELIMITERS[self._delimiter]} part the cells"
                )
