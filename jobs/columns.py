"""Columns of numbers in CSV text, found by the names in its first row.

Quoting is that of RFC 4180. Commas, semicolons or tabs part the cells: whichever makes the first row
hold the names that are asked for.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from jobs.errors import BadJob
from jobs.numbers import NoNumber, Number, bad_numbers, read_number

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}

# As spreadsheets write decimals where semicolons or tabs part cells.
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")


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
        raise BadJob("bad-parameter", f"parameter columns={typed!r:.80}: {problem}") from problem
    if not all(names) or len(set(names)) < len(names) or not names:
        raise BadJob(
            "bad-parameter",
            f"parameter columns={typed!r:.80}: give different names, parted by commas; a name with a comma "
            "stands in quotation marks",
        )
    return names


def typed_columns(names: Sequence[str]) -> str:
    """Return the parameter that `column_names` reads as `names`."""
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(names)
    return row.getvalue()


def read_columns(text: str, names: Sequence[str]) -> Columns:
    """Read the columns called `names`. Empty cells are left out, with a note.

    Where no commas part the cells, a comma inside a number is a decimal comma, with a note. Raises
    `BadJob` that names columns and lines.
    """
    text = text.removeprefix("\ufeff")
    delimiter, header = _header(text, names)
    return _Reader(names, header, delimiter).read(text)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line on which it begins."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield line, row
            line = rows.line_num + 1
    except csv.Error as problem:
        raise BadJob("bad-csv", f"line {line}: this row is no CSV: {problem}") from problem


def _header(text: str, names: Sequence[str]) -> tuple[str, list[str]]:
    found: list[tuple[int, int, str, list[str]]] = []
    broken: BadJob | None = None
    for delimiter in _DELIMITERS:
        try:
            _, row = next(_rows(text, delimiter), (0, []))
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

    def __init__(self, names: Sequence[str], header: Sequence[str], delimiter: str) -> None:
        self._places = {name: header.index(name) for name in names}
        self._width, self._delimiter = len(header), delimiter
        self._numbers: dict[str, list[Number]] = {name: [] for name in names}
        self._empty = dict.fromkeys(names, 0)
        self._commas = dict.fromkeys(names, 0)

    def read(self, text: str) -> Columns:
        """Read the rows behind the first. Raises `BadJob`."""
        rows = _rows(text, self._delimiter)
        next(rows)
        problems = (problem for line, row in rows for problem in self._take(line, row))
        first = next(problems, None)
        if first is not None:
            raise bad_numbers(chain([first], problems))
        bare = [name for name, numbers in self._numbers.items() if not numbers]
        if bare:
            raise BadJob("no-numbers", f"there are no numbers in column {bare[0]!r:.80}; give at least one")
        return Columns(self._numbers, tuple(self._notes()))

    def _take(self, line: int, row: Sequence[str]) -> Iterator[str]:
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
