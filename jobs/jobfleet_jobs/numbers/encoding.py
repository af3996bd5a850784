"""The bytes of a file as text: UTF-8, or UTF-16 and UTF-32 as Windows' programs write them."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from jobfleet_jobs.errors import BadJob

PIECE_BYTES = 1024 * 1024

# So many bytes at the start tell what a file is.
HEAD_BYTES = 4096

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, with whose mark it begins.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Digits, and nearly all that stands beside them, in several bytes of which these are nothing.
_EMPTY_BYTES = (
    ("utf-32-le", 4, (1, 2, 3)),
    ("utf-32-be", 4, (0, 1, 2)),
    ("utf-16-le", 2, (1,)),
    ("utf-16-be", 2, (0,)),
)

# What no text has, but for UTF-16 and UTF-32.
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a]")

_AS_CSV = "save its table as CSV (UTF-8) and give that file"
# What files of other kinds begin with.
_KINDS = (
    (b"\xd0\xcf\x11\xe0", "an old Office file, such as an Excel workbook (.xls)", _AS_CSV),
    (b"{\\rtf", "a document of a word processor (RTF)", "save it as plain text (UTF-8)"),
    (b"%PDF", "a PDF", "copy its numbers into a text file"),
    (b"\x1f\x8b", "compressed (gzip), as are R's .rds and .RData and Gnumeric's own files",
     "unpack it, or write a CSV"),
    (b"BZh", "compressed (bzip2)", "unpack it"),
    (b"\xfd7zXZ", "compressed (xz)", "unpack it"),
    (b"$FL2", "SPSS data (.sav)", "save it as CSV there"),
    (b"$FL3", "compressed SPSS data (.zsav)", "save it as CSV there"),
    (b"MATLAB 5", "MATLAB data (.mat)", "write it with `writematrix` or `dlmwrite`"),
    (b"\x93NUMPY", "a NumPy array (.npy)", "write it with `numpy.savetxt`"),
    (b"\x89HDF", "HDF5 data", "write its table as CSV"),
    (b"PAR1", "a Parquet file", "write it as CSV"),
    (b"SQLite format 3", "a SQLite database", "write its table as CSV"),
    (b"\x89PNG", "a PNG image", "give a text of numbers"),
    (b"\xff\xd8\xff", "a JPEG image", "give a text of numbers"),
    (b"GIF8", "a GIF image", "give a text of numbers"),
)  # fmt: skip
# These look like text at first.
_TEXTS = (b"{\\rtf", b"%PDF")
_IN_ZIP = (
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)"),
    (b"xl/", "an Excel workbook (.xlsx)"),
    (b"[Content_Types].xml", "an Office file, such as an Excel workbook (.xlsx)"),
    (b"Index/", "a document of Apple's Numbers (.numbers)"),
)


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text from the bytes it begins with, `HEAD_BYTES` if it has as many.

    Raises `BadJob` for a file of a well-known kind that is no text.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    _refuse_other_kinds(head)
    if b"\0" in head:
        for encoding, width, empty in _EMPTY_BYTES:
            units, rest = divmod(len(head), width)
            if not rest and all(head[place::width].count(0) >= units / 2 for place in empty):
                return encoding
    return "utf-8"


def encoding_of_file(file: BinaryIO) -> str:
    """Return the encoding of a file, which is at its start again. Raises `BadJob` as `encoding_of`."""
    file.seek(0)
    head = b""
    while len(head) < HEAD_BYTES and (more := file.read(HEAD_BYTES - len(head))):
        head += more
    file.seek(0)
    return encoding_of(head)


def text_of(data: bytes) -> str:
    """Return bytes as text, without a byte order mark. Raises `BadJob`."""
    encoding = encoding_of(data[:HEAD_BYTES])
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        raise _not_text(
            problem.reason, problem.start, _Lines().after(data[: problem.start]), encoding
        ) from problem


def text_pieces(file: BinaryIO, size: int = PIECE_BYTES) -> Iterator[str]:
    """Yield a file's text from its start, a piece for each `size` bytes. Raises `BadJob` as `text_of`."""
    encoding = encoding_of_file(file)
    decoder, lines, done, begun = codecs.getincrementaldecoder(encoding)(), _Lines(), 0, False
    while True:
        data = file.read(size)
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as problem:
            # What the decoder had kept of a character stands before the data; no line ends in it.
            start = problem.start - (len(problem.object) - len(data))
            line = lines.after(data[: max(0, start)])
            raise _not_text(problem.reason, done + start, line, encoding) from problem
        if text and not begun:
            text, begun = text.removeprefix("\ufeff"), True
        if text:
            yield text
        if not data:
            return
        done += len(data)
        lines.after(data)


class _Lines:
    """Counts lines by their bytes, also where only carriage returns end them."""

    def __init__(self) -> None:
        self._feeds = self._returns = 0

    def after(self, data: bytes) -> int:
        """Count what follows, and return the line behind it."""
        self._feeds += data.count(b"\n")
        self._returns += data.count(b"\r")
        return (self._feeds or self._returns) + 1


def _not_text(reason: str, place: int, line: int, encoding: str) -> BadJob:
    if encoding != "utf-8":
        mend = "save the file as UTF-8"
        return BadJob(
            "not-text", f"the input is no {encoding.upper()} text: {reason} at byte {place}; {mend}"
        )
    return BadJob(
        "not-text",
        f"the input is no UTF-8 text: {reason} at byte {place}, in line {line}; if the file is in an older "
        "encoding (Windows-1252, Latin-1), save it as UTF-8 (in Excel as `CSV UTF-8`)",
    )


def _refuse_other_kinds(head: bytes) -> None:
    for begin, kind, mend in _KINDS:
        if head.startswith(begin) and (begin in _TEXTS or _CONTROL.search(head)):
            raise _no_text(kind, mend)
    if head.startswith(b"PK\x03\x04"):
        for inside, kind in _IN_ZIP:
            if inside in head:
                raise _no_text(kind, _AS_CSV)
        raise _no_text("a ZIP archive", "unpack it")


def _no_text(kind: str, mend: str) -> BadJob:
    return BadJob("not-text", f"the input is no UTF-8 text: the file is {kind}; {mend}")
