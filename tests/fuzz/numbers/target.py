"""Numbers in text, files and CSV of any encoding: in memory, in pieces of any size, and by a model."""

import io
import json
import random
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.encoding import text_of
from jobfleet_jobs.numbers.file_reader import NumbersFile
from jobfleet_jobs.numbers.text_reader import read_text
from jobfleet_jobs.numbers.words import Number
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.numbers.read_input import on_numbers, on_stream
from jobfleet_worker.operations.numbers.stats import stats, streamed

from tests.fuzz.sentences import check_refusal
from tests.fuzz.target import Target, require
from tests.fuzz.values import TEXTS

_STATS = OPERATIONS["stats"]
_NUMBERS_MAX = 2_000_000
_RUN_NUMBERS = 50

_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32")
_PARTING = (" ", "\n", "\t", ";", "\r\n", "  ", "\n\n", "; ")
_STRANGE = (
    "",
    ",",
    "x",
    "1,5",
    "1,234,567",
    "1\u00a0234",
    "1\u202f234",
    "\u0661",
    "\uff11",
    "1_000",
    "0x10",
    "1e400",
    "-",
    "+",
    ".",
    "1.",
    ".5",
    "--1",
    "nan",
    "inf",
    "1e-400",
    "9" * 4_300,
    "9" * 4_301,
    "9" * 70_000,
    "1." + "0" * 70_000,
    "a" * 200_000,
    "1" * 60_000 + "x",
    '"',
    "'1",
    "\0",
    "\x1b[1m",
    "\ufeff",
    "\u2028",
    "\x0b",
    "\x1c",
    "\x85",
    "1;2",
    "=1+1",
    "1.234,5",
    "1'000",
    "€5",
    "5%",
    "\U0001d7d3",
)
_HUGE_CHARACTERS = 600_000


@dataclass(frozen=True)
class Case:
    """A file's bytes, parameters of stats, and how it is read; `known` are its numbers where it is whole."""

    data: bytes
    parameters: Mapping[str, Any]
    piece: int
    known: tuple[Number, ...] | None = None
    bad_line: int | None = None

    def __repr__(self) -> str:
        what = f"{self.data[:2_000]!r} ({len(self.data):,} bytes)"
        return (
            f"{json.dumps(dict(self.parameters))} in pieces of {self.piece}: {what}, bad line {self.bad_line}"
        )


def number(choose: random.Random) -> str:
    """Return a number as text."""
    match choose.randrange(6):
        case 0:
            return str(choose.randrange(-9, 100))
        case 1:
            return str(choose.choice((2**53, 2**53 + 1, -(2**63), 10**40)) + choose.randrange(9))
        case 2:
            return repr(choose.choice((0.1, -0.0, 1e16, 5e-324, 1.7e308, 0.30000000000000004, 1e22)))
        case 3:
            return f"{choose.uniform(-1e6, 1e6):.{choose.randrange(12)}f}"
        case 4:
            return f"{choose.choice('+-')}{choose.randrange(10**6)}e{choose.randrange(-30, 30)}"
    return str(choose.randrange(1000))


def make(choose: random.Random) -> Case:
    """Make a case: plain numbers, plain ones with one bad word, CSV, or anything."""
    kind = choose.random()
    parameters = {
        name: what
        for name, what in (
            ("more", True),
            ("quantiles", choose.randrange(2, 9)),
            ("histogram", choose.randrange(1, 9)),
        )
        if choose.random() < 0.3
    }
    piece = choose.choice((1, 2, 3, 7, 64, 1_000, 1_048_576))
    if kind < 0.3:
        words = [number(choose) for _ in range(choose.choice((1, 2, 5, 60, 300)))]
        parting = choose.choice(_PARTING)
        known = tuple(int(word) if re.fullmatch(r"[+-]?\d+", word) else float(word) or 0.0 for word in words)
        return Case(parting.join(words).encode(), parameters, piece, known)
    if kind < 0.4:
        words = [number(choose) for _ in range(choose.choice((2, 5, 60)))]
        place = choose.randrange(len(words))
        words[place] = choose.choice(("x", "1e400", "nan", "--1", "é", "a" * 200_000))
        return Case("\n".join(words).encode(), parameters, piece, None, place + 1)
    if kind < 0.7:
        return _table(choose, parameters, piece)
    words = [
        choose.choice((number(choose), choose.choice(_STRANGE), choose.choice(TEXTS)))
        for _ in range(choose.choice((1, 3, 20)))
    ]
    text = choose.choice((*_PARTING, ",", ", ", "\u00a0")).join(words)
    if choose.random() < 0.03:
        unit = choose.choice((*_STRANGE[:20], *_PARTING, "1,", "1 ", "x ", "\u00a0", "1\u00a0"))
        text += (unit or " ") * (_HUGE_CHARACTERS // max(1, len(unit)))
        piece = 1_048_576
    return Case(_encoded(choose, text), parameters, piece)


def _table(choose: random.Random, parameters: dict[str, Any], piece: int) -> Case:
    parting = choose.choice(",;\t")
    names = ["height", choose.choice(("weight", "weight, kg", 'w"x', "é", "\u202e", "x" * 120))]
    shown = [f'"{name}"'.replace('"', '"') if choose.random() < 0.3 else name for name in names]
    rows = [parting.join(shown)] * choose.choice((1, 1, 1, 0, 2))
    strange = choose.choice((0.0, 0.0, 0.02, 0.3))
    for _ in range(choose.choice((0, 1, 5, 40))):
        width = choose.choice((1, 3)) if choose.random() < strange else 2
        cells = [
            choose.choice(_STRANGE[:30]) if choose.random() < strange else number(choose)
            for _ in range(width)
        ]
        rows.append(parting.join(cells))
    if choose.random() < 0.1:
        rows.insert(0, choose.choice(("sep=;", "sep=,", "", "# a remark")))
    asked = (
        "height"
        if choose.random() < 0.5
        else choose.choice(
            ("height", "weight", '"weight, kg",height', "none", '"', "", "height,height", "x" * 120)
        )
    )
    return Case(_encoded(choose, "\n".join(rows)), {**parameters, "columns": asked}, piece)


def _encoded(choose: random.Random, text: str) -> bytes:
    data = text.encode(choose.choice(_ENCODINGS), "replace")
    if data and choose.random() < 0.1:
        place = choose.randrange(len(data))
        data = data[:place] + bytes([choose.randrange(256)]) + data[place + choose.randrange(2) :]
    return data


def check(case: Case) -> str:
    """Read numbers in all ways, and compare."""
    parameters = _STATS.check(case.parameters)
    whole = _done(lambda: on_numbers(stats, parameters, case.data, _NUMBERS_MAX))
    with tempfile.TemporaryDirectory() as folder, io.BytesIO(case.data) as file:
        parted = _done(lambda: on_stream(streamed, parameters, file, Path(folder), _RUN_NUMBERS))
    require(whole == parted, f"in memory {whole!r:.400}, streamed {parted!r:.400}")
    if "columns" not in parameters:
        _check_pieces(case)
    if isinstance(whole, tuple):
        if case.bad_line is not None:
            require(
                f"line {case.bad_line}: " in whole[1],
                f"line {case.bad_line} is not named: {whole[1][:200]!r}",
            )
        require(case.known is None, f"plain numbers are refused: {whole}")
        return whole[0]
    require(case.bad_line is None, "a bad value is taken")
    json.dumps(whole, allow_nan=False)
    for note in whole.get("notes", ()):
        require(note.isprintable() and len(note) < 600, f"no note: {note[:300]!r}")
    if case.known is not None:
        _check_model(case.known, whole)
    return "columns" if "columns" in whole else "numbers"


def _done(work: Callable[[], dict[str, Any]]) -> dict[str, Any] | tuple[str, str]:
    """Return what work returns, or the code and the sentence of its refusal."""
    try:
        return work()
    except BadJob as problem:
        return check_refusal(problem), problem.message


def _check_pieces(case: Case) -> None:
    """Raise `Find` unless a file in small pieces holds what its text does, or is refused as it is."""
    if len(case.data) > 500 * case.piece:
        return  # thousands of pieces of one word show nothing new
    read = NumbersFile(io.BytesIO(case.data), case.piece)
    pieces = _done(lambda: {"numbers": [one for some in read for one in some], "notes": read.notes})
    whole = _done(lambda: dict(zip(("numbers", "notes"), read_text(text_of(case.data)), strict=True)))
    require(repr(pieces) == repr(whole), f"in pieces {pieces!r:.300}, in memory {whole!r:.300}")


def _check_model(known: tuple[Number, ...], found: Mapping[str, Any]) -> None:
    """Raise `Find` unless what was found out of numbers is true of them."""
    ordered, total = sorted(known), sum(map(Fraction, known))
    require(found["count"] == len(known), f"{found['count']} numbers, not {len(known)}")
    ends = (found["min"], found["max"])
    require(ends == (ordered[0], ordered[-1]), f"from {ends}, not from {ordered[0]} to {ordered[-1]}")
    _check_near("mean", found["mean"], total / len(known), ordered)
    middle = [ordered[(len(known) - 1) // 2], ordered[len(known) // 2]]
    _check_near("median", found["median"], sum(map(Fraction, middle)) / 2, ordered)
    if "sum" in found:
        _check_near("sum", found["sum"], total, ordered)
    if "histogram" in found:
        require(sum(found["histogram"]["counts"]) == len(known), "the bins do not hold all numbers")


def _check_near(name: str, found: Any, exact: Fraction, ordered: list[Number]) -> None:
    """Compare to the accuracy that docs/worker.md promises: a last digit of the largest number."""
    if found is None:
        require(abs(exact) > Fraction(1.79e308), f"no {name}")
        return
    largest = max(abs(Fraction(ordered[0])), abs(Fraction(ordered[-1])), abs(exact))
    near = abs(Fraction(found) - exact) <= largest / 2**50 + Fraction(5e-324)
    require(near, f"the {name} is {found}, which is not near {exact.numerator} / {exact.denominator}"[:300])


NUMBERS = Target("numbers", make, check)
