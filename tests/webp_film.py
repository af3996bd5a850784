"""Animated WebP, written and read by hand (https://developers.google.com/speed/webp/docs/riff_container).

Pillow codes and decodes the single pictures; all that makes them an animation is done here.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.films import CLEAR, KEEP, Drawn, Watched, watched
from tests.pictures import Pixels, read, saved

_CLEARS, _REPLACES = 0b1, 0b10


@dataclass(frozen=True)
class WebpPart:
    """A frame: RGBA or RGB pixels at an even place, its time in milliseconds, and what becomes of it."""

    pixels: Pixels
    left: int = 0
    top: int = 0
    time: int = 100
    clears: bool = False
    over: bool = True


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def webp(
    size: tuple[int, int],
    parts: Sequence[WebpPart],
    *,
    plays: int = 0,
    background: int = 0,
    alpha: bool = True,
) -> bytes:
    """Return a WebP of a width and a height; `alpha` is whether its head says that there is any."""
    found = [chunk(b"VP8X", bytes([0b10 | alpha << 4, 0, 0, 0]) + _three(size[0] - 1) + _three(size[1] - 1))]
    found.append(chunk(b"ANIM", struct.pack("<IH", background, plays)))
    for part in parts:
        height, width = part.pixels.shape[:2]
        place = b"".join(map(_three, (part.left // 2, part.top // 2, width - 1, height - 1, part.time)))
        flags = _CLEARS * part.clears | _REPLACES * (not part.over)
        still = saved(part.pixels, "WEBP", lossless=True, exact=True)
        coded = b"".join(chunk(*one) for one in chunks(still) if one[0] in (b"VP8L", b"VP8 ", b"ALPH"))
        found.append(chunk(b"ANMF", place + bytes([flags]) + coded))
    body = b"WEBP" + b"".join(found)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunks(data: bytes, at: int = 12) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def watch_webp(data: bytes) -> Watched:
    """Show an animated WebP as browsers do: on a transparent ground, whatever its background."""
    drawings, plays, size = [], 1, (0, 0)
    for name, body in chunks(data):
        if name == b"VP8X":
            size = (_number(body, 4) + 1, _number(body, 7) + 1)
        if name == b"ANIM":
            plays = struct.unpack_from("<H", body, 4)[0]
        if name == b"ANMF":
            left, top, across, down, time = (_number(body, at) for at in (0, 3, 6, 9, 12))
            after = CLEAR if body[15] & _CLEARS else KEEP
            pixels = read(_alone(body[16:], across + 1, down + 1), "RGBA")
            over = not body[15] & _REPLACES
            drawings.append(Drawn(pixels, left * 2, top * 2, time, after, over))
    return watched(size, drawings, plays)


def _alone(coded: bytes, width: int, height: int) -> bytes:
    """A file of one frame's picture."""
    alpha = coded[:4] == b"ALPH" or (coded[:4] == b"VP8L" and bool(coded[12] & 0x10))
    head = chunk(b"VP8X", bytes([alpha << 4, 0, 0, 0]) + _three(width - 1) + _three(height - 1))
    body = b"WEBP" + head + coded
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
