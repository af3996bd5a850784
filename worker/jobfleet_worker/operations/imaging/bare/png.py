"""PNG files without metadata (https://www.w3.org/TR/png-3/)."""

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from jobfleet_worker.operations.imaging.films.apng import chunks, take_apart
from jobfleet_worker.operations.imaging.png.chunks import SIGNATURE, header_of
from jobfleet_worker.operations.imaging.png.marks import chunk_of

# What decides how the pixels look, or how large they are meant, with its length in bytes.
_DECIDING = {
    b"IHDR": 13, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"pHYs": 9,
    b"acTL": 8,
}  # fmt: skip
# The same, of the length that goes with the colour type; one of another length is none to decoders.
_DECIDING_BY_TYPE: Mapping[bytes, Mapping[int, Collection[int]]] = {
    b"sBIT": {0: (1,), 2: (3,), 3: (3,), 4: (2,), 6: (4,)},
    b"bKGD": {0: (2,), 2: (6,), 3: (1,), 4: (2,), 6: (6,)},
    b"tRNS": {0: (2,), 2: (6,), 3: range(257)},
    b"PLTE": {3: range(0, 769, 3)},  # with other types a suggestion for screens of few colours
}  # fmt: skip
_FRAMES = (b"acTL", b"fcTL", b"fdAT")

_AT_ONCE = 1 << 20
_PROFILE_MAX_BYTES = 16 << 20


def bare_png(data: bytes) -> Iterator[bytes]:
    """Yield what decodes the picture or its frames, and what decides how its pixels look.

    Raises `zlib.error`, `ValueError` or `struct.error` for a damaged file.
    """
    animated = take_apart(data) is not None
    header = header_of(memoryview(data)[16:29])
    yield SIGNATURE
    number, done = 0, set()
    for name, bodies, size in _grouped(data):
        if name in _FRAMES and not animated:
            continue
        if name in (b"IDAT", b"fdAT"):
            for body in _only_rows(bodies, replace(header, width=size[0], height=size[1]).bytes_of_rows()):
                yield chunk_of(name, body if name == b"IDAT" else struct.pack(">I", number) + body)
                number += name == b"fdAT"
        elif name == b"fcTL":
            yield chunk_of(name, struct.pack(">I", number) + bodies[0][4:26])
            number += 1
        elif name not in done:
            done.add(name)
            kept = _kept(name, bodies[0], data[25])
            yield b"" if kept is None else chunk_of(name, kept)
    yield chunk_of(b"IEND", b"")


def _grouped(data: bytes) -> Iterator[tuple[bytes, list[bytes], tuple[int, int]]]:
    """Yield the chunks, those of one picture's data together, and that picture's size in pixels."""
    size = whole = struct.unpack_from(">II", data, 16)
    coded: list[bytes] = []
    kind = b""
    for name, body in chunks(data):
        if name == b"IDAT" or (name == b"fdAT" and kind != b"IDAT"):
            coded.append(body if name == b"IDAT" else body[4:])
            kind = name
            continue
        if coded:
            yield kind, coded, size if kind == b"fdAT" else whole
            coded, kind = [], b""
        if name == b"fcTL":
            size = struct.unpack_from(">II", body, 4)
        if name != b"fdAT":
            yield name, [body], size
    if coded:  # the end is lost
        yield kind, coded, size if kind == b"fdAT" else whole


def _kept(name: bytes, body: bytes, colour_type: int) -> bytes | None:
    """Return what stays of a chunk, None if nothing does."""
    if name == b"iCCP":
        return _profile(body)
    fits = len(body) == _DECIDING.get(name) or len(body) in _DECIDING_BY_TYPE.get(name, {}).get(
        colour_type, ()
    )
    return body if fits else None


def _profile(body: bytes) -> bytes | None:
    """Return the profile under a name that says nothing, and without anything behind it."""
    _, end, coded = body.partition(b"\0")
    reader = zlib.decompressobj()
    profile = reader.decompress(coded[1:], _PROFILE_MAX_BYTES)
    if not end or not reader.eof:
        return None
    # https://www.color.org/specification/ICC.1-2022-05.pdf: a profile begins with its length.
    return b"ICC Profile\0\0" + zlib.compress(profile[: int.from_bytes(profile[:4])])


def _only_rows(coded: list[bytes], length: int) -> Sequence[bytes]:
    """Return a picture's coded data as it is, or coded anew if more than its rows is in it."""
    found, ends = 0, False
    for part, last in _inflated(coded, length + 1):
        found, ends = found + len(part), last
    if found <= length and ends:
        return coded
    writer = zlib.compressobj()
    rows = b"".join([writer.compress(part) for part, _ in _inflated(coded, length)])
    return [rows + writer.flush()]


def _inflated(coded: list[bytes], most: int) -> Iterator[tuple[bytes, bool]]:
    """Yield at most so many bytes of what is coded, a part at a time, and whether nothing stands behind."""
    reader = zlib.decompressobj()
    for number, piece in enumerate(coded, 1):
        rest = piece
        while rest and most and not reader.eof:
            part = reader.decompress(rest, min(most, _AT_ONCE))
            rest, most = reader.unconsumed_tail, most - len(part)
            yield part, reader.eof and not reader.unused_data and not any(coded[number:])
