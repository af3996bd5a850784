"""Which characters separate numbers, which never do, and which are only another way to write a sign."""

import re
import unicodedata

# Line ends as `str.splitlines` knows them, beside LF and CR: VT, FF, FS, GS, RS, NEL, LS, PS.
_OTHER_LINE_ENDS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
# Space, tab, US, and the space of Chinese, Japanese and Korean text, which groups no digits there.
_BLANKS = " \t\x1f\u3000"

# Between two numbers stand only these, and commas. All other spaces and what cannot be seen separate nothing:
# many languages group digits with the no-break and thin ones (https://www.unicode.org/cldr/charts/latest/by_type/numbers.symbols.html).
SEPARATORS = f"{_BLANKS}\r\n{_OTHER_LINE_ENDS};"
BETWEEN = re.escape(SEPARATORS)

# What stands between separators; commas may be within.
ITEM = re.compile(f"[^{BETWEEN}]+")

# Spaces that do not separate, soft hyphen, zero-width characters, marks of direction, the byte order mark.
UNSEEN = "".join(
    chr(number)
    for first, last in ((0x2000, 0x200F), (0x202A, 0x202F), (0x205F, 0x206F))
    for number in range(first, last + 1)
) + "\u00a0\u00ad\u061c\u1680\u180e\ufeff"  # fmt: skip

# What groups digits: no-break, figure, thin and narrow no-break space; both apostrophes.
GROUP_MARKS = "\u00a0\u2007\u2009\u202f'\u2019"

# Hyphens, short dashes and signs that people and programs write for a minus.
MINUS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"))


def is_one_item(word: str) -> bool:
    """Tell whether a text is a single item: not empty, and with nothing inside that separates numbers."""
    inside = word.strip(f"{SEPARATORS}{UNSEEN}")
    return bool(ITEM.fullmatch(inside)) and "," not in inside


def line_ends_in(text: str) -> int:
    """Return how many lines end in a text, as `str.splitlines` counts them."""
    count = text.count("\n")
    if "\r" in text:
        count += text.count("\r") - text.count("\r\n")
    for end in _OTHER_LINE_ENDS[:5] if text.isascii() else _OTHER_LINE_ENDS:
        count += text.count(end)
    return count


# Those that Unicode gives no name, or one that nobody knows.
_NAMES = {"\0": "NUL", "\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\ufeff": "BYTE ORDER MARK"}


def named(character: str) -> str:
    """Return a character's name and number, as `NO-BREAK SPACE (U+00A0)`."""
    known = _NAMES.get(character)
    return f"{known or unicodedata.name(character, 'character')} (U+{ord(character):04X})"
