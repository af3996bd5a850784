"""Commas part numbers in a text; where they look like something else, a sentence says how they were read."""

import re

from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.numbers.characters import BETWEEN, ITEM, MINUS, SEPARATORS, UNSEEN, line_ends_in

_ONE_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")
# One comma among whole numbers may be anything; from so many on it looks like a habit.
_COMMAS_NOTED = 2

# The rest of `1 234,5`, behind a space. It is known by itself, as pieces may part it from what stands before.
_SPACED_REST = re.compile(r"[0-9]{3},")

# What a text may end in behind its last number.
_NOTHING = f"{SEPARATORS},{UNSEEN}"

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
    habit, text = CommaHabit(), text.removeprefix("\ufeff")
    habit.look(text, 0, len(ITEM.findall(text)))
    return habit.note


class CommaHabit:
    """Looks whether commas in the texts of numbers mean something else than the end of a number.

    They look like decimal commas if white space and semicolons part nothing but plain numbers and such with
    one comma inside, and there are at least two of the latter. A single one is enough beside a number with a
    point, where no line has more than one number, and where it looks like the rest of `1 234,5`; so is a
    single number that looks grouped.
    """

    def __init__(self) -> None:
        self._first, self._commas, self._items = (0, ""), 0, 0
        self._has_points = self._has_others = self._has_rest = False
        self._grouped: tuple[int, str] | None = None
        self._last = (0, "")

    def look(self, text: str, before: int, count: int) -> None:
        """Look at one more text, behind `before` line ends. It has `count` numbers, if it has no comma."""
        if ended := text.rstrip(_NOTHING):
            self._last = (before, ended)
        if "," not in text:
            self._items += count
            self._has_points = self._has_points or any(mark in text for mark in ".eE")
            return
        if not text.isascii():
            text = text.translate(MINUS)
        if self._grouped is None and (found := _GROUPED.match(text) or _GROUPED_BEHIND.search(text)):
            self._grouped = (before + line_ends_in(text[: found.start(1)]) + 1, found[1])
        if not self._has_others:
            self._look_for_decimals(text, before)

    def _look_for_decimals(self, text: str, before: int) -> None:
        for part in ITEM.finditer(text):
            item = part[0].strip(UNSEEN)
            if "," not in item:
                self._items += bool(item)
                self._has_points = self._has_points or any(mark in item for mark in ".eE")
            elif _ONE_COMMA.fullmatch(item):
                if not self._commas:
                    self._first = (before + line_ends_in(text[: part.start()]) + 1, item)
                self._items += 1
                self._commas += 1
                is_spaced = text[max(0, part.start() - 1)] == " "
                self._has_rest = self._has_rest or (is_spaced and bool(_SPACED_REST.match(item)))
            else:
                self._has_others = True
                return

    @property
    def _are_decimals(self) -> bool:
        if self._has_others or not self._commas:
            return False
        before, text = self._last
        lines = before + line_ends_in(text) + 1
        several = self._commas >= _COMMAS_NOTED or self._has_points or self._has_rest
        return several or 1 < self._items <= lines

    @property
    def note(self) -> str | None:
        """What is to be said of it, if anything."""
        decimals = self._are_decimals
        if self._grouped is None and not decimals:
            return None
        line, item = self._first if decimals else self._grouped or self._first
        numbers = [cut(number, 40) for number in item.split(",")]
        ways = ["if these are decimal commas, write points instead"] * decimals
        if self._grouped:
            ways.append("if they group digits, leave them out")
        if not decimals and "." in numbers[0]:
            ways = [f"if it is one number, write {cut(item.replace('.', '').replace(',', '.'), 40)}"]
        return (
            f"commas part numbers, so {cut(item, 40)!r} was read as {', '.join(numbers[:-1])} and "
            f"{numbers[-1]} (line {line}); {'; '.join(ways)}"
        )
