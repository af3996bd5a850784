"""The cells of one column: what is a number, in which form, what is left out, and what is said of it."""

import re
from collections.abc import Iterator

from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.numbers.characters import GROUP_MARKS, MINUS
from jobfleet_jobs.numbers.csv_table import CELL_BLANKS, DELIMITERS
from jobfleet_jobs.numbers.readings import Readings
from jobfleet_jobs.numbers.words import NoNumber, Number, read_number, read_other, read_quickly

# As spreadsheets write decimals where no commas part cells, also with grouped digits before it.
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9 \u00a0\u2007\u2009\u202f'\u2019]*,[0-9]+([eE][+-]?[0-9]+)?")

# Commas that group digits, or points that do before a decimal comma. A number with both leaves no doubt.
_COMMAS = re.compile(
    r"[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})(?P<both>\.[0-9]*)?"
)
_POINTS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?P<both>,[0-9]*)?")

# What a text has if such a number is in it, quickly found.
DOUBTLESS = (re.compile(r"\.[0-9]{3},"), re.compile(r",[0-9]{3}\."))

# A point that may part a decimal or group digits.
_DOUBTFUL_POINT = re.compile(r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$", re.MULTILINE)

_BEHIND = re.compile(r"(?P<number>[0-9].*)-")
_BRACKETS = re.compile(r"\((?P<number>[0-9].*)\)")

# Words for "no value" of R, Excel, SQL, Python and SPSS. What went wrong (NaN, Inf, #DIV/0!) is none of them.
# A dash alone may be Excel's way to write 0.
NO_VALUE = {"NA", "N/A", "#N/A", "#NV", "#NULL!", "NULL", "NONE"}

_DIGITS_AND_MARKS = re.compile(rf"[0-9.,+()\s{GROUP_MARKS}-]+")

_PLAIN_CELLS = re.compile(r"[0-9+\-.eE\n]*")


def groups_with(cell: str) -> str:
    """Return what groups the digits of a cell that leaves no doubt: "commas", "points", else nothing."""
    for way, form in (("commas", _COMMAS), ("points", _POINTS)):
        found = form.fullmatch(cell.strip(CELL_BLANKS).strip("()-+\u2212"))
        if found and found["both"] is not None:
            return way
    return ""


class ColumnCells:
    """Reads the cells of one column. `groups` says how digits are grouped in it, see `groups_with`."""

    def __init__(self, delimiter: str, groups: str) -> None:
        self._delimiter, self._groups = delimiter, groups
        self._readings = Readings()
        self._empty = self._commas = 0
        self._no_value: dict[str, tuple[int, int]] = {}
        self._comma, self._doubtful = (0, ""), (0, "")
        self._has_other_points = self._has_other_commas = False

    def read_all(self, lines: list[int], cells: list[str]) -> list[Number] | None:
        """Return the numbers of cells that are all plain; None where one is not."""
        text = "\n".join(cells)
        if self._groups or not _PLAIN_CELLS.fullmatch(text) or text.count("\n") != len(cells) - 1:
            return None
        numbers = read_quickly(text)
        if numbers is None or len(numbers) != len(cells):
            return None
        self._look_at_points(text, lines)
        return numbers

    def read(self, line: int, cell: str) -> Number | None:
        """Return the number of a cell; None where there is none. Raises `NoNumber`."""
        cell = cell.strip(CELL_BLANKS)
        if not cell:
            self._empty += 1
            return None
        if cell.upper() in NO_VALUE:
            first, count = self._no_value.get(cell, (line, 0))
            self._no_value[cell] = (first, count + 1)
            return None
        if self._groups != "points":
            try:
                number = read_number(cell)
            except NoNumber:
                return self._other(line, cell)
            self._look_at_points(cell, [line], cell)
            return number
        return self._other(line, cell)

    def _look_at_points(self, text: str, lines: list[int], cell: str = "") -> None:
        """Look at plain cells, a line each; of a single one, `cell` is how it was written."""
        if self._delimiter == "," or "." not in text or (self._has_other_points and self._doubtful[0]):
            return
        doubtful = list(_DOUBTFUL_POINT.finditer(text))
        if doubtful and not self._doubtful[0]:
            self._doubtful = (lines[text.count("\n", 0, doubtful[0].start())], cell or doubtful[0][0])
        self._has_other_points = self._has_other_points or text.count(".") > len(doubtful)

    def _other(self, line: int, cell: str) -> Number:
        plain, ways = cell.translate(MINUS), []
        if plain != cell:
            ways.append("minus")
        for way, form in (("behind", _BEHIND), ("brackets", _BRACKETS)):
            if found := form.fullmatch(plain):
                plain, ways = f"-{found['number']}", [*ways, way]
        try:
            number, more = self._decimal(line, cell, plain)
        except NoNumber as problem:
            raise NoNumber(cell, self._why_not(cell, problem)) from None
        ways += ["grouped" if way == "groups" else way for way in more]
        if self._groups != "points":
            self._look_at_points(plain, [line], cell)
        self._readings.add(ways, line, cell, number)
        return number

    def _decimal(self, line: int, cell: str, plain: str) -> tuple[Number, list[str]]:
        if self._groups == "commas":
            if _COMMAS.fullmatch(plain):
                return read_number(plain.replace(",", "")), ["commas"]
        elif self._groups == "points":
            if _POINTS.fullmatch(plain):
                return read_number(plain.replace(".", "").replace(",", ".")), ["points"]
            if "." in plain:
                raise NoNumber(cell, "")
            plain = plain.replace(",", ".")
        elif self._delimiter != "," and _DECIMAL_COMMA.fullmatch(plain):
            number, more = read_other(plain.replace(",", "."))
            self._commas += 1
            self._has_other_commas = self._has_other_commas or not _COMMAS.fullmatch(plain)
            if not self._comma[0]:
                self._comma = (line, cell)
            return number, list(more)
        number, more = read_other(plain)
        return number, list(more)

    def _why_not(self, cell: str, problem: NoNumber) -> str:
        if self._groups == "points" and "." in cell:
            return "is not a number; points group the digits of this column, so write a decimal comma"
        if "," in cell and _DIGITS_AND_MARKS.fullmatch(cell):
            return "is not a number; leave out commas that group digits, and write decimals with a point"
        if cell in ("-", "\u2013", "\u2014", "\u2212"):
            return "is not a number; write 0 or leave the cell empty"
        return problem.why

    def problems(self) -> Iterator[str]:
        """Yield a sentence if the column contradicts itself; to be asked when all cells were read."""
        if self._commas and self._doubtful[0]:
            (line, comma), (other, point) = self._comma, self._doubtful
            yield (
                f"{cut(comma, 40)!r} in line {line} has a decimal comma, so {cut(point, 40)!r} in line "
                f"{other} may be a decimal or have grouped digits; write all decimals alike, and leave out "
                "what groups digits"
            )

    def notes(self) -> Iterator[str]:
        """Yield sentences on how the cells were read."""
        if self._empty:
            yield f"{self._empty:,} empty cell{'s' if self._empty > 1 else ''} left out"
        for word, (line, count) in self._no_value.items():
            yield f"{count:,} cell{'s' if count > 1 else ''} with {word!r} left out, the first in line {line}"
        if self._commas:
            numbers = f"{self._commas:,} number{'s' if self._commas > 1 else ''}"
            parting = DELIMITERS.get(self._delimiter, "other marks")
            mend = "" if self._has_other_commas else "; if they group digits, leave them out"
            yield f"commas in {numbers} were read as decimal commas, as {parting} part the cells{mend}"
        if self._doubtful[0] and not self._has_other_points:
            line, cell = self._doubtful
            mend = "if points group digits, leave them out"
            yield f"line {line}: {cut(cell, 40)!r} was read with a decimal point; {mend}"
        yield from self._readings.notes()
