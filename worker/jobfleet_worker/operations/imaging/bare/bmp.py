"""BMP files without metadata (https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types)."""

import struct
from collections.abc import Iterator

_FILE_HEAD = 14
_CORE, _INFO, _V4, _V5 = 12, 40, 108, 124
# Windows' heads from the second on: with masks of the colours, and of alpha.
_HEADS = frozenset({_INFO, 52, 56, _V4, _V5})
_RGB, _MASKS, _ALPHA_MASKS = 0, 3, 6
# Two bits a pixel, which hardly any other program reads.
_WINDOWS_CE_BITS = 2
_MASKS_BYTES = {_MASKS: 12, _ALPHA_MASKS: 16}

_EMBEDDED, _LINKED, _SRGB, _CALIBRATED = b"DEBM", b"KNIL", b"BGRs", b"\0\0\0\0"
_COLOUR_SPACE, _ENDPOINTS_END = 56, 108
_PROFILE_PLACE, _PROFILE_END = 112, 120


def bare_bmp(data: bytes) -> Iterator[bytes] | None:
    """Yield head, palette, pixels and colour profile; None for rare ways to code them, or a rare head.

    None, too, for a file that says its pixels begin before they can, which readers mend each in its way.

    Raises `struct.error` or `ValueError` for a damaged file.
    """
    size = struct.unpack_from("<I", data, _FILE_HEAD)[0]
    if size == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        if _begin_too_early(data, size, bits):
            return None
        return _file(data, bytearray(data[14:26]), (width, height, bits), 3 * 2**bits if bits <= 8 else 0)
    if size not in _HEADS:
        return None
    width, height, _, bits, coding = struct.unpack_from("<iiHHI", data, 18)
    if coding not in (_RGB, *_MASKS_BYTES) or bits == _WINDOWS_CE_BITS:
        return None
    head = bytearray(data[_FILE_HEAD : _FILE_HEAD + size])
    masks = _MASKS_BYTES.get(coding, 0) if size == _INFO else 0
    if _begin_too_early(data, size + masks, bits):
        return None
    used = struct.unpack_from("<I", head, 32)[0]
    if bits > 8:
        struct.pack_into("<I", head, 32, 0)  # a palette for screens of few colours
    elif used > 2**bits:
        # There are no more than a pixel can say, nor than lie before the pixels; some readers take the word.
        start = struct.unpack_from("<I", data, 10)[0]
        struct.pack_into("<I", head, 32, max(0, min(2**bits, (start - _FILE_HEAD - size - masks) // 4)))
    colours = min(used or 2**bits, 2**bits) if bits <= 8 else 0
    return _file(data, head, (width, abs(height), bits), masks + 4 * colours)


def _begin_too_early(data: bytes, head: int, bits: int) -> bool:
    """Tell whether the pixels are said to begin in the head and masks, or where a palette has to begin."""
    start = struct.unpack_from("<I", data, 10)[0]
    return bool(start < _FILE_HEAD + head + (bits <= 8))


def _file(data: bytes, head: bytearray, shape: tuple[int, int, int], table: int) -> Iterator[bytes]:
    """Yield a file; `shape` is width, height and bits a pixel, `table` the bytes of masks and palette."""
    start = struct.unpack_from("<I", data, 10)[0]
    behind = _FILE_HEAD + len(head)
    colours = data[behind : min(behind + table, start)]
    pixels = _rows(data[start:], *shape)
    profile = _with_profile(data, head, len(head) + len(colours) + len(pixels))
    at = behind + len(colours)
    if len(head) > _CORE:
        struct.pack_into("<I", head, 20, len(pixels))
    yield struct.pack("<2sIII", b"BM", at + len(pixels) + len(profile), 0, at)
    yield bytes(head)
    yield colours
    yield pixels
    yield profile


def _rows(data: bytes, width: int, height: int, bits: int) -> bytes:
    """Return the rows, each filled up to four bytes with zeros. Raises `ValueError` if there are too few."""
    shown, stored = (width * bits + 7) // 8, (width * bits + 31) // 32 * 4
    if len(data) < stored * height:
        raise ValueError("rows are missing")
    if shown == stored:
        return data[: stored * height]
    filled = bytes(stored - shown)
    return b"".join(data[at : at + shown] + filled for at in range(0, stored * height, stored))


def _with_profile(data: bytes, head: bytearray, at: int) -> bytes:
    """Return the colour profile, which will lie at a place counted from the head, and say so in the head.

    A profile that is only named goes: the name is a path on the sender's machine.
    """
    if len(head) < _V4:
        return b""
    space = bytes(head[_COLOUR_SPACE : _COLOUR_SPACE + 4])
    if space != _CALIBRATED:
        head[_COLOUR_SPACE + 4 : _ENDPOINTS_END] = bytes(_ENDPOINTS_END - _COLOUR_SPACE - 4)
    if space == _LINKED:
        head[_COLOUR_SPACE : _COLOUR_SPACE + 4] = _SRGB
    if len(head) < _V5:
        return b""
    place, length = struct.unpack_from("<II", head, _PROFILE_PLACE)
    head[_PROFILE_PLACE:_V5] = bytes(_V5 - _PROFILE_PLACE)
    profile = data[_FILE_HEAD + place : _FILE_HEAD + place + length] if space == _EMBEDDED else b""
    if profile:
        struct.pack_into("<II", head, _PROFILE_PLACE, at, len(profile))
    return profile
