"""WebP files without metadata (https://developers.google.com/speed/webp/docs/riff_container)."""

import struct
from collections.abc import Iterator

from jobfleet_worker.operations.imaging.stills.webp import FIRST_CHUNK, webp_chunks

_PROFILE, _ALPHA, _ANIMATED = 0b100000, 0b10000, 0b10
_PICTURE = (b"VP8 ", b"VP8L", b"ALPH")
_HEAD_BYTES, _ANIM_BYTES, _FRAME_BYTES = 10, 6, 16
_BLENDS_AND_CLEARS = 0b11


def bare_webp(data: bytes) -> Iterator[bytes]:
    """Yield what decodes the picture or its frames, and its colour profile. Raises `struct.error`."""
    body = b"".join(_kept(data))
    yield struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP")
    yield body


def _kept(data: bytes) -> Iterator[bytes]:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    animated = data[12:16] == b"VP8X" and bool(data[20] & _ANIMATED)
    done = set()
    for name, body in webp_chunks(data, FIRST_CHUNK, end):
        if name == b"ANMF" and animated:
            yield _chunk(name, _frame(body))
        if name in done or (name in _PICTURE and animated) or (name == b"ANIM" and not animated):
            continue
        done.add(name)
        if name == b"VP8X":
            flags = body[0] & (_PROFILE | _ALPHA | _ANIMATED)
            yield _chunk(name, bytes([flags, 0, 0, 0]) + body[4:_HEAD_BYTES])
        elif name == b"ANIM":
            yield _chunk(name, body[:_ANIM_BYTES])
        elif name in (*_PICTURE, b"ICCP"):
            yield _chunk(name, body)


def _frame(body: bytes) -> bytes:
    """Return a frame without what stands beside its picture."""
    head = body[: _FRAME_BYTES - 1] + bytes([body[_FRAME_BYTES - 1] & _BLENDS_AND_CLEARS])
    parts: dict[bytes, bytes] = {}
    for name, part in webp_chunks(body, _FRAME_BYTES, len(body)):
        if name in _PICTURE:
            parts.setdefault(name, part)
    return head + b"".join(_chunk(*part) for part in parts.items())


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)
