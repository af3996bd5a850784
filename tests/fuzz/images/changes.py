"""Changes to image files that know how formats are laid out: whole parts, their fields, and single bytes."""

import random
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from tests.fuzz.images.corpus import chunk, files

NUMBERS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    15,
    16,
    127,
    128,
    255,
    256,
    32_767,
    32_768,
    65_535,
    65_536,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
)
_PNG_START = 8

# Boxes that hold others, and how many bytes of their own stand before those.
_HOLDERS = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"iinf": 6,
    b"iref": 4,
    b"dinf": 0,
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
}


def parts_of(data: bytes, kind: str) -> list[bytes]:
    """Return a file in its format's parts, which give the file when they are put together."""
    split = _SPLIT.get(kind)
    return [part for part in (split(data) if split else _pieces(data)) if part]


def changed(choose: random.Random, data: bytes, kind: str) -> tuple[bytes, bool]:
    """Return a file with one change, and whether only whole parts changed their place."""
    if choose.random() < 0.45:
        return _parts_moved(choose, data, kind), True
    if choose.random() < 0.5:
        return _part_edited(choose, data, kind), False
    return edited(choose, data), False


def edited(choose: random.Random, data: bytes) -> bytes:
    """Return bytes with a change that knows nothing of them."""
    if not data:
        return choose.randbytes(choose.randrange(20))
    place = choose.randrange(len(data))
    # What is at the beginning decides most.
    place = min(place, choose.randrange(64)) if choose.random() < 0.4 else place
    kind = choose.randrange(7)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ 1 << choose.randrange(8)]) + data[place + 1 :]
    if kind in (1, 2):
        order, size = choose.choice("<>"), choose.choice("BHI")
        number = choose.choice(NUMBERS) & (2 ** (8 * struct.calcsize(size)) - 1)
        made = struct.pack(order + size, number)
        return data[:place] + made + data[place + len(made) :]
    if kind == 3:
        return data[:place]
    if kind == 4:
        return data[:place] + choose.randbytes(choose.choice((1, 2, 4, 100))) + data[place:]
    if kind == 5:
        return data[:place] + data[place + choose.choice((1, 2, 4, 100)) :]
    return data[:place] + data[choose.randrange(len(data)) :]


def _parts_moved(choose: random.Random, data: bytes, kind: str) -> bytes:
    parts = parts_of(data, kind)
    if len(parts) < 3:
        return data
    place = choose.randrange(1, len(parts))
    match choose.randrange(5):
        case 0:
            del parts[place]
        case 1:
            parts[place:place] = [parts[place]] * choose.choice((1, 2, 40))
        case 2:
            parts.insert(choose.randrange(1, len(parts)), parts.pop(place))
        case 3:
            other = parts_of(choose.choice(files()[kind]), kind)
            parts.insert(place, choose.choice(other[1:] or other))
        case _:
            parts = parts[: place + 1] + parts_of(choose.choice(files()[kind]), kind)[1:]
    return _sized(b"".join(parts), kind)


def _part_edited(choose: random.Random, data: bytes, kind: str) -> bytes:
    parts = parts_of(data, kind)
    if not parts:
        return data
    place = choose.randrange(len(parts))
    part = parts[place]
    if kind == "PNG" and place and len(part) >= 12:
        name, inner = part[4:8], part[8:-4]
        if name == b"IDAT" and choose.random() < 0.7:
            inner = zlib.compress(edited(choose, _inflated(inner)))
        else:
            inner = edited(choose, inner)
        parts[place] = chunk(name, inner)
    else:
        parts[place] = edited(choose, part)
    return _sized(b"".join(parts), kind)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, 1_000_000)
    except zlib.error:  # it was changed before
        return data


def _sized(data: bytes, kind: str) -> bytes:
    return (
        data[:4] + struct.pack("<I", len(data) - 8) + data[8:] if kind == "WEBP" and len(data) > 8 else data
    )


def _png(data: bytes) -> list[bytes]:
    parts, place = [data[:_PNG_START]], _PNG_START
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        parts.append(data[place:end])
        place = end
    return parts


def _jpeg(data: bytes) -> list[bytes]:
    parts, place = [data[:2]], 2
    while place < len(data):
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if data[place + 1 : place + 2] == b"\xda":
            end = data.find(b"\xff\xd9", place)
            end = end if end > place else len(data)
        parts.append(data[place:end])
        place = max(end, place + 2)
    return parts


def _webp(data: bytes) -> list[bytes]:
    parts, place = [data[:12]], 12
    while place < len(data):
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + length + length % 2
        parts.append(data[place:end])
        place = end
    return parts


def _gif(data: bytes) -> list[bytes]:
    """Part it before what looks like the beginning of a block."""
    starts = [n for n in range(13, len(data) - 1) if data[n - 1 : n + 1] in (b"\0!", b"\0,", b"\0;")]
    return _cut(data, [13, *starts])


def _tiff(data: bytes) -> list[bytes]:
    """Part the first directory into its entries."""
    order = "little" if data[:1] == b"I" else "big"
    place = int.from_bytes(data[4:8], order)  # type: ignore[arg-type]
    count = int.from_bytes(data[place : place + 2], order)  # type: ignore[arg-type]
    return _cut(data, [8, place, *range(place + 2, place + 2 + 12 * min(count, 40), 12)])


def _boxes(data: bytes) -> list[bytes]:
    """Part a HEIC or AVIF before each of its boxes, also of those that hold others."""
    starts: list[int] = []

    def note(place: int, end: int) -> None:
        while place + 8 <= end:
            length, name = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
            starts.append(place)
            if name in _HOLDERS:
                note(place + 8 + _HOLDERS[name], min(end, place + length))
            place += max(length, 8)

    note(0, len(data))
    return _cut(data, starts)


def _bmp(data: bytes) -> list[bytes]:
    return _cut(data, [2, 10, 14, 18, 22, 26, 28, 30, 34, 46, 50, 54])


def _ppm(data: bytes) -> list[bytes]:
    head = data[:40]
    return _cut(data, [n + 1 for n, letter in enumerate(head) if letter in b" \n"])


def _pieces(data: bytes) -> list[bytes]:
    return _cut(data, list(range(0, len(data), max(8, len(data) // 20))))


def _cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({0, *(place for place in places if place < len(data)), len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


_SPLIT: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "GIF": _gif,
    "TIFF": _tiff,
    "BMP": _bmp,
    "PPM": _ppm,
    "HEIC": _boxes,
    "AVIF": _boxes,
}
