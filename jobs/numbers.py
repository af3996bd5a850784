"""Numbers written as text: one reader for the client, which checks early, and the worker."""

import math
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from jobs.errors import BadJob

Number = int | float

_SEPARATORS = re.compile(r"[\s,;]+")
_WHOLE = re.compile(r"[+-]?[0-9]+")
# Python's own float() also takes underscores and the words inf and nan; a numbers file does not.
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# Python refuses to read whole numbers of more digits at its default setting, because it takes
# quadratic time (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
WHOLE_NUMBER_MAX_DIGITS = 4300


# Whatever holds only these characters, `int` and `float` read just as the two patterns above do.
_PLAIN = re.compile(r"[0-9+\-.eE\s,;]*")

# As many bad values are told, and so many counted: a film sent as numbers is not read to its end.
_TOLD = 20
_COUNTED = 1000

# What stands between white space and semicolons, and what of it could be meant as one number.
_PART = re.compile(r"[^\s;]+")
_WHOLE_OR_COMMA = re.compile(r"[+-]?[0-9]+(,[0-9]+([eE][+-]?[0-9]+)?)?")
# One comma may be anything; from so many on it looks like a habit.
_COMMAS_NOTED = 2


class NoNumber(Exception):
    """The word is no finite number; the text says which and why."""

    def __init__(self, word: str, why: str) -> None:
        super().__init__(f"{word[:40]!r} {why}")


def parse_numbers(text: str) -> list[Number]:
    """Read numbers that stand apart by white space, commas or semicolons; whole numbers stay exact.

    Raises `BadJob` that names the values that are no finite numbers, each with its line where there
    are several lines; of many the first 20, and how many there are, if not over 1,000.
    """
    text = text.removeprefix("\ufeff")
    words = [word for word in _SEPARATORS.split(text) if word]
    if not words:
        raise BadJob("no-numbers", "there are no numbers in the input; give at least one")
    numbers = _read_quickly(words) if _PLAIN.fullmatch(text) else None
    try:
        return numbers or [read_number(word) for word in words]
    except NoNumber:
        raise bad_numbers(_problems(text)) from None


def read_number(word: str) -> Number:
    """Return the number that `word` stands for. Raises `NoNumber`."""
    if _WHOLE.fullmatch(word):
        if len(word) > WHOLE_NUMBER_MAX_DIGITS:
            raise NoNumber(word, f"has more than {WHOLE_NUMBER_MAX_DIGITS} digits")
        return int(word)
    if not _DECIMAL.fullmatch(word):
        raise NoNumber(word, "is not a number")
    value = float(word)
    if not math.isfinite(value):
        raise NoNumber(word, "is too large for a floating-point number")
    return value


def bad_numbers(problems: Iterable[str]) -> BadJob:
    """Return the error that tells of at least one bad value, a line each; of many, how many there are."""
    found = list(islice(problems, _COUNTED))
    if len(found) == 1:
        return BadJob("bad-number", found[0])
    end = " or more" if len(found) == _COUNTED else ""
    more = [f"… and {len(found) - _TOLD:,}{end or ' more'}"] if len(found) > _TOLD else []
    head = f"{len(found):,}{end} values are no numbers:"
    return BadJob("bad-number", "\n".join([head, *found[:_TOLD], *more]))


def comma_note(text: str) -> str | None:
    """Return a sentence if the commas in `text` look like decimal commas, which they are not here.

    They do if white space and semicolons part nothing but whole numbers and such with one comma
    inside, and there are at least two of the latter.
    """
    if "," not in text:
        return None
    first, commas = "", 0
    for part in _PART.finditer(text.removeprefix("\ufeff")):
        if not _WHOLE_OR_COMMA.fullmatch(part[0]):
            return None
        if "," in part[0]:
            first, commas = first or part[0], commas + 1
    if commas < _COMMAS_NOTED:
        return None
    one, _, other = first.partition(",")
    return (
        f"commas part numbers, so {first[:40]!r} was read as {one[:40]} and {other[:40]}; "
        "if these are decimal commas, write points instead"
    )


def _read_quickly(words: list[str]) -> list[Number] | None:
    """Return the numbers, or None if one of them needs the slow reader's sentence."""
    try:
        numbers: list[Number] = [
            float(word) if "." in word or "e" in word or "E" in word else int(word) for word in words
        ]
    except ValueError:
        return None
    return None if math.inf in numbers or -math.inf in numbers else numbers


def _problems(text: str) -> Iterator[str]:
    lines = text.splitlines()
    for place, line in enumerate(lines, 1):
        for word in filter(None, _SEPARATORS.split(line)):
            try:
                read_number(word)
            except NoNumber as problem:
                yield f"line {place}: {problem}" if len(lines) > 1 else str(problem)
