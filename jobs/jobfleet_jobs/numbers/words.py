"""One number as it is written: the plain form, forms that are read and told, and why others are refused."""

import math
import re
import unicodedata

from jobfleet_jobs.credentials.redaction import cut
from jobfleet_jobs.numbers.characters import GROUP_MARKS, MINUS, UNSEEN, named

Number = int | float

_WHOLE = re.compile(r"[+-]?[0-9]+")
# Python's own float() also takes underscores and the words inf and nan; a numbers file does not.
# Digits stand in one way only: two neighbours that both take them would be tried in each split, which takes
# quadratic time for a long word that ends in something else.
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")

# Of such a word, `float` makes zero only if its value is too small.
_NOT_ZERO = re.compile(r"[+-]?[0.]*[1-9]")
# It has an exponent, or at least as many zeros.
_MANY_ZEROS = "0" * 300

# Python refuses to read whole numbers of more digits at its default setting, because it takes
# quadratic time (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
WHOLE_NUMBER_MAX_DIGITS = 4300

# No number needs as many; a longer word is not read, so that not all of it has to be in memory.
NUMBER_MAX_CHARACTERS = 65_536

# As much of a word is searched for secrets before it is shown. None is so long; a word may be all the text.
_LOOKED_AT = 4096

# Whatever holds only these characters, `int` and `float` read just as the two patterns above do.
_PLAIN = re.compile(r"[0-9+\-.eE \t-\r\x1c-\x1f,;]*")

# Groups of three digits, all parted by the same mark.
_GROUPED = re.compile(
    rf"[+-]?[1-9][0-9]{{0,2}}(?P<mark>[ {GROUP_MARKS}])[0-9]{{3}}((?P=mark)[0-9]{{3}})*(\.[0-9]*)?"
)

_NO_VALUE = ("nan", "inf", "infinity", "na", "n/a", "null", "none", "true", "false")

# What else people write, and what to do about it.
_OTHER_FORMS = (
    (re.compile(r"[+-]?[0-9.]+[dD][+-]?[0-9]+"), "write E for the exponent"),
    (re.compile(r"[+-]?0[xob][0-9a-f]+", re.IGNORECASE), "write it in decimal digits"),
    (re.compile(r"[0-9][0-9.,]*-|\([0-9.,]+\)"), "if it is negative, write the minus before it"),
    (re.compile(r"[+-]?[0-9]+(_[0-9]+)+(\.[0-9]*)?"), "leave out the underscores"),
    (re.compile(r"[+-]?[0-9]+(['\u2019\u00b4`.][0-9]+){2,}|[+-]?[0-9]+['\u2019\u00b4`][0-9.]+"),
     "if it is one number, leave out what groups its digits"),
    (re.compile(r"[+-]?[0-9.,]+\s?%"), "leave out the percent sign"),
    (re.compile(r"[+-]?[0-9.,]+-[0-9.,]+"), "write a space between two numbers"),
    (re.compile(r"[+-]"), "write 0, or leave it out"),
    (re.compile(r"\"?sep=.?", re.IGNORECASE), "this is a table: name the columns to read"),
    (re.compile(r"#[A-Z][A-Z/0-9]*[!?]?"), "leave it out"),
    (re.compile(r"#.*", re.DOTALL), "leave out lines and values that begin with '#'"),
)  # fmt: skip
# A currency before or behind, a unit behind.
_UNIT = re.compile(
    r"[+-]?(?P<before>[^\w\s.,+-]{1,2}|[A-Z]{3})?\s?[+-]?[0-9][0-9.,' ]*"
    r"(?P<behind>(?![eE]$)[^0-9.,'\s+-]{1,6})?"
)


class NoNumber(Exception):
    """The word is no finite number; the text says which and why."""

    def __init__(self, word: str, why: str) -> None:
        super().__init__(word, why)
        self.word, self.why = word, why

    def __str__(self) -> str:
        # Only where it is told: another form is tried for many a word that is not plain.
        return f"{cut(self.word[:_LOOKED_AT], 40)!r} {self.why}"


def read_number(word: str) -> Number:
    """Return the number that a word in the plain form stands for; a zero has no sign. Raises `NoNumber`."""
    if len(word) > NUMBER_MAX_CHARACTERS:
        raise NoNumber(word, f"has more than {NUMBER_MAX_CHARACTERS:,} characters")
    if _WHOLE.fullmatch(word):
        if len(word) > WHOLE_NUMBER_MAX_DIGITS:
            raise NoNumber(word, f"has more than {WHOLE_NUMBER_MAX_DIGITS} digits")
        return int(word)
    if not _DECIMAL.fullmatch(word):
        raise NoNumber(word, f"is not a number{_way_out(word)}")
    value = float(word)
    if not math.isfinite(value):
        raise NoNumber(word, "is too large for a floating-point number")
    if not value and _NOT_ZERO.match(word):
        raise NoNumber(word, "is too small for a floating-point number")
    return value or 0.0


def read_quickly(text: str) -> list[Number] | None:
    """Return all numbers of a text; None if a word of it is not plain, or needs a sentence."""
    if not _PLAIN.fullmatch(text):
        return None
    words = text.replace(",", " ").replace(";", " ").split()
    if len(text) > NUMBER_MAX_CHARACTERS and len(max(words, key=len, default="")) > NUMBER_MAX_CHARACTERS:
        return None
    try:
        numbers: list[Number] = [
            float(word) if "." in word or "e" in word or "E" in word else int(word) for word in words
        ]
    except ValueError:
        return None
    if 0.0 in numbers:
        may_be_tiny = "e" in text or "E" in text or _MANY_ZEROS in text
        if may_be_tiny and any(
            not number and _NOT_ZERO.match(word) for number, word in zip(numbers, words, strict=True)
        ):
            return None
        if "-" in text:
            numbers = [number or abs(number) for number in numbers]
    return None if math.inf in numbers or -math.inf in numbers else numbers


def read_other(word: str) -> tuple[Number, tuple[str, ...]]:
    """Return the number of a word with another minus, with grouped digits or too small; and which it is.

    They are called "minus", "groups" and "tiny". Raises `NoNumber`.
    """
    if len(word) > NUMBER_MAX_CHARACTERS:
        raise NoNumber(word, f"has more than {NUMBER_MAX_CHARACTERS:,} characters")
    ways, plain = [], word.translate(MINUS)
    if plain != word:
        ways.append("minus")
    if grouped := _GROUPED.fullmatch(plain):
        ways.append("groups")
        plain = plain.replace(grouped["mark"], "")
    if _DECIMAL.fullmatch(plain) and _NOT_ZERO.match(plain) and not float(plain):
        return 0.0, (*ways, "tiny")
    try:
        return read_number(plain), tuple(ways)
    except NoNumber:
        if not ways:
            raise
        raise NoNumber(word, f"is not a number{_way_out(plain)}") from None


def _way_out(word: str) -> str:
    """Return, behind a semicolon, what can be done about a word that is no number, if that is known."""
    return f"; {mend}" if (mend := _mend(word[:200])) else ""


def _mend(word: str) -> str:
    strange = next((one for one in word if one in UNSEEN or unicodedata.category(one) in ("Cc", "Zs")), None)
    if strange not in (None, " "):
        return f"it holds {named(strange)}: leave it out, or write a space if it separates numbers"
    if dash := next((one for one in word if one != "-" and unicodedata.category(one) == "Pd"), None):
        return f"it holds {named(dash)}: write - for a minus"
    if word.casefold().lstrip("+-") in _NO_VALUE:
        return "leave it out"
    if any(unicodedata.category(one) in ("Nd", "No", "Nl") and not one.isascii() for one in word):
        return "write it with the digits 0 to 9"
    for form, mend in _OTHER_FORMS:
        if form.fullmatch(word):
            return mend
    unit = _UNIT.fullmatch(word)
    if unit and (around := unit["before"] or unit["behind"]):
        return f"leave out {around!r}"
    other = next((one for one in word if not one.isascii() and not one.isalpha()), None)
    return f"it holds {named(other)}" if other else ""
