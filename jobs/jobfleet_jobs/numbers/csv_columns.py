"""Columns of numbers in CSV text, found by the names in its first row.

Quoting is that of RFC 4180. Commas, semicolons, tabs or bars part the cells: whichever makes the first row
hold the names that are asked for; else spaces, if these do.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, TextIO

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.column_cells import DOUBTLESS, ColumnCells, groups_with
from jobfleet_jobs.numbers.csv_table import (
    CELL_BLANKS,
    CsvRow,
    Opened,
    Table,
    find_table,
    folded,
    is_comment,
    rows_of,
)
from jobfleet_jobs.numbers.encoding import PIECE_BYTES, encoding_of_file
from jobfleet_jobs.numbers.text_reader import bad_numbers
from jobfleet_jobs.numbers.words import NoNumber, Number

# As many rows are read before their numbers are passed on.
_ROWS_AT_A_TIME = 1000

# Called with a column's name and some of its numbers, which are not the caller's for longer.
Take = Callable[[str, Sequence[Number]], None]


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
    if not all(names) or len(set(map(folded, names))) < len(names) or not names:
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
    """Take the columns called `names` of a file; see `take_columns`."""

    @contextmanager
    def opened() -> Iterator[TextIO]:
        encoding = encoding_of_file(file).replace("utf-8", "utf-8-sig")
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            yield text
        finally:
            text.detach()  # or it would close the file

    return take_columns(opened, names, take)


def take_columns(opened: Opened, names: Sequence[str], take: Take) -> tuple[str, ...]:
    """Read the columns called `names` and call `take` with some numbers of one at a time; return the notes.

    Empty cells and words for "no value" are left out, with a note. Where no commas part the cells, a comma
    inside a number is a decimal comma, with a note. Raises `BadJob` that names columns and lines.
    """
    table = find_table(opened, names)
    return _Reader(table, names, _groups(opened, table, names), take).read(opened)


def _groups(opened: Opened, table: Table, names: Sequence[str]) -> dict[str, str]:
    """Return how digits are grouped in each column, from the first cell that leaves no doubt."""
    groups = dict.fromkeys(names, "")
    with opened() as text:
        if not _may_be_grouped(text, table.delimiter):
            return groups
    places = {name: table.place(name) for name in names}
    with closing(rows_of(opened, table.delimiter)) as rows:
        for row in islice(rows, table.skipped, None):
            for name, place in places.items():
                if not groups[name] and place < len(row.cells) and "," in row.cells[place]:
                    groups[name] = groups_with(row.cells[place])
            if all(groups.values()):
                break
    return groups


def _may_be_grouped(text: TextIO, delimiter: str) -> bool:
    """Tell whether numbers may have both commas and points; where commas part cells, in quotation marks."""
    quoted, grouped, end = delimiter != ",", False, ""
    while piece := text.read(PIECE_BYTES):
        quoted = quoted or '"' in piece
        grouped = grouped or any(form.search(end + piece) for form in DOUBTLESS)
        if quoted and grouped:
            return True
        end = (end + piece)[-8:]
    return False


class _Reader:
    """Reads one table, and counts what it left out."""

    def __init__(self, table: Table, names: Sequence[str], groups: dict[str, str], take: Take) -> None:
        self._table, self._take = table, take
        self._places = {name: table.place(name) for name in names}
        self._cells = {name: ColumnCells(table.delimiter, groups[name]) for name in names}
        self._bare = dict.fromkeys(names)
        self._comments: list[int] = []
        self._is_list = table.most == 1 and table.delimiter == ","

    def read(self, opened: Opened) -> tuple[str, ...]:
        """Read the rows behind that of the names; return the notes. Raises `BadJob`."""
        with closing(rows_of(opened, self._table.delimiter)) as rows:
            problems = self._problems(islice(rows, self._table.skipped, None))
            first = next(problems, None)
            if first is not None:
                raise bad_numbers(chain([first], problems))
        for name in self._bare:
            raise BadJob("no-numbers", f"there are no numbers in column {shown(name)}; give at least one")
        return tuple(self._notes())

    def _problems(self, rows: Iterator[CsvRow]) -> Iterator[str]:
        while some := list(islice(rows, _ROWS_AT_A_TIME)):
            if not self._read_quickly(some):
                yield from self._read(some)
        for name, cells in self._cells.items():
            for problem in cells.problems():
                yield f"column {shown(name)}: {problem}"

    def _read_quickly(self, rows: Sequence[CsvRow]) -> bool:
        """Read rows that are as long as the first, and hold nothing but plain numbers in the columns."""
        if any(len(row.cells) != self._table.most for row in rows):
            return False
        lines = [row.line for row in rows]
        columns = {}
        for name, place in self._places.items():
            numbers = self._cells[name].read_all(lines, [row.cells[place] for row in rows])
            if numbers is None:
                return False
            columns[name] = numbers
        self._pass_on(columns)
        return True

    def _read(self, rows: Sequence[CsvRow]) -> Iterator[str]:
        columns: dict[str, list[Number]] = {name: [] for name in self._places}
        for row in rows:
            yield from self._read_row(row, columns)
        self._pass_on(columns)

    def _pass_on(self, columns: dict[str, list[Number]]) -> None:
        for name, numbers in columns.items():
            if numbers:
                self._bare.pop(name, None)
                self._take(name, numbers)

    def _read_row(self, row: CsvRow, columns: dict[str, list[Number]]) -> Iterator[str]:
        line, cells = row.line, row.cells
        fewest, most = self._table.fewest, self._table.most
        fits = fewest <= len(cells) and not any(cell.strip(CELL_BLANKS) for cell in cells[most:])
        if (not fits or most == 1) and is_comment(cells[0]):
            self._comments.append(line)
            return
        if not fits:
            mend = "; write decimals with a point, as commas part the cells" if self._is_list else ""
            found = f"{len(cells)} cell{'s' if len(cells) > 1 else ''}"
            yield f"line {line}: {found}, where the first row has {len(self._table.header)}{mend}"
            return
        for name, place in self._places.items():
            try:
                number = self._cells[name].read(line, cells[place])
            except NoNumber as problem:
                yield f"line {line}, column {shown(name)}: {problem}"
            else:
                if number is not None:
                    columns[name].append(number)

    def _notes(self) -> Iterator[str]:
        if self._table.shift:
            yield "the first row has one cell less than the others, so these begin with names of their own"
        if self._comments:
            count = len(self._comments)
            lines = f"{count:,} lines that begin" if count > 1 else "1 line that begins"
            yield f"{lines} with '#' left out, the first of them line {self._comments[0]}"
        for name, cells in self._cells.items():
            for note in cells.notes():
                yield f"column {shown(name)}: {note}"
