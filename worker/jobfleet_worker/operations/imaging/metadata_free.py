"""Image files without what they say beside the pixels, and without a change to those.

What is kept is named and everything else goes, so what nobody here has heard of goes too.
"""

import struct
from collections.abc import Callable, Iterator, Mapping

# JPEG segments: those that say how to decode, and of the application's the colour transform and the profile.
_JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_JPEG_APPLICATION = range(0xE0, 0xF0)
_JPEG_COMMENT, _JPEG_SCAN, _JPEG_END = 0xFE, 0xDA, 0xD9
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})

# https://www.w3.org/TR/png-3/#11Ancillary-chunks
_PNG_KEPT = frozenset({
    b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs", b"bKGD", b"hIST", b"cICP", b"mDCV",
    b"cLLI", b"acTL", b"fcTL", b"fdAT",
})  # fmt: skip

# https://developers.google.com/speed/webp/docs/riff_container
_WEBP_KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_FLAGS_GONE = 0b1100  # EXIF and XMP

# https://www.w3.org/Graphics/GIF/spec-gif89a.txt
_GIF_EXTENSION, _GIF_IMAGE, _GIF_END = 0x21, 0x2C, 0x3B
_GIF_CONTROL, _GIF_APPLICATION = 0xF9, 0xFF
_GIF_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")


def bare_file(data: bytes, kind: str) -> bytes | None:
    """Return the file of a readable image without metadata, and without anything behind its end.

    None for a format of which that is not done, or a file laid out as none is known to be: it must
    be decoded and written anew.
    """
    parts = _PARTS.get(kind)
    if parts is None:
        return None
    try:
        bare = b"".join(parts(data))
    except (IndexError, struct.error):
        return None
    return _with_size(bare) if kind == "WEBP" else bare


def _jpeg(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    at = 2
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if marker == _JPEG_END:
            yield data[at : at + 2]
            return
        if data[at] != 0xFF:
            raise IndexError
        end = at + 2
        if marker not in _JPEG_WITHOUT_LENGTH:
            end += struct.unpack_from(">H", data, at + 2)[0]
        if _jpeg_keeps(marker, data[at + 4 : at + 16]):
            yield data[at:end]
        if marker == _JPEG_SCAN:
            start, end = end, _end_of_scan(data, end)
            yield data[start:end]
        at = end


def _jpeg_keeps(marker: int, begins: bytes) -> bool:
    if marker in _JPEG_APPLICATION:
        return marker in _JPEG_KEPT and begins.startswith(_JPEG_KEPT[marker])
    return marker != _JPEG_COMMENT


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where coded data ends: at a marker that is neither an escaped 0xFF nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise IndexError
        if data[at + 1] not in (0x00, 0xFF, *range(0xD0, 0xD8)):
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _png(data: bytes) -> Iterator[bytes]:
    yield data[:8]
    at, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind[:1].isupper() or kind in _PNG_KEPT:
            yield data[at:end]
        at = end


def _webp(data: bytes) -> Iterator[bytes]:
    yield data[:12]
    at, file_end = 12, 8 + struct.unpack_from("<I", data, 4)[0]
    while at + 8 <= file_end:
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if kind == b"VP8X":
            yield data[at : at + 8] + bytes([data[at + 8] & ~_WEBP_FLAGS_GONE]) + data[at + 9 : end]
        elif kind in _WEBP_KEPT:
            yield data[at:end]
        at = end


def _with_size(webp: bytes) -> bytes:
    return webp[:4] + struct.pack("<I", len(webp) - 8) + webp[8:]


def _gif(data: bytes) -> Iterator[bytes]:
    at = 13 + _gif_colours(data[10])
    yield data[:at]
    while data[at] != _GIF_END:
        if data[at] == _GIF_IMAGE:
            end = _gif_blocks_end(data, at + 10 + _gif_colours(data[at + 9]) + 1)
            yield data[at:end]
        elif data[at] == _GIF_EXTENSION:
            end = _gif_blocks_end(data, at + 2)
            loops = data[at + 1] == _GIF_APPLICATION and data[at + 2 : end].startswith(_GIF_LOOPS)
            if loops or data[at + 1] == _GIF_CONTROL:
                yield data[at:end]
        else:
            raise IndexError
        at = end
    yield data[at : at + 1]


def _gif_colours(flags: int) -> int:
    """Return the length in bytes of the colour table that a descriptor's flags tell of."""
    return 3 * 2 ** ((flags & 0b111) + 1) if flags & 0b1000_0000 else 0


def _gif_blocks_end(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


_PARTS: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
}
