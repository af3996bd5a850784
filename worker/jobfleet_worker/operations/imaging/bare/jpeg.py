"""JPEG files without metadata (ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf)."""

import struct
from collections.abc import Iterator

_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})

# The segments that say how to decode: frames, Huffman and arithmetic tables, quantisation, restarts,
# numbers of lines, and scans. JPG and JPG0 to JPG13 are reserved, and say nothing that a decoder knows.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDE, 0xDF})
_RESTARTS = 0xDD

_JFIF, _PROFILE, _ADOBE = (0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe")
# Version, unit and resolution; behind them the sides of a thumbnail, and it.
_JFIF_BYTES = 12
# Behind the name a version, flags, and the transform of the colours.
_ADOBE_BYTES = 12


def bare_jpeg(data: bytes) -> Iterator[bytes]:
    """Yield what decodes the first picture, its colour profile, its resolution and its colour transform.

    Raises `IndexError` or `struct.error` where the file ends too early.
    """
    yield data[:2]
    at, once = 2, set()
    while True:
        marker, at = _next_marker(data, at)
        if marker == _END:
            yield b"\xff\xd9"
            return
        if marker in _WITHOUT_LENGTH:
            continue
        body = data[at + 2 : at + struct.unpack_from(">H", data, at)[0]]
        kept = _kept(marker, body)
        if kept is not None and marker not in once:
            yield struct.pack(">BBH", 0xFF, marker, len(kept) + 2) + kept
        if marker in (_JFIF[0], _ADOBE[0]) and kept is not None:
            once.add(marker)
        at += 2 + len(body)
        if marker == _SCAN:
            start, at = at, _end_of_scan(data, at)
            yield data[start:at]


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker that follows and the place behind it: decoders skip what stands before one."""
    while True:
        at = data.index(b"\xff", at)
        while data[at] == 0xFF:
            at += 1
        if data[at]:
            return data[at], at + 1


def _kept(marker: int, body: bytes) -> bytes | None:
    """Return what stays of a segment, None if nothing does."""
    if marker in _FRAMES:
        return body[: 6 + 3 * body[5]]
    if marker == _RESTARTS:
        return body[:2]
    if marker in _TABLES or marker == _SCAN:
        return body
    if marker == _JFIF[0] and body.startswith(_JFIF[1]) and len(body) >= _JFIF_BYTES:
        return body[:_JFIF_BYTES] + b"\0\0"
    if marker == _ADOBE[0] and body.startswith(_ADOBE[1]):
        return body[:_ADOBE_BYTES]
    if marker == _PROFILE[0] and body.startswith(_PROFILE[1]):
        return body
    return None


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where coded data ends: at a marker that is neither an escaped 0xFF nor a restart."""
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] not in (0x00, 0xFF, *range(0xD0, 0xD8)):
            return at
        at += 1 if data[at + 1] == 0xFF else 2
