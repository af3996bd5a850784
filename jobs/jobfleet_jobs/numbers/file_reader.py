"""Text of any length, read from a file in pieces that part no number."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from jobfleet_jobs.numbers.characters import BETWEEN
from jobfleet_jobs.numbers.encoding import PIECE_BYTES, text_pieces
from jobfleet_jobs.numbers.text_reader import NumbersText
from jobfleet_jobs.numbers.words import NUMBER_MAX_CHARACTERS, Number

# What of it could be two numbers and a comma is not longer; a comma in what is longer parts numbers.
_PART_MAX = 2 * NUMBER_MAX_CHARACTERS + 2

# What parts nearly all numbers, and all that does beside it.
_COMMON = "\n ;\t\r"
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
        # Where so much is left, it is a single word.
        rest = text[cut : cut + _PART_MAX]
        if cut:
            yield text[:cut]
    if rest:
        yield rest


def _last_cut(text: str) -> int:
    """Return where the last word begins, with what stands before it, or so that one is left that is long."""
    cut = max(map(text.rfind, _COMMON))
    if len(text) - cut > _PART_MAX:
        found = _LAST.search(text, cut + 1)
        cut = max(cut, -1 if found is None else found.start())
    if len(text) - cut > _PART_MAX:
        cut = max(cut, text.rfind(","))
    if cut > 0 and text[cut - 1 : cut + 1] == "\r\n":
        cut -= 1
    return max(0, cut)


class NumbersFile(NumbersText):
    """Numbers in a file, read like `numbers.text_reader.read_text` reads a text, a list at a time."""

    def __init__(self, file: BinaryIO, size: int = PIECE_BYTES) -> None:
        super().__init__(lambda: pieces(file, size))
        self._file, self._size = file, size

    def __iter__(self) -> Iterator[list[Number]]:
        """Yield all numbers. Raises `BadJob` like `read_text`, and where the file is no text."""
        check_text(self._file, self._size)
        yield from super().__iter__()
