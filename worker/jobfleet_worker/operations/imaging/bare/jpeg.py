"""JPEG files without metadata (ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf)."""

import struct
from collections.abc import Iterator
from itertools import pairwise

from jobfleet_worker.operations.imaging.stills.jpeg import checked_jpeg
from jobfleet_worker.operations.imaging.stills.jpeg_segments import BEGINS, END, ENDS, FRAMES, SCAN, segments

# The segments that say how to decode: frames, Huffman and arithmetic tables, quantisation, restarts,
# numbers of lines, and scans. JPG and JPG0 to JPG13 are reserved, and say nothing that a decoder knows.
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDE, 0xDF})
_RESTARTS = 0xDD

_JFIF, _PROFILE, _ADOBE = (0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe")
# Version, unit and resolution; behind them the sides of a thumbnail, and it.
_JFIF_BYTES = 12
# Behind the name a version, flags, and the transform of the colours.
_ADOBE_BYTES = 12
_COUNTS_ONCE = frozenset({_JFIF[0], _ADOBE[0]})


def bare_jpeg(data: bytes) -> Iterator[bytes]:
    """Yield what decodes the first picture, its colour profile, its resolution and its colour transform.

    Raises `IndexError` where a segment is too short, and `ValueError` where there is no end mark.
    """
    data = checked_jpeg(data)
    parts = list(segments(data, len(BEGINS)))
    if parts[-1].marker != END:
        raise ValueError("no end mark")
    kept = {
        part: body for part in parts if (body := _kept(part.marker, data[part.begin : part.end])) is not None
    }
    # Of some the last one counts, and others would be room for words.
    last = {part.marker: part for part in kept}
    yield BEGINS
    for part, following in pairwise(parts):
        if part in kept and (part.marker not in _COUNTS_ONCE or part is last[part.marker]):
            yield struct.pack(">BBH", 0xFF, part.marker, len(kept[part]) + 2) + kept[part]
        if part.marker == SCAN:
            yield data[part.end : following.place]
    yield ENDS


def _kept(marker: int, body: bytes) -> bytes | None:
    """Return what stays of a segment, None if nothing does."""
    if marker in FRAMES:
        return body[: 6 + 3 * body[5]]
    if marker == _RESTARTS:
        return body[:2]
    if marker in _TABLES or marker == SCAN:
        return body
    if marker == _JFIF[0] and body.startswith(_JFIF[1]) and len(body) >= _JFIF_BYTES:
        return body[:_JFIF_BYTES] + b"\0\0"
    if marker == _ADOBE[0] and body.startswith(_ADOBE[1]):
        return body[:_ADOBE_BYTES]
    if marker == _PROFILE[0] and body.startswith(_PROFILE[1]):
        return body
    return None
