"""PNG files in every layout, written from their samples: https://www.w3.org/TR/png-3/."""

import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.integer]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
LAYOUTS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8),
           (4, 16), (6, 8), (6, 16)]  # fmt: skip
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, depth: int, colour: int, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def png(
    samples: Samples, depth: int, colour: int, before: Iterable[bytes] = (), *, interlace: bool = False
) -> bytes:
    """Return a PNG of samples (height, width, channels), with the chunks `before` in front of its pixels.

    Each row has another filter than the one before, and the pixels lie in several chunks.
    """
    height, width = samples.shape[:2]
    rows = b""
    for left, top, across, down in _PASSES if interlace else ((0, 0, 1, 1),):
        part = samples[top::down, left::across]
        rows += _filtered(part, depth) if part.size else b""
    packed = zlib.compress(rows)
    pixels = b"".join(chunk(b"IDAT", packed[place : place + 50]) for place in range(0, len(packed), 50))
    head = header(width, height, depth, colour, interlace)
    return SIGNATURE + head + b"".join(before) + pixels + chunk(b"IEND")


def random_samples(width: int, height: int, depth: int, colour: int, seed: int = 3) -> Samples:
    shape = (height, width, CHANNELS[colour])
    return np.random.default_rng(seed).integers(0, 1 << depth, shape, dtype=np.uint16)


def chunks_of(data: bytes) -> dict[bytes, bytes]:
    """Return the bodies of a PNG's chunks by name, the last of each."""
    found, place = {}, 8
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        found[data[place + 4 : place + 8]] = data[place + 8 : place + 8 + length]
        place += 12 + length
    return found


def names_of(data: bytes) -> list[bytes]:
    """Return the names of a PNG's chunks in their order."""
    found, place = [], 8
    while place < len(data):
        found.append(data[place + 4 : place + 8])
        place += 12 + int.from_bytes(data[place : place + 4])
    return found


def _filtered(part: Samples, depth: int) -> bytes:
    step = max(1, part.shape[2] * depth // 8)
    before: Sequence[int] = bytes(len(_packed(part[0], depth)))
    out = bytearray()
    for number, row in enumerate(part):
        line = _packed(row, depth)
        kind = number % 5
        out.append(kind)
        for place, value in enumerate(line):
            left = line[place - step] if place >= step else 0
            above, corner = before[place], before[place - step] if place >= step else 0
            guess = (0, left, above, (left + above) // 2, _paeth(left, above, corner))[kind]
            out.append((value - guess) % 256)
        before = line
    return bytes(out)


def _packed(row: Samples, depth: int) -> bytes:
    flat = row.reshape(-1)
    if depth == 16:
        return flat.astype(">u2").tobytes()
    bits = (flat[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.reshape(-1).astype(np.uint8)).tobytes()


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min(
        (abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner)
    )[2]
