"""JPEG files of flat blocks, written by hand, so that what they show is known without a decoder.

ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf; JFIF: ITU-T T.871.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_QUANTIZATION = b"\xff\xdb\0\x43\0" + b"\x08" + bytes([1]) * 63
# Twelve categories with codes of four bits, and a single code of one bit: the block has no other values.
_HUFFMAN = b"\xff\xc4\0\x1f\0" + bytes([0, 0, 0, 12, *[0] * 12]) + bytes(range(12))
_HUFFMAN += b"\xff\xc4\0\x14\x10" + bytes([1, *[0] * 15]) + b"\0"


def adobe(transform: int) -> bytes:
    """Return the segment by which Adobe's programs say what the channels are."""
    return b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])


@dataclass(frozen=True)
class Channel:
    """One channel: its name in the file, how many blocks of a unit it has, and each block's value."""

    name: int
    across: int
    down: int
    values: NDArray[np.integer]


def jpeg(
    channels: Sequence[Channel], before: bytes = JFIF, *, frame: int = 0xC0, precision: int = 8,
    restart: int = 0, apart: bool = False, size: tuple[int, int] | None = None,
) -> bytes:  # fmt: skip
    """Return a file of whole units, each block flat. `apart`: each channel has a scan of its own."""
    wide, high = max(c.across for c in channels), max(c.down for c in channels)
    rows, columns = channels[0].values.shape
    units = rows // channels[0].down, columns // channels[0].across
    width, height = size or (units[1] * wide * 8, units[0] * high * 8)
    head = struct.pack(">BHHB", precision, height, width, len(channels))
    head += b"".join(bytes([c.name, c.across << 4 | c.down, 0]) for c in channels)
    out = (
        b"\xff\xd8" + before + _QUANTIZATION + bytes([0xFF, frame]) + struct.pack(">H", len(head) + 2) + head
    )
    out += _HUFFMAN + (b"\xff\xdd\0\4" + struct.pack(">H", restart) if restart else b"")
    for scan in [[c] for c in channels] if apart else [channels]:
        names = b"".join(bytes([c.name, 0]) for c in scan)
        segment = bytes([len(scan)]) + names + b"\0\x3f\0"
        out += b"\xff\xda" + struct.pack(">H", len(segment) + 2) + segment + _coded(scan, restart)
    return out + b"\xff\xd9"


def _coded(scan: Sequence[Channel], restart: int) -> bytes:
    alone = len(scan) == 1
    first = scan[0]
    step = (1, 1) if alone else (first.down, first.across)
    rows, columns = first.values.shape[0] // step[0], first.values.shape[1] // step[1]
    out, bits, before = b"", "", [0] * len(scan)
    for unit in range(rows * columns):
        if restart and unit and unit % restart == 0:
            out += _bytes(bits) + bytes([0xFF, 0xD0 + (unit // restart - 1) % 8])
            bits, before = "", [0] * len(scan)
        row, column = divmod(unit, columns)
        for number, c in enumerate(scan):
            down, across = (1, 1) if alone else (c.down, c.across)
            for block in c.values[
                row * down : (row + 1) * down, column * across : (column + 1) * across
            ].flat:
                bits += _difference(int(block) - 128 - before[number]) + "0"
                before[number] = int(block) - 128
    return out + _bytes(bits)


def _difference(value: int) -> str:
    size = abs(value).bit_length()
    return f"{size:04b}" + (f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else "")


def _bytes(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")


def lossless(shades: NDArray[np.integer]) -> bytes:
    """Return a file of the lossless process: each shade is told by how it differs from the one before."""
    height, width = shades.shape
    head = struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0])
    out = b"\xff\xd8\xff\xc3" + struct.pack(">H", len(head) + 2) + head + _HUFFMAN
    # The predictor 1: the neighbour to the left, and in the first column the one above.
    out += b"\xff\xda\0\x08\1" + bytes([1, 0, 1, 0, 0])
    bits = ""
    for row in range(height):
        for column in range(width):
            before = shades[row, column - 1] if column else shades[row - 1, 0] if row else 128
            bits += _difference(int(shades[row, column]) - int(before))
    return out + _bytes(bits) + b"\xff\xd9"
