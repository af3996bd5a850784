"""A table in CSV text: what parts its cells, which row names its columns, and its rows."""

import csv
import re
import unicodedata
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TextIO

from jobfleet_jobs.credentials.redaction import cut, shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.near_words import nearest
from jobfleet_jobs.numbers.characters import SEPARATORS, UNSEEN
from jobfleet_jobs.numbers.words import NoNumber, read_number

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}

# The first line of a file for Excel may say what parts the cells: `sep=;`, also as a row with empty cells.
_SEP = re.compile(r'"?sep=(\\t|[^"\r\n])"?[,;\t ]*\s*', re.IGNORECASE)

_ERROR = re.compile(r"#[A-Z][A-Z/0-9]*[!?]?")

# A row of more, all its lines together, is none: a quotation mark without an end would take in all the rest.
ROW_MAX_CHARACTERS = 4 * 1024 * 1024

# So many rows at the start are looked at for the names.
_FIRST_ROWS = 20

# Around a cell these do not count.
CELL_BLANKS = f"{SEPARATORS.replace(';', '')}{UNSEEN}"

# Gives a text from its start, as often as it is called.
Opened = Callable[[], AbstractContextManager[TextIO]]


class CsvRow(NamedTuple):
    """A row that is not blank: on which line it begins, its cells, and whether with a quotation mark."""

    line: int
    cells: list[str]
    quoted: bool


@dataclass(frozen=True)
class Table:
    """How a table is laid out: `skipped` rows end with the names, `shift` cells stand before the first."""

    delimiter: str
    header: list[str]
    skipped: int
    shift: int

    @property
    def fewest(self) -> int:
        """How many cells a row must have: behind the last name there may be none."""
        named = [place for place, name in enumerate(self.header, 1) if name]
        return self.shift + max(named, default=0)

    @property
    def most(self) -> int:
        """How many cells a row may have that are not empty."""
        return self.shift + len(self.header)

    def place(self, name: str) -> int:
        """Return where in a row the cell of a column stands."""
        return self.shift + self.header.index(folded(name))


def folded(name: str) -> str:
    """Return a column's name as it is compared: in one normal form, with plain spaces and none around."""
    return " ".join(unicodedata.normalize("NFC", name).translate(_INVISIBLE).split())


# Spaces among them stay, and are all the same to `str.split`.
_INVISIBLE = dict.fromkeys(ord(one) for one in UNSEEN if not one.isspace())


def is_comment(cell: str) -> bool:
    """Tell whether a cell begins a comment; errors of spreadsheets (`#N/A`, `#DIV/0!`) begin like one."""
    return cell.lstrip().startswith("#") and not _ERROR.fullmatch(cell.strip(CELL_BLANKS))


def rows_of(opened: Opened, delimiter: str) -> Generator[CsvRow, None, None]:
    """Yield the rows that are not blank. Raises `BadJob`."""
    with opened() as text:
        lines = _Lines(text)
        rows = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter == " ")
        line = 1
        try:
            for cells in rows:
                if any(cells) and any(cell.strip(CELL_BLANKS) for cell in cells):
                    yield CsvRow(line, cells, lines.quoted)
                lines.of_row = 0
                line = rows.line_num + 1
        except csv.Error as problem:
            # It quotes the delimiter, which may be a tab.
            words = str(problem).replace("\t", "\\t")
            if "field limit" in words:
                # Python's own, of the whole process: 131,072, if nobody has set another
                # (https://docs.python.org/3/library/csv.html#csv.field_size_limit).
                words = (
                    f"a cell has more than {csv.field_size_limit():,} characters; leave out that column, or "
                    "look for a quotation mark without its end"
                )
            raise BadJob("bad-csv", f"line {line}: this row is no CSV: {words}") from problem


class _Lines:
    """The lines of a text; a row may have many, but no more characters than fit into memory at ease."""

    def __init__(self, text: TextIO) -> None:
        self._text, self.of_row, self.quoted = text, 0, False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(ROW_MAX_CHARACTERS + 1)
        if not self.of_row:
            self.quoted = line.startswith('"')
        self.of_row += len(line)
        if self.of_row > ROW_MAX_CHARACTERS:
            raise csv.Error(f"it has more than {ROW_MAX_CHARACTERS:,} characters")
        if not line:
            raise StopIteration
        return line


class _Found(NamedTuple):
    names: int
    table: Table
    rows: list[CsvRow]


def find_table(opened: Opened, names: Sequence[str]) -> Table:
    """Return the layout with which the first row has these names. Raises `BadJob` if none has all of them.

    Before that row there may be a line `sep=;` and lines that begin with `#`.
    """
    wanted = {folded(name) for name in names}
    said = _said_delimiter(opened)
    found, broken = _look(opened, wanted, said, [said] if said else [one for one in DELIMITERS if one != " "])
    if not said and not any(one.names for one in found):
        # Nearly every text has spaces; they part cells where nothing else does.
        spaced, _ = _look(opened, wanted, None, [" "])
        found += [one for one in spaced if one.names]
    if not found:
        raise broken or BadJob("bad-csv", "there is no first row with the names of columns")
    best = max(found, key=lambda one: (one.names, len(one.table.header)))
    for name in names:
        count = best.table.header.count(folded(name))
        if not count:
            raise BadJob("no-column", _missing(name, best))
        if count > 1:
            raise BadJob("no-column", f"there are {count} columns {shown(name)}; rename all but one")
    return best.table


def _said_delimiter(opened: Opened) -> str | None:
    with opened() as text:
        said = _SEP.fullmatch(text.readline(80))
    return None if said is None else "\t" if said[1] == "\\t" else said[1]


def _look(
    opened: Opened, wanted: set[str], said: str | None, delimiters: Sequence[str]
) -> tuple[list[_Found], BadJob | None]:
    found, broken = [], None
    for delimiter in delimiters:
        first: list[CsvRow] = []
        try:
            with closing(rows_of(opened, delimiter)) as rows:
                for row in islice(rows, _FIRST_ROWS):
                    first.append(row)
        except BadJob as problem:
            broken = problem
            if not first:
                continue
        found.append(_layout(first, wanted, delimiter, 1 if said else 0))
    return found, broken


def _layout(rows: list[CsvRow], wanted: set[str], delimiter: str, skipped: int) -> _Found:
    for place, row in enumerate(rows[skipped:], skipped):
        header = [folded(cell) for cell in row.cells]
        if header[0].startswith("#") and header[0] not in wanted:
            # NumPy and gnuplot write the names behind such a mark.
            header[0] = header[0].lstrip("# ") or "#"
            if not wanted & set(header):
                continue
            header = header[1:] if header[0] == "#" and delimiter == " " else header
        after = rows[place + 1] if len(rows) > place + 1 else None
        shift = 1 if after and row.quoted and _has_row_name(after, header, delimiter) else 0
        table = Table(delimiter, header, place + 1, shift)
        return _Found(len(wanted & set(header)), table, rows)
    return _Found(0, Table(delimiter, [], len(rows), 0), rows)


def _has_row_name(row: CsvRow, header: Sequence[str], delimiter: str) -> bool:
    """Tell whether a cell more than there are names is the row's own name, as R's `write.table` writes it.

    It stands in quotation marks. Where commas part cells, a number with a decimal comma may have become two.
    """
    is_longer = len(row.cells) == len(header) + 1 and bool(row.cells[-1].strip(CELL_BLANKS))
    return is_longer and row.quoted and delimiter != ","


def _missing(name: str, found: _Found) -> str:
    header = found.table.header
    there = ", ".join(repr(cut(cell, 40)) for cell in header[:20]) or "none"
    said = f"there is no column {shown(name)}; in the first row there are {there}"
    below = [row.line for row in found.rows[found.table.skipped :] if folded(name) in map(folded, row.cells)]
    alike = [cell for cell in header if cell.casefold() == folded(name).casefold()]
    if near := next(iter(alike), None) or nearest(name, filter(None, header)):
        return f"{said}; did you mean {cut(near, 40)!r}?"
    if below:
        return f"{said}; line {below[0]} has it: delete what stands above that line"
    if header and all(map(_is_number, header)):
        return f"{said}; if there are no names, add a first row with them, or ask for no columns: all is read"
    return said


def _is_number(word: str) -> bool:
    try:
        read_number(word)
    except NoNumber:
        return False
    return True
