"""An image to send if none is given: a PNG, written here because the client has no Pillow."""

import struct
import zlib

WIDTH, HEIGHT = 320, 240


def make_png() -> bytes:
    """Return a colourful PNG of `WIDTH` times `HEIGHT` pixels, always the same (https://www.w3.org/TR/png/)."""
    rows = b"".join(
        b"\0" + bytes(part for x in range(WIDTH) for part in (x % 256, y % 256, (x * y) % 256))
        for y in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
