"""Numbers written as text: one reader for the client, which checks early, and the worker."""

import math
import re

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


def parse_numbers(text: str) -> list[Number]:
    """Read numbers that stand apart by white space, commas or semicolons; whole numbers stay exact.

    Raises `BadJob` that names the first value that is no finite number, and its line.
    """
    words = [word for word in _SEPARATORS.split(text.removeprefix("\ufeff")) if word]
    if not words:
        raise BadJob("no-numbers", "there are no numbers in the input; give at least one")
    numbers = _read_quickly(words) if _PLAIN.fullmatch(text) else None
    try:
        return numbers or [_number(word) for word in words]
    except _Unreadable as problem:
        raise BadJob("bad-number", f"line {_line_of(text, problem.word)}: {problem}") from None


class _Unreadable(Exception):
    def __init__(self, word: str, why: str) -> None:
        super().__init__(f"{word[:40]!r} {why}")
        self.word = word


def _read_quickly(words: list[str]) -> list[Number] | None:
    """Return the numbers, or None if one of them needs the slow reader's sentence."""
    try:
        numbers: list[Number] = [
            float(word) if "." in word or "e" in word or "E" in word else int(word) for word in words
        ]
    except ValueError:
        return None
    return None if math.inf in numbers or -math.inf in numbers else numbers


def _number(word: str) -> Number:
    if _WHOLE.fullmatch(word):
        if len(word) > WHOLE_NUMBER_MAX_DIGITS:
            raise _Unreadable(word, f"has more than {WHOLE_NUMBER_MAX_DIGITS} digits")
        return int(word)
    if not _DECIMAL.fullmatch(word):
        raise _Unreadable(word, "is not a number")
    value = float(word)
    if not math.isfinite(value):
        raise _Unreadable(word, "is too large for a floating-point number")
    return value


def _line_of(text: str, word: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        if word in _SEPARATORS.split(line):
            return number
    return 1
