"""Commas part numbers in a text; where they look like something else, a sentence says how they were read."""

import re

from jobfleet_jobs.numbers.characters import BETWEEN, ITEM, MINUS, UNSEEN, line_ends_in

_WHOLE_OR_COMMA = re.compile(r"[+-]?[0-9]+(,[0-9]+([eE][+-]?[0-9]+)?)?")
# One comma may be anything; from so many on it looks like a habit.
_COMMAS_NOTED = 2

# One number with groups of digits: `1,234,567.8`, the Indian `12,34,567`, `1.234,5`. A row of more than eight
# groups behind the first is a list.
_GROUPS = (
    r"[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3}){1,8}(?:\.[0-9]*)?"
    r"|[1-9][0-9]?(?:,[0-9]{2}){1,8},[0-9]{3}(?:\.[0-9]*)?"
    r"|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,8},[0-9]+)"
)
_ENDS = rf"[{re.escape(UNSEEN)}]*(?![^{BETWEEN}])"
_GROUPED = re.compile(rf"[{re.escape(UNSEEN)}]*({_GROUPS}){_ENDS}")
# It begins with a character, as a search for one is quick.
_GROUPED_BEHIND = re.compile(rf"[{BETWEEN}][{re.escape(UNSEEN)}]*({_GROUPS}){_ENDS}")


def comma_note(text: str) -> str | None:
    """Return a sentence if commas in `text` look like decimal commas, or as if they grouped digits."""
    habit = CommaHabit()
    habit.look(text.removeprefix("\ufeff"))
    return habit.note


class CommaHabit:
    """Looks whether commas in the texts of numbers mean something else than the end of a number.

    They look like decimal commas if white space and semicolons part nothing but whole numbers and such with
    one comma inside, and there are at least two of the latter. One number that looks grouped is enough.
    """

    def __init__(self) -> None:
        self._first, self._commas, self._other = (0, ""), 0, False
        self._grouped: tuple[int, str] | None = None

    def look(self, text: str, before: int = 0) -> None:
        """Look at one more text, behind `before` line ends; what is no number in it does not matter."""
        if "," not in text:
            self._other = self._other or any(mark in text for mark in ".eE")
            return
        if not text.isascii():
            text = text.translate(MINUS)
        if self._grouped is None and (found := _GROUPED.match(text) or _GROUPED_BEHIND.search(text)):
            self._grouped = (before + line_ends_in(text[: found.start(1)]) + 1, found[1])
        if not self._other:
            self._look_for_decimals(text, before)

    def _look_for_decimals(self, text: str, before: int) -> None:
        for part in ITEM.finditer(text):
            item = part[0].strip(UNSEEN)
            if not _WHOLE_OR_COMMA.fullmatch(item):
                self._other = bool(item)
                if self._other:
                    return
            elif "," in item:
                if not self._commas:
                    self._first = (before + line_ends_in(text[: part.start()]) + 1, item)
                self._commas += 1

    @property
    def note(self) -> str | None:
        """What is to be said of it, if anything."""
        decimals = not self._other and self._commas >= _COMMAS_NOTED
        if self._grouped is None and not decimals:
            return None
        line, item = self._first if decimals else self._grouped or self._first
        numbers = [number[:40] for number in item.split(",")]
        ways = (["if these are decimal commas, write points instead"] if decimals else []) + (
            ["if they group digits, leave them out"] if self._grouped else []
        )
        if not decimals and "." in numbers[0]:
            ways = [f"if it is one number, write {item.replace('.', '').replace(',', '.')[:40]}"]
        return (
            f"commas part numbers, so {item[:40]!r} was read as {', '.join(numbers[:-1])} and {numbers[-1]} "
            f"(line {line}); {'; '.join(ways)}"
        )
