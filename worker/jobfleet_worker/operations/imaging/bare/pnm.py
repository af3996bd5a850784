"""PBM, PGM and PPM files without comments (https://netpbm.sourceforge.net/doc/ppm.html)."""

import re
from collections.abc import Iterator

_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(
    rb"P(?:(?P<bits>[14])|(?P<samples>[2356]))" + _SPACE + rb"(?P<width>\d{1,9})" + _SPACE
    + rb"(?P<height>\d{1,9})(?(samples)" + _SPACE + rb"(?P<top>\d{1,5}))(?:\s|(?=#))"
)  # fmt: skip
_COMMENT = re.compile(rb"#[^\r\n]*")
_COLOURS = (b"3", b"6")
_NUMBERS_A_LINE = 12


def bare_pnm(data: bytes) -> Iterator[bytes] | None:
    """Yield the head and the pixels of the first picture; None for another kind of file."""
    header = _HEADER.match(data)
    if header is None:
        return None
    kind = header["bits"] or header["samples"]
    width, height = int(header["width"]), int(header["height"])
    top = b"" if header["bits"] else header["top"] + b"\n"
    head = b"P%s\n%d %d\n%s" % (kind, width, height, top)
    samples = width * height * (3 if kind in _COLOURS else 1)
    if kind in b"123":
        return _text(head, _COMMENT.sub(b" ", data[header.end() :]), samples, bits=kind == b"1")
    length = (width + 7) // 8 * height if kind == b"4" else samples * (1 if int(header["top"]) < 256 else 2)
    return iter([head, data[header.end() : header.end() + length]])


def _text(head: bytes, text: bytes, samples: int, *, bits: bool) -> Iterator[bytes]:
    """Yield a picture in text. Single bits need no space between."""
    numbers = [b"%c" % bit for bit in b"".join(text.split())] if bits else text.split()
    yield head
    for at in range(0, samples, _NUMBERS_A_LINE):
        yield b" ".join(numbers[at : min(at + _NUMBERS_A_LINE, samples)]) + b"\n"
