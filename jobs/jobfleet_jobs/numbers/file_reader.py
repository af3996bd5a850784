"""Text of any length, read from a file in pieces that part no number."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from jobfleet_jobs.numbers.characters import BETWEEN, SEPARATORS, UNSEEN
from jobfleet_jobs.numbers.encoding import PIECE_BYTES, text_pieces
from jobfleet_jobs.numbers.text_reader import NumbersText
from jobfleet_jobs.numbers.words import NUMBER_MAX_CHARACTERS, Number

# As much is kept of what cannot be seen: at the ends of a word, where it counts for nothing, and within,
# where so much of it makes the word too long for a number.
_UNSEEN_AROUND = 64
_UNSEEN_WITHIN = NUMBER_MAX_CHARACTERS + 1
_UNSEEN_RUN = re.compile(f"[{re.escape(UNSEEN)}]{{{_UNSEEN_AROUND + 1},}}")

# What of it could be two numbers and a comma is not longer, with what is kept around them; a comma in what is
# longer parts numbers. Of a word that is longer, so much is too long for a number wherever it is cut.
_PART_MAX = 4 * NUMBER_MAX_CHARACTERS

# What parts nearly all numbers, and all that does beside it.
_COMMON = "\n ;\t\r"
_BEFORE_WORD = f"{SEPARATORS},"
_LAST = re.compile(rf"[{BETWEEN}](?=[^{BETWEEN}]*\Z)")


def check_text(file: BinaryIO, size: int = PIECE_BYTES) -> None:
    """Read a file to its end. Raises `BadJob` where it is no text."""
    for _ in text_pieces(file, size):
        pass


def pieces(file: BinaryIO, size: int = PIECE_BYTES) -> Iterator[str]:
    """Yield a text from the file's start, a piece for about `size` bytes. Raises `BadJob` where it is none.

    No number and no line end is in two pieces. Of a word that is too long for a number only so much
    is kept that this can be seen.
    """
    rest = ""
    for more in text_pieces(file, size):
        text = rest + more
        cut = _last_cut(text)
        text, rest = text[:cut], text[cut:]
        if len(rest) > _PART_MAX:
            rest = _with_less_unseen(rest)
            comma = max(0, rest.rfind(",")) if len(rest) > _PART_MAX else 0
            # Where so much is left behind the last comma, it is a single word.
            text, rest = text + rest[:comma], rest[comma : comma + _PART_MAX]
        if text:
            yield text
    if rest:
        yield rest


def _last_cut(text: str) -> int:
    """Return where the last item begins, with what stands before it."""
    cut = max(map(text.rfind, _COMMON))
    if len(text) - cut > _PART_MAX:
        found = _LAST.search(text, cut + 1)
        cut = max(cut, -1 if found is None else found.start())
    if cut > 0 and text[cut - 1 : cut + 1] == "\r\n":
        cut -= 1
    return max(0, cut)


def _with_less_unseen(item: str) -> str:
    """Return an item without most of what cannot be seen in it. What it is read as does not change."""
    return _UNSEEN_RUN.sub(_kept, item)


def _kept(found: re.Match[str]) -> str:
    item, start, end = found.string, found.start(), found.end()
    # At the end of what was read so far it may turn out to be within a word.
    is_around = not start or item[start - 1] in _BEFORE_WORD or item[end : end + 1] == ","
    return found[0][: _UNSEEN_AROUND if is_around else _UNSEEN_WITHIN]


class NumbersFile(NumbersText):
    """Numbers in a file, read like `numbers.text_reader.read_text` reads a text, a list at a time."""

    def __init__(self, file: BinaryIO, size: int = PIECE_BYTES) -> None:
        super().__init__(lambda: pieces(file, size))
        self._file, self._size = file, size

    def __iter__(self) -> Iterator[list[Number]]:
        """Yield all numbers. Raises `BadJob` like `read_text`, and where the file is no text."""
        check_text(self._file, self._size)
        yield from super().__iter__()
