"""APNG, written and read by hand (https://www.w3.org/TR/png-3/#apng-frame-based-animation)."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tests.films import CLEAR, KEEP, RESTORE, Drawn, Watched, watched
from tests.pictures import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AFTER = {0: KEEP, 1: CLEAR, 2: RESTORE}
# Colour types by the number of channels, at eight bits.
_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


@dataclass(frozen=True)
class ApngPart:
    """A frame: rows, columns and channels of 8 bits, its time as two numbers, disposal and blending."""

    pixels: Pixels
    left: int = 0
    top: int = 0
    delay: tuple[int, int] = (1, 10)
    disposal: int = 0
    blend: int = 0


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def apng(
    size: tuple[int, int], parts: Sequence[ApngPart], *, plays: int = 0, default: Pixels | None = None,
    head: Sequence[bytes] = (), depth: int = 8, kind: int | None = None,
) -> bytes:  # fmt: skip
    """Return an APNG of a width and a height. With a `default`, that is its picture and no frame."""
    kind = _TYPES[parts[0].pixels.shape[2]] if kind is None else kind
    found = [SIGNATURE, chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, 0))]
    found += [chunk(b"acTL", struct.pack(">II", len(parts), plays)), *head]
    if default is not None:
        found.append(chunk(b"IDAT", packed(default)))
    number = 0
    for part in parts:
        height, width = part.pixels.shape[:2]
        control = struct.pack(">5I", number, width, height, part.left, part.top)
        found.append(chunk(b"fcTL", control + struct.pack(">HHBB", *part.delay, part.disposal, part.blend)))
        number += 1
        if number == 1 and default is None:
            found.append(chunk(b"IDAT", packed(part.pixels)))
            continue
        data = packed(part.pixels)
        for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
            found.append(chunk(b"fdAT", struct.pack(">I", number) + piece))
            number += 1
    return b"".join([*found, chunk(b"IEND", b"")])


def packed(pixels: Pixels) -> bytes:
    """Return samples of 8 or 16 bits as a PNG's data, without filters."""
    samples = pixels.astype(">u2") if pixels.dtype == np.uint16 else pixels
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in samples))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length


def watch_apng(data: bytes) -> Watched:
    """Show an APNG whose samples have 1 to 8 bits as browsers do."""
    found = list(chunks(data))
    held = {name: body for name, body in found if name not in (b"IDAT", b"fdAT", b"fcTL")}
    count, plays = struct.unpack(">II", held[b"acTL"])
    frames: list[tuple[bytes, list[bytes]]] = []
    number = 0
    for name, body in found:
        if name in (b"fcTL", b"fdAT"):
            assert struct.unpack(">I", body[:4]) == (number,), "frames out of order"
            number += 1
        if name == b"fcTL":
            frames.append((body[4:], []))
        if name == b"IDAT" and frames:
            frames[-1][1].append(body)
        if name == b"fdAT":
            frames[-1][1].append(body[4:])
    assert len(frames) == count
    drawings = []
    for control, data_of_frame in frames:
        width, height, left, top, part, whole, after, blend = struct.unpack(">4I2H2B", control)
        pixels = _pixels(held, b"".join(data_of_frame), width, height)
        # A first frame that is to be taken back is cleared.
        after = _AFTER[1 if after == 2 and not drawings else after]
        drawings.append(Drawn(pixels, left, top, part * 1000 / (whole or 100), after, over=blend == 1))
    return watched(struct.unpack_from(">II", held[b"IHDR"]), drawings, plays)


def _pixels(held: dict[bytes, bytes], data: bytes, width: int, height: int) -> Pixels:
    depth, kind = held[b"IHDR"][8:10]
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    rows = _unfiltered(zlib.decompress(data), height, (width * channels * depth + 7) // 8, channels * depth)
    if depth < 8:
        bits = np.unpackbits(rows, axis=1)[:, : width * depth].reshape(height, width, depth)
        samples = (bits * 2 ** np.arange(depth)[::-1]).sum(axis=2).astype(np.uint8)[..., None]
        samples = samples if kind == 3 else samples * (255 // (2**depth - 1))
    else:
        samples = rows.reshape(height, width, channels)
    opaque = np.full((height, width, 1), 255, np.uint8)
    if kind == 3:
        palette = np.frombuffer(held[b"PLTE"], np.uint8).reshape(-1, 3)
        alpha = np.full(256, 255, np.uint8)
        told = np.frombuffer(held.get(b"tRNS", b""), np.uint8)
        alpha[: len(told)] = told
        return np.dstack([palette[samples[..., 0]], alpha[samples[..., 0]]])
    if kind in (0, 4):
        samples = np.dstack([samples[..., :1]] * 3 + [samples[..., 1:] if kind == 4 else opaque])
    elif kind == 2:
        samples = np.dstack([samples, opaque])
    return samples


def _unfiltered(data: bytes, height: int, width: int, bits: int) -> Pixels:
    """Undo a PNG's filters: https://www.w3.org/TR/png-3/#9Filters."""
    step = max(bits // 8, 1)
    rows = np.zeros((height + 1, width + step), np.int64)
    for number in range(height):
        kind, *line = data[number * (width + 1) : (number + 1) * (width + 1)]
        above, row = rows[number], rows[number + 1]
        for at, value in enumerate(line, step):
            left, up, corner = int(row[at - step]), int(above[at]), int(above[at - step])
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda value: abs(guess - value))
            row[at] = value + (0, left, up, (left + up) // 2, nearest)[kind] & 255
    return rows[1:, step:].astype(np.uint8)
