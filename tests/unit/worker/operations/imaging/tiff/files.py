"""TIFF files of any layout, written plainly: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf."""

import lzma
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS, LZMA = 1, 5, 8, 32_946, 32_773, 34_925
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3, "c": 6}
_SHORT, _LONG, _LONG8 = 3, 4, 16
_STRUCT = {1: "B", _SHORT: "H", _LONG: "I", 9: "I", _LONG8: "Q"}


@dataclass(frozen=True)
class Page:
    """A directory's tags, the strips or tiles of its picture, and the directories below it."""

    tags: Mapping[int, Any]
    segments: Sequence[bytes] = ()
    below: Sequence["Page"] = ()


@dataclass(frozen=True)
class Layout:
    """How samples lie in a page. `tile` is width and height, `rows` those of a strip."""

    photometric: int
    bits: int | None = None
    extras: tuple[int, ...] = ()
    planar: int = 1
    compression: int = NONE
    predictor: int = 1
    fill_order: int = 1
    order: str = "<"
    big: bool = False
    tile: tuple[int, int] | None = None
    rows: int | None = None
    tags: Mapping[int, Any] = field(default_factory=dict)


def tiff(samples: Array, layout: Layout) -> bytes:
    """Return a file with one page of samples, shaped (height, width) or (height, width, channels)."""
    return assembled([page(samples, layout)], order=layout.order, big=layout.big)


def page(samples: Array, layout: Layout) -> Page:
    """Return samples as a page of that layout."""
    samples = samples.reshape(*samples.shape[:2], -1)
    height, width, channels = samples.shape
    bits = layout.bits or samples.dtype.itemsize * 8
    tags: dict[int, Any] = {
        256: width, 257: height, 258: [bits] * channels, 259: layout.compression,
        262: layout.photometric, 277: channels, 284: layout.planar, 317: layout.predictor,
        339: [_SAMPLE_FORMATS[samples.dtype.kind]] * channels,
    }  # fmt: skip
    if layout.extras:
        tags[338] = list(layout.extras)
    if layout.fill_order != 1:
        tags[266] = layout.fill_order
    planes = [samples] if layout.planar == 1 else [samples[..., [n]] for n in range(channels)]
    if layout.tile:
        tags[322], tags[323] = layout.tile
        blocks = [block for plane in planes for block in _tiles(plane, *layout.tile)]
    else:
        rows = layout.rows or height
        tags[278] = rows
        blocks = [plane[top : top + rows] for plane in planes for top in range(0, height, rows)]
    return Page({**tags, **layout.tags}, [_coded(block, bits, layout) for block in blocks])


def _tiles(plane: Array, width: int, height: int) -> list[Array]:
    down, across = -(-plane.shape[0] // height), -(-plane.shape[1] // width)
    whole = np.zeros((down * height, across * width, plane.shape[2]), plane.dtype)
    whole[: plane.shape[0], : plane.shape[1]] = plane
    return [whole[y * height :][:height, x * width :][:, :width] for y in range(down) for x in range(across)]


def _coded(block: Array, bits: int, layout: Layout) -> bytes:
    if layout.predictor == 2:
        block = np.concatenate([block[:, :1], block[:, 1:] - block[:, :-1]], axis=1)
    data = packed(block, bits, layout.order)
    coded = compressed(data, layout.compression)
    if layout.fill_order == 2:
        coded = np.packbits(np.unpackbits(np.frombuffer(coded, np.uint8), bitorder="little")).tobytes()
    return coded


def packed(block: Array, bits: int, order: str = "<") -> bytes:
    """Return samples as bytes, each row filled up to a whole one; below a byte the high bits come first."""
    if bits == block.dtype.itemsize * 8:
        return block.astype(block.dtype.newbyteorder(order)).tobytes()
    flat = block.reshape(block.shape[0], -1).astype(">u4").view(np.uint8).reshape(block.shape[0], -1, 4)
    return np.packbits(
        np.unpackbits(flat, axis=2)[:, :, 32 - bits :].reshape(block.shape[0], -1), axis=1
    ).tobytes()


def _lzw(data: bytes) -> bytes:
    """Return data as LZW that never lets its table grow beyond codes of nine bits."""
    codes = []
    for start in range(0, len(data), 250):
        codes += [256, *data[start : start + 250]]
    digits = "".join(f"{code:09b}" for code in [*(codes or [256]), 257])
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8)


def _pack_bits(data: bytes) -> bytes:
    parts = [data[start : start + 128] for start in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


_COMPRESSED = {
    NONE: bytes, LZW: _lzw, DEFLATE: zlib.compress, OLD_DEFLATE: zlib.compress, PACKBITS: _pack_bits,
    LZMA: lzma.compress,
}  # fmt: skip


def compressed(data: bytes, compression: int) -> bytes:
    """Return the bytes of a strip compressed."""
    return _COMPRESSED[compression](data)


def assembled(pages: Sequence[Page], *, order: str = "<", big: bool = False) -> bytes:
    """Return pages as a file."""
    file = bytearray(b"II" if order == "<" else b"MM")
    file += struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 0) if big else (42, 0)))
    place = 8 if big else 4
    for each in pages:
        at, place_of_next = _put(file, each, order, big=big)
        struct.pack_into(order + ("Q" if big else "I"), file, place, at)
        place = place_of_next
    return bytes(file)


def _put(file: bytearray, each: Page, order: str, *, big: bool) -> tuple[int, int]:
    """Append a page; return where its directory lies, and where the offset of the next belongs."""
    tags = dict(each.tags)
    if each.below:
        tags[330] = (_LONG, [_put(file, one, order, big=big)[0] for one in each.below])
    tiled = 322 in tags
    if each.segments:
        offsets = []
        for segment in each.segments:
            offsets.append(len(file))
            file += segment + b"\0" * (len(segment) % 2)
        tags.setdefault(324 if tiled else 273, (_LONG, offsets))
        tags.setdefault(325 if tiled else 279, (_LONG, [len(segment) for segment in each.segments]))
    number, room = ("Q", 8) if big else ("I", 4)
    entries = b""
    for tag, value in sorted(tags.items()):
        if value is None:
            continue
        kind, count, body = _encoded(value, order)
        if len(body) > room:
            at = len(file)
            file += body + b"\0" * (len(body) % 2)
            body = struct.pack(order + number, at)
        entries += struct.pack(order + "HH" + number, tag, kind, count) + body.ljust(room, b"\0")
    at = len(file)
    file += struct.pack(order + ("Q" if big else "H"), sum(value is not None for value in tags.values()))
    file += entries + b"\0" * room
    return at, len(file) - room


def _encoded(value: Any, order: str) -> tuple[int, int, bytes]:
    """Return the type, count and bytes of a tag's value: numbers, bytes, text, or a type with numbers."""
    if isinstance(value, bytes):
        return 7, len(value), value
    if isinstance(value, str):
        return 2, len(value) + 1, value.encode() + b"\0"
    if isinstance(value, tuple):
        kind, numbers = value
    else:
        numbers = value if isinstance(value, list) else [value]
        kind = _LONG if max(numbers) > 65_535 else _SHORT
    if kind == 5:  # fractions
        return kind, len(numbers) // 2, struct.pack(f"{order}{len(numbers)}I", *numbers)
    return kind, len(numbers), struct.pack(f"{order}{len(numbers)}{_STRUCT[kind]}", *numbers)
