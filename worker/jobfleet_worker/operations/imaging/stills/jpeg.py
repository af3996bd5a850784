"""JPEG files: layouts that are not read are refused by their name, and the rest is made ready for Pillow.

Markers and frames: ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf, tables B.1 and B.2.
"""

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.stills.jpeg_segments import (
    ARITHMETIC,
    ARITHMETIC_PROGRESSIVE,
    BEGINS,
    FRAMES,
    SCAN,
    START,
    segments,
)

_HIERARCHICAL = frozenset({0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE})
_FRAMES = FRAMES | {0xDE, 0xF7}
_JPEG_LS = 0xF7
_ARITHMETIC_LOSSLESS = 0xCB

# What these begin with, and how much there is at least, as libjpeg wants it of them.
_SEGMENTS = {0xE0: (b"JFIF\0", 14), 0xE2: (b"ICC_PROFILE\0", 15), 0xEE: (b"Adobe", 12)}


def checked_jpeg(data: bytes) -> bytes:
    """Return a JPEG for Pillow, without segments that are too short: decoders pass those over.

    Raises `BadJob` for a JPEG of a kind that is not read, by its name.
    """
    kept, start = [], 0
    for marker, place, begin, end in segments(data, len(BEGINS)):
        if marker == SCAN:
            break
        if marker == START:
            raise BadJob("broken-image", "the JPEG image is damaged: it begins twice (two SOI markers)")
        if marker in _FRAMES and end - begin > 5:
            _check_frame(marker, data[begin:end])
        begins, needed = _SEGMENTS.get(marker, (b"", 0))
        if end - begin < needed and data.startswith(begins, begin):
            kept.append(data[start:place])
            start = end
    return b"".join([*kept, data[start:]]) if kept else data


def read_at_once(image: Image.Image, data: bytes) -> None:
    """Have Pillow give a JPEG that it has opened to its decoder as a whole, if it is coded arithmetically.

    That decoder cannot wait for more: it calls a file damaged that does not come in one piece.
    """
    frames = (part.marker for part in segments(data, len(BEGINS)) if part.marker in FRAMES)
    if next(frames, 0) in (ARITHMETIC, ARITHMETIC_PROGRESSIVE):
        image.decodermaxblock = len(data)  # type: ignore[attr-defined]


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
