"""Text of any length, read from a file in pieces that part no number."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.text_reader import (
    NUMBER_MAX_CHARACTERS,
    CommaHabit,
    NoNumber,
    Number,
    bad_numbers,
    no_numbers,
    problems_in,
    read_words,
    words_of,
)

PIECE_BYTES = 1024 * 1024

# What of it could be two numbers and a comma is not longer; a comma in what is longer parts numbers.
_PART_MAX = 2 * NUMBER_MAX_CHARACTERS + 2

# What parts nearly all numbers, and all that does beside it.
_COMMON = "\n ;\t\r"
_LAST = re.compile(r"\s(?=[^\s;]*\Z)")


def check_text(file: BinaryIO, size: int = PIECE_BYTES) -> None:
    """Read a file to its end. Raises `BadJob` where it is no UTF-8."""
    file.seek(0)
    decoder, done = codecs.getincrementaldecoder("utf-8")(), 0
    while True:
        data = file.read(size)
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(data, final=not data)
        except UnicodeDecodeError as problem:
            raise not_text(problem, done - kept) from problem
        if not data:
            return
        done += len(data)


def not_text(problem: UnicodeDecodeError, before: int = 0) -> BadJob:
    """Return the refusal of bytes that are no UTF-8, and lie behind `before` others."""
    return BadJob(
        "not-text", f"the numbers are no UTF-8 text: {problem.reason} at byte {before + problem.start}"
    )


def pieces(file: BinaryIO, size: int = PIECE_BYTES) -> Iterator[str]:
    """Yield UTF-8 text from the file's start, a piece for about `size` bytes.

    No number and no line end is in two pieces. Of a word that is too long for a number only so much
    is kept that this can be seen.
    """
    file.seek(0)
    decoder, rest, begun = codecs.getincrementaldecoder("utf-8")(), "", False
    while data := file.read(size):
        text = rest + decoder.decode(data)
        if not begun and text:
            text, begun = text.removeprefix("\ufeff"), True
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
        cut = max(cut, text.rfind(",") if found is None else found.start())
    if cut > 0 and text[cut - 1 : cut + 1] == "\r\n":
        cut -= 1
    return max(0, cut)


class NumbersFile:
    """Numbers in a file, read like `numbers.text_reader.parse_numbers` reads a text, a list at a time."""

    def __init__(self, file: BinaryIO, size: int = PIECE_BYTES) -> None:
        self._file, self._size = file, size
        self._commas = CommaHabit()

    def __iter__(self) -> Iterator[list[Number]]:
        """Yield all numbers. Raises `BadJob` like `parse_numbers`."""
        check_text(self._file, self._size)
        found = False
        for piece in pieces(self._file, self._size):
            words = words_of(piece)
            if not words:
                continue
            found = True
            try:
                yield read_words(words, piece)
            except NoNumber:
                raise bad_numbers(problems_in(lambda: pieces(self._file, self._size))) from None
            self._commas.look(piece)
        if not found:
            raise no_numbers()

    @property
    def note(self) -> str | None:
        """A sentence if the commas look like decimal commas; known when all numbers were read."""
        return self._commas.note
