"""GIF, written and read by hand (https://www.w3.org/Graphics/GIF/spec-gif89a.txt)."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tests.films import CLEAR, KEEP, RESTORE, Drawn, Watched, watched
from tests.pictures import Pixels

_AFTER = {2: CLEAR, 3: RESTORE}


@dataclass(frozen=True)
class GifPart:
    """An image in a GIF: places in the palette, `delay` in hundredths; None for no block that says so."""

    places: Pixels
    left: int = 0
    top: int = 0
    delay: int | None = 10
    disposal: int = 0
    clear: int | None = None
    palette: Pixels | None = None
    interlaced: bool = False


def gif(
    size: tuple[int, int], parts: Sequence[GifPart], palette: Pixels | None, *,
    repeats: int | None = None, background: int = 0, between: bytes = b"", version: bytes = b"89a",
) -> bytes:  # fmt: skip
    """Return a GIF of a width and height, with no word on repeats if that is None."""
    found = [b"GIF", version, struct.pack("<HHBBB", *size, _flags(palette), background, 0), _table(palette)]
    if repeats is not None:
        found.append(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", repeats, 0))
    for part in parts:
        found.append(between)
        if part.delay is not None:
            packed = part.disposal << 2 | (part.clear is not None)
            found.append(
                struct.pack("<4sHBB", b"!\xf9\x04" + bytes([packed]), part.delay, part.clear or 0, 0)
            )
        height, width = part.places.shape
        flags = _flags(part.palette) | part.interlaced << 6
        found.append(struct.pack("<sHHHHB", b",", part.left, part.top, width, height, flags))
        found.append(_table(part.palette) + coded(_rows_as_stored(part.places, part.interlaced).tobytes()))
    return b"".join(found) + b";"


def coded(values: bytes) -> bytes:
    """Return values below 256 as GIF codes them: codes of nine bits, begun anew before they grow."""
    bits, count = 0, 0
    for number, value in enumerate(values):
        if number % 200 == 0:
            bits, count = bits | 256 << count, count + 9
        bits, count = bits | value << count, count + 9
    bits, count = bits | 257 << count, count + 9
    stream = bits.to_bytes((count + 7) // 8, "little")
    blocks = [stream[at : at + 255] for at in range(0, len(stream), 255)]
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def decoded(data: bytes) -> bytes:
    """Return the values in an image's data, blocks and all."""
    smallest, at, stream = data[0], 1, b""
    while data[at]:
        stream += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    bits, clear = int.from_bytes(stream, "little"), 1 << smallest
    words: list[bytes] = []
    last, width, values = b"", smallest + 1, bytearray()
    while bits or stream:
        code, bits = bits & ((1 << width) - 1), bits >> width
        if code == clear:
            words = [bytes([value]) for value in range(clear)] + [b"", b""]
            last, width = b"", smallest + 1
            continue
        if code == clear + 1:
            break
        word = words[code] if code < len(words) else last + last[:1]
        if last and len(words) < 4096:
            words.append(last + word[:1])
        values += word
        last = word
        if len(words) == 1 << width and width < 12:
            width += 1
    return bytes(values)


def watch_gif(data: bytes) -> Watched:
    """Show a GIF as browsers do."""
    size, flags = struct.unpack_from("<HH", data, 6), data[10]
    common, at = _palette(data, 13, flags)
    drawings, repeats, plays = [], None, 1
    delay, disposal, clear = 0, 0, None
    while data[at : at + 1] != b";":
        if data[at : at + 2] == b"!\xf9":
            packed, delay, index = struct.unpack_from("<BHB", data, at + 3)
            disposal, clear = packed >> 2 & 7, index if packed & 1 else None
        if data[at : at + 14] == b"!\xff\x0bNETSCAPE2.0":
            repeats = struct.unpack_from("<H", data, at + 16)[0]
            plays = repeats + 1 if repeats else 0
        if data[at : at + 1] == b"!":
            at = _end_of_blocks(data, at + 2)
            continue
        assert data[at : at + 1] == b","
        left, top, width, height, flags = struct.unpack_from("<HHHHB", data, at + 1)
        palette, begin = _palette(data, at + 10, flags)
        at = _end_of_blocks(data, begin + 1)
        places = np.frombuffer(decoded(data[begin:at]), np.uint8).reshape(height, width)
        places = _rows_as_seen(places, flags & 0x40)
        colours = palette if flags & 0x80 else common
        pixels = np.dstack([colours[places], np.where(places == clear, 0, 255).astype(np.uint8)])
        if not drawings:
            size = (max(size[0], left + width), max(size[1], top + height))
        drawings.append(Drawn(pixels, left, top, delay * 10, _AFTER.get(disposal, KEEP), over=True))
        delay, disposal, clear = 0, 0, None
    return watched(size, drawings, plays)


def _flags(palette: Pixels | None) -> int:
    return 0 if palette is None else 0x80 | len(palette).bit_length() - 2


def _table(palette: Pixels | None) -> bytes:
    return b"" if palette is None else palette.astype(np.uint8).tobytes()


def _palette(data: bytes, at: int, flags: int) -> tuple[Pixels, int]:
    count = 2 << (flags & 7) if flags & 0x80 else 0
    found = np.frombuffer(data[at : at + 3 * count], np.uint8).reshape(count, 3)
    return np.vstack([found, np.zeros((256 - count, 3), np.uint8)]), at + 3 * count


def _end_of_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _order(height: int) -> Iterator[int]:
    for first, step in ((0, 8), (4, 8), (2, 4), (1, 2)):
        yield from range(first, height, step)


def _rows_as_stored(places: Pixels, interlaced: bool) -> Pixels:
    return places[list(_order(len(places)))] if interlaced else places


def _rows_as_seen(places: Pixels, interlaced: int) -> Pixels:
    if not interlaced:
        return places
    found = np.empty_like(places)
    found[list(_order(len(places)))] = places
    return found
