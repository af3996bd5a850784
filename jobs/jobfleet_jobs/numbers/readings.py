"""What is said of numbers that were not written in the plain form: how each was read."""

from collections.abc import Iterable

from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.numbers.words import Number

# Why a number was read as it was, by what was seen in it.
_WAYS = {
    "minus": "its dash is a minus",
    "groups": "its digits are grouped; if it is several numbers, write spaces between them",
    "tiny": "it is too small for a floating-point number",
    "zeros": "spaces separate numbers; if they group digits, leave them out",
    "grouped": "its digits are grouped",
    "commas": "commas group its digits",
    "points": "points group its digits, and its comma is a decimal comma",
    "behind": "the minus behind it makes it negative",
    "brackets": "its parentheses make it negative",
}


class Readings:
    """Counts numbers that were read in another way than the plain one."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, str, Number]] = {}
        self._counts: dict[str, int] = {}

    def add(self, ways: Iterable[str], line: int, word: str, number: Number) -> None:
        """Count a word that was read in these ways."""
        for way in ways:
            self._first.setdefault(way, (line, word, number))
            self._counts[way] = self._counts.get(way, 0) + 1

    def has(self, way: str) -> bool:
        """Tell whether a word was read in this way before."""
        return way in self._first

    def notes(self) -> list[str]:
        """Return a sentence for each way."""
        return [self._note(way, self._counts[way], *first) for way, first in self._first.items()]

    def _note(self, way: str, count: int, line: int, word: str, number: Number) -> str:
        others = f", and {count - 1:,} more likewise" if count > 1 else ""
        return f"line {line}: {cut(word, 40)!r} was read as {cut(str(number), 40)}{others}: {_WAYS[way]}"
