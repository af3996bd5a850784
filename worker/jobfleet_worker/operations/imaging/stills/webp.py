"""WebP files of which libwebp says only that it makes no decoder: they are cut off, or memory is short."""

import struct
from collections.abc import Iterator

from jobfleet_jobs.errors import BadJob

# The size in front counts what stands behind it: https://developers.google.com/speed/webp/docs/riff_container
_SIZE_AT = 4
_HEADER = 8
# Where the first part begins, and its contents.
FIRST_CHUNK, _CONTENTS = 12, 20


def is_webp(data: bytes) -> bool:
    """Tell whether a file begins as a WebP."""
    return data.startswith(b"RIFF") and data[_HEADER:FIRST_CHUNK] == b"WEBP"


def check_webp(data: bytes) -> None:
    """Raise `BadJob` for a WebP that is shorter than it says of itself."""
    if not is_webp(data):
        return
    end = _HEADER + int.from_bytes(data[_SIZE_AT:_HEADER], "little")
    if end > len(data) + 1:  # the byte that makes the last part even may be missing
        raise BadJob(
            "broken-image",
            f"the WEBP image is damaged: the file ends at byte {len(data):,}, and the image at byte {end:,}",
        )


def webp_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Give the names and contents of the chunks from byte `at` on."""
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def chunk_ends(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Give the names of the chunks from byte `at` on, and where their contents end."""
    for name, contents in webp_chunks(data, at, end):
        at += 8 + len(contents)
        yield name, at
        at += len(contents) % 2


def pixels_told(data: bytes) -> int:
    """Return the pixels of a WebP's screen as the file tells them; 0 for another file.

    VP8: RFC 6386, section 9.1; the others: RFC 9649, sections 2.7 and 3.4.
    """
    kind, head = data[FIRST_CHUNK : FIRST_CHUNK + 4], data[_CONTENTS : _CONTENTS + 10]
    if not is_webp(data):
        return 0
    if kind == b"VP8X":
        return (int.from_bytes(head[4:7], "little") + 1) * (int.from_bytes(head[7:10], "little") + 1)
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    bits = int.from_bytes(head[6:10], "little")
    return (bits & 0x3FFF) * (bits >> 16 & 0x3FFF)
