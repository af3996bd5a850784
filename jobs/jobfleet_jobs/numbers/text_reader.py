"""Numbers written as text: one reader for the client, which checks early, and the worker."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from jobfleet_jobs.errors import BadJob

Number = int | float

_WHOLE = re.compile(r"[+-]?[0-9]+")
# Python's own float() also takes underscores and the words inf and nan; a numbers file does not.
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# Python refuses to read whole numbers of more digits at its default setting, because it takes
# quadratic time (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
WHOLE_NUMBER_MAX_DIGITS = 4300

# No number needs as many; a longer word is not read, so that not all of it has to be in memory.
NUMBER_MAX_CHARACTERS = 65_536

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
    words = words_of(text)
    if not words:
        raise no_numbers()
    try:
        return read_words(words, text)
    except NoNumber:
        raise bad_numbers(problems_in(lambda: [text])) from None


def words_of(text: str) -> list[str]:
    """Return what stands apart by white space, commas or semicolons."""
    return text.replace(",", " ").replace(";", " ").split()


def read_words(words: list[str], text: str) -> list[Number]:
    """Return the numbers that words stand for, which are those of `text`. Raises `NoNumber`."""
    numbers = _read_quickly(words, text) if _PLAIN.fullmatch(text) else None
    return numbers or [read_number(word) for word in words]


def read_number(word: str) -> Number:
    """Return the number that `word` stands for; a zero has no sign. Raises `NoNumber`."""
    if len(word) > NUMBER_MAX_CHARACTERS:
        raise NoNumber(word, f"has more than {NUMBER_MAX_CHARACTERS:,} characters")
    if _WHOLE.fullmatch(word):
        if len(word) > WHOLE_NUMBER_MAX_DIGITS:
            raise NoNumber(word, f"has more than {WHOLE_NUMBER_MAX_DIGITS} digits")
        return int(word)
    if not _DECIMAL.fullmatch(word):
        raise NoNumber(word, "is not a number")
    value = float(word)
    if not math.isfinite(value):
        raise NoNumber(word, "is too large for a floating-point number")
    return value or 0.0


def no_numbers() -> BadJob:
    """Return the refusal of an input without any."""
    return BadJob("no-numbers", "there are no numbers in the input; give at least one")


def bad_numbers(problems: Iterable[str]) -> BadJob:
    """Return the error that tells of at least one bad value, a line each; of many, how many there are."""
    found = list(islice(problems, _COUNTED))
    if len(found) == 1:
        return BadJob("bad-number", found[0])
    end = " or more" if len(found) == _COUNTED else ""
    more = [f"… and {len(found) - _TOLD:,}{end or ' more'}"] if len(found) > _TOLD else []
    head = f"{len(found):,}{end} values are no numbers:"
    return BadJob("bad-number", "\n".join([head, *found[:_TOLD], *more]))


def problems_in(pieces: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Yield a sentence for each word that is no number. `pieces` gives the text, as often as it is called.

    They are told with their lines, where there is more than one.
    """
    several, line = _has_several_lines(pieces()), 1
    for piece in pieces():
        for place, text in enumerate(piece.splitlines(), line):
            for word in words_of(text):
                try:
                    read_number(word)
                except NoNumber as problem:
                    yield f"line {place}: {problem}" if several else str(problem)
        line += _line_ends(piece)


def _line_ends(text: str) -> int:
    return len(f"{text}.".splitlines()) - 1


def _has_several_lines(pieces: Iterable[str]) -> bool:
    ended = False
    for piece in pieces:
        if ended or len(piece.splitlines()) > 1:
            return True
        ended = _line_ends(piece) > 0
    return False


def comma_note(text: str) -> str | None:
    """Return a sentence if the commas in `text` look like decimal commas, which they are not here."""
    habit = CommaHabit()
    habit.look(text.removeprefix("\ufeff"))
    return habit.note


class CommaHabit:
    """Looks whether commas look like decimal commas in the texts of numbers.

    They do if white space and semicolons part nothing but whole numbers and such with one comma
    inside, and there are at least two of the latter.
    """

    def __init__(self) -> None:
        self._first, self._commas, self._other = "", 0, False

    def look(self, text: str) -> None:
        """Look at one more text; what is no number in it does not matter."""
        if self._other:
            return
        if "," not in text:
            self._other = any(mark in text for mark in ".eE")
            return
        for part in _PART.finditer(text):
            if not _WHOLE_OR_COMMA.fullmatch(part[0]):
                self._other = True
                return
            if "," in part[0]:
                self._first, self._commas = self._first or part[0], self._commas + 1

    @property
    def note(self) -> str | None:
        """What is to be said of it, if anything."""
        if self._other or self._commas < _COMMAS_NOTED:
            return None
        one, _, other = self._first.partition(",")
        return (
            f"commas part numbers, so {self._first[:40]!r} was read as {one[:40]} and {other[:40]}; "
            "if these are decimal commas, write points instead"
        )


def _read_quickly(words: list[str], text: str) -> list[Number] | None:
    """Return the numbers, or None if one of them needs the slow reader's sentence."""
    if len(text) > NUMBER_MAX_CHARACTERS and len(max(words, key=len)) > NUMBER_MAX_CHARACTERS:
        return None
    try:
        numbers: list[Number] = [
            float(word) if "." in word or "e" in word or "E" in word else int(word) for word in words
        ]
    except ValueError:
        return None
    if "-" in text and 0.0 in numbers:
        numbers = [number or abs(number) for number in numbers]
    return None if math.inf in numbers or -math.inf in numbers else numbers
