"""BMP files in every layout, written from their samples, whose lowest row comes first unless `top_down`."""

import struct

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.integer]


def bmp(
    pixels: Samples, depth: int, *, header: int = 40, coding: int = 0, palette: bytes = b"",
    masks: tuple[int, ...] = (), top_down: bool = False, body: bytes | None = None, colours: int = 0,
    more: bytes = b"",
) -> bytes:  # fmt: skip
    """Return a file of pixels (height, width) as the numbers that stand in it.

    `palette` is as it stands in the file, too. `more` is put behind the pixels.
    """
    height, width = pixels.shape
    if body is None:
        body = b"".join(_row(row, depth) for row in (pixels if top_down else pixels[::-1]))
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, depth)
    else:
        head = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, depth, coding,
                           len(body), 11_811, 3_937, colours, 0)[:header]  # fmt: skip
        if masks and header >= 52:
            head += struct.pack(f"<{len(masks)}I", *masks)
        head = head.ljust(header, b"\0")[:header]
        if masks and header == 40:
            head += struct.pack(f"<{len(masks)}I", *masks)
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + palette + body + more


def palette_of(colours: NDArray[np.uint8], *, padded: bool = True) -> bytes:
    """Return colours (count, 3) as a BMP's palette."""
    return b"".join(bytes(colour[::-1]) + (b"\0" if padded else b"") for colour in colours)


def runs(pixels: Samples, *, four: bool) -> bytes:
    """Return pixels in runs: a row in turn in equal ones, stored as it is, and in a mixture."""
    out = b""
    for number, row in enumerate(pixels[::-1]):
        values = row.tolist()
        if number % 3 == 1 and len(values) > 2:
            out += bytes([0, len(values)]) + _stored(values, four=four)
        else:
            for value in values:
                out += bytes([1, value << 4 if four else value])
        out += b"\0\0"
    return out + b"\0\1"


def _stored(values: list[int], *, four: bool) -> bytes:
    if four:
        padded = [*values, *([0] * (len(values) % 2))]
        data = bytes(first << 4 | second for first, second in zip(padded[::2], padded[1::2], strict=True))
    else:
        data = bytes(values)
    return data + b"\0" * (len(data) % 2)


def _row(row: Samples, depth: int) -> bytes:
    if depth < 8:
        bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
        data = np.packbits(bits.reshape(-1).astype(np.uint8)).tobytes()
    else:
        data = b"".join(int(value).to_bytes(depth // 8, "little") for value in row)
    return data + bytes(-len(data) % 4)
