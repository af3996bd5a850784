"""JPEG files: layouts that are not read are refused by their name, and a lost end is told from lost pixels.

Markers and frames: ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf, tables B.1 and B.2.
"""

import hashlib
import io
from collections.abc import Iterator

from jobfleet_jobs.errors import BadJob
from PIL import Image

START = b"\xff\xd8"
END = b"\xff\xd9"
END_LOST = "the file has no end mark (EOI): something of it may be missing"

_START, _SCAN = 0xD8, 0xDA
_HIERARCHICAL = frozenset({0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xDE, 0xF7}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_LS = 0xF7
_ARITHMETIC_LOSSLESS = 0xCB

# What these begin with, and their length at least, as libjpeg wants it of them.
_SEGMENTS = {0xE0: (b"JFIF\0", 16), 0xE2: (b"ICC_PROFILE\0", 17), 0xEE: (b"Adobe", 14)}

# As far from its end as a whole file may have its end mark.
_PADDING_BYTES = 64

# What decoders make of blocks that are missing, and how far colours around them may shine in.
_MISSING, _NEAR = 128, 16

_NONE = b""

# Coded data to go on with where the file stops: decoders that have all pixels look at neither.
_CONTINUATIONS = (b"", *(pattern * 4_096 for pattern in (b"\x5a\x3c", b"\xa5\xc3", b"\xfe\x7d")))


def checked_jpeg(data: bytes) -> bytes:
    """Return a JPEG for Pillow, without segments that are too short: decoders pass those over.

    Raises `BadJob` for a JPEG of a kind that is not read, by its name.
    """
    kept, start = [], 0
    for place, marker in _markers(data):
        if marker == _START:
            raise BadJob("broken-image", "the JPEG image is damaged: it begins twice (two SOI markers)")
        body = data[place + 4 : place + 18]
        if marker in _FRAMES and len(body) > 5:
            _check_frame(marker, body)
        begins, needed = _SEGMENTS.get(marker, (b"", 0))
        length = int.from_bytes(data[place + 2 : place + 4])
        if length < needed and body.startswith(begins):
            kept.append(data[start:place])
            start = place + 2 + length
    return b"".join([*kept, data[start:]]) if kept else data


def _markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Give the places and second bytes of the markers in front of the pixels, as far as those go."""
    place = len(START)
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # fill bytes
            place += 1
            continue
        yield place, marker
        if marker == _SCAN:
            return
        place += 2
        if marker not in _WITHOUT_LENGTH:
            place += int.from_bytes(data[place : place + 2])


def _check_frame(marker: int, body: bytes) -> None:
    depth, height, channels = body[0], int.from_bytes(body[1:3]), body[5]
    if marker == _JPEG_LS:
        raise _unread("is a JPEG-LS")
    if marker in _HIERARCHICAL:
        raise _unread("is hierarchical: it holds the picture in several sizes")
    if marker == _ARITHMETIC_LOSSLESS:
        raise _unread("is lossless with arithmetic coding")
    if depth != 8:
        raise _unread(f"has {depth} bits a channel")
    if channels not in (1, 3, 4):
        raise _unread(f"has {channels} channels")
    if not height:
        raise _unread("names its height behind its pixels (DNL)")


def _unread(what: str) -> BadJob:
    return BadJob(
        "unsupported-mode",
        f"this JPEG {what}, which this worker does not read: save it as a PNG, or as a usual JPEG",
    )


def without_end(data: bytes) -> bytes | None:
    """Return a JPEG that just stops with an end put behind it, if all its pixels are there; else None.

    Where pixels are missing, a decoder makes them from whatever follows: that gives other pictures.
    """
    if not data.startswith(START) or END in data[-_PADDING_BYTES:]:
        return None
    stump = data[:-1] if data.endswith(b"\xff") else data
    found = _pictures(stump)
    return stump + END if len(found) == 1 and _NONE not in found else None


def lacks_pixels(data: bytes, image: Image.Image) -> bool:
    """Tell whether the coded data of a JPEG ends before its picture, although there is an end mark.

    `image` is what was decoded. What is missing is mid-grey there, without a word. Only a picture that
    ends so is looked at more closely. Of a progressive one, only what the first scan lacks is found.
    """
    last = image.crop((image.width - 1, image.height - 1, *image.size))
    if image.mode not in ("L", "RGB", "CMYK") or any(
        abs(low - _MISSING) > _NEAR for low, _ in _extrema(last)
    ):
        return False
    scan = next((place for place, marker in _markers(data) if marker == _SCAN), 0)
    end = data.find(END, scan)
    if not scan or end < 0:
        return False
    found = _pictures(data[:end])
    # If its end was taken for another, nothing is known.
    return len(found) > 1 and _picture(data) in found


def _extrema(image: Image.Image) -> list[tuple[int, int]]:
    return [band.getextrema() for band in image.split()]  # type: ignore[misc]


def _pictures(stump: bytes) -> set[bytes]:
    """Return the digests of what comes of coded data with different ways to go on."""
    return {_picture(stump + more + END) for more in _CONTINUATIONS}


def _picture(data: bytes) -> bytes:
    """Return the digest of a JPEG's pixels; `_NONE` if there is something else wrong with it."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            return hashlib.sha256(image.tobytes()).digest()
    except (OSError, SyntaxError):
        return _NONE
