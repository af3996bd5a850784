"""The end of an image by its own format, and the data behind it.

A decoder stops where the picture is complete and never looks at the rest. Cameras and phones put
films, further pictures and notes of their own there; anything else is a sign that the file is not
what its sender takes it for.
"""

import re
from collections.abc import Callable, Mapping

from jobfleet_jobs.errors import BadJob

from jobfleet_worker.operations.imaging.heif.read_header import read_header
from jobfleet_worker.operations.imaging.png.chunks import SIGNATURE
from jobfleet_worker.operations.imaging.stills.jpeg_segments import END, segments

SEVERAL = "only the main picture of several was used"
_FILM = "the film behind the picture was dropped"
_DEVICE = "what the camera wrote behind the picture was dropped"

# What fills a file up to a block of its medium, or what an editor or a transfer left at its end.
_PADDING_MAX_BYTES = 65_536
_PADDING = rb"[\0\xff\r\n \x1a]{0,%d}" % _PADDING_MAX_BYTES

_NOTHING = re.compile(_PADDING + rb"\Z")
_NEXT_JPEG = re.compile(_PADDING + rb"?(?=\xff\xd8\xff)")
_KNOWN_STARTS = (
    # ISO/IEC 14496-12: a film's first box, with its length before its name.
    (re.compile(_PADDING + rb"?.{4}ftyp", re.DOTALL), _FILM),
    (re.compile(_PADDING + rb"CANON OPTIONAL DATA\0"), _DEVICE),
)
# What the blocks end with that Samsung, Vivo, OnePlus and Insta360 write, as ExifTool knows them:
# https://exiftool.org/TagNames/index.html
_KNOWN_END = re.compile(
    rb"(?:\0\0(?:SEFT|QDIOBS)|\xff{4}\x1b\*9HWfu\x84\x93\xa2\xb1|jxrs...\0"
    rb"|8db42d694ccc418790edff439fe026bf)" + _PADDING + rb"\Z",
    re.DOTALL,
)
_KNOWN_END_MAX_BYTES = _PADDING_MAX_BYTES + 32

# CIPA DC-007, the Multi-Picture Format: names the pictures behind the first.
_MULTI_PICTURE = 0xE2, b"MPF\0"
# Dynamic Depth (https://developer.android.com/media/camera/camera2/Dynamic-depth-v1.0.pdf) names the
# pictures behind the first in a directory of the XMP.
_XMP = 0xE1, b"http://ns.adobe.com/xap/1.0/\0"
_XMP_DIRECTORY = b"Container:Directory"

_PPM_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_PPM_HEADER = re.compile(
    rb"P(?:(?P<bits>4)|(?P<samples>[56]))" + _PPM_SPACE + rb"(\d{1,9})" + _PPM_SPACE + rb"(\d{1,9})"
    rb"(?(samples)" + _PPM_SPACE + rb"(?P<top>\d{1,5}))\s"
)


def check_ending(data: bytes, kind: str) -> list[str]:
    """Return sentences on what stands behind a readable image of a format of `picture.ENDINGS`.

    Raises `BadJob` (`trailing-data`) for anything but padding and what devices write there. The
    parts of a TIFF lie anywhere in its file, and the text forms of PPM allow words behind the
    picture: of those, nothing is said.
    """
    find = _ENDS.get(kind)
    end, notes = find(data) if find else (None, [])
    if end is None or _NOTHING.match(data, end):
        return notes
    for start, note in _KNOWN_STARTS:
        if start.match(data, end):
            return [*notes, note]
    if _KNOWN_END.search(data, max(end, len(data) - _KNOWN_END_MAX_BYTES)):
        return [*notes, _DEVICE]
    raise BadJob(
        "trailing-data",
        f"{len(data) - end:,} bytes stand behind the end of the {kind} image, which is at byte {end:,}, "
        f"and begin with {data[end : end + 16]!r}; send the image without them",
    )


_End = tuple[int | None, list[str]]


def _end_of_jpegs(data: bytes) -> _End:
    end, names_others = _end_of_jpeg(data, 0)
    several = False
    while end is not None and names_others and (following := _NEXT_JPEG.match(data, end)):
        next_end, _ = _end_of_jpeg(data, following.end())
        if next_end is None:
            break
        end, several = next_end, True
    return end, [SEVERAL] if several else []


def _end_of_jpeg(data: bytes, start: int) -> tuple[int | None, bool]:
    """Return where it ends, None if it just stops, and whether it names pictures behind it."""
    names_others = False
    for marker, _, begin, end in segments(data, start):
        if marker == END:
            return end, names_others
        names_others |= marker == _MULTI_PICTURE[0] and data.startswith(_MULTI_PICTURE[1], begin)
        if marker == _XMP[0] and data.startswith(_XMP[1], begin):
            names_others |= data.find(_XMP_DIRECTORY, begin, end) >= 0
    return None, names_others


def _end_of_png(data: bytes) -> _End:
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, name = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        place += length + 12  # its own length, its name and a checksum
        if name == b"IEND":
            return place, []
    return None, []


def _end_of_gif(data: bytes) -> _End:
    place = 13 + _gif_table(data, 10)
    while place < len(data):
        block = data[place : place + 1]
        if block == b";":
            return place + 1, []
        if block == b",":
            place = _past_gif_blocks(data, place + 11 + _gif_table(data, place + 9))
        elif block == b"!":
            place = _past_gif_blocks(data, place + 2)
        elif block == b"\0":
            place += 1  # some writers end a block twice
        else:
            return place, []
    return None, []


def _gif_table(data: bytes, place: int) -> int:
    """Return the bytes of the colour table that the flags at `place` speak of."""
    flags = data[place] if place < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _past_gif_blocks(data: bytes, place: int) -> int:
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1


def _end_of_webp(data: bytes) -> _End:
    length = int.from_bytes(data[4:8], "little")
    return 8 + length + length % 2, []


def _end_of_bmp(data: bytes) -> _End:
    """Return the greatest of what it says of itself: many writers leave one or the other out."""

    def number(place: int, size: int = 4, *, signed: bool = False) -> int:
        return int.from_bytes(data[place : place + size], "little", signed=signed)

    header, pixels = number(14), number(10)
    if header == 12:  # OS/2's first
        width, height, depth, squeezed, size = number(18, 2), number(20, 2), number(24, 2), 0, 0
    else:
        width, height = number(18, signed=True), abs(number(22, signed=True))
        depth, squeezed, size = number(28, 2), number(30) in (1, 2), number(34)
    rows = 0 if squeezed else (width * depth + 31) // 32 * 4 * height
    profile = 14 + number(126) + number(130) if header >= 124 and number(130) else 0
    known = rows or size or number(2)
    return (max(number(2), pixels + max(rows, size), profile) if known else None), []


def _end_of_ppms(data: bytes) -> _End:
    """The raw forms may hold several pictures, with nothing between them."""
    end, count = 0, 0
    while header := _PPM_HEADER.match(data, end):
        width, height = int(header[3]), int(header[4])
        if header["bits"]:
            row = (width + 7) // 8
        else:
            row = width * {b"5": 1, b"6": 3}[header["samples"]] * (2 if int(header["top"]) > 255 else 1)
        end, count = header.end() + row * height, count + 1
    return (end if count else None), [SEVERAL] if count > 1 else []


def _end_of_boxes(data: bytes) -> _End:
    return read_header(data).end, []


_ENDS: Mapping[str, Callable[[bytes], _End]] = {
    "JPEG": _end_of_jpegs,
    "PNG": _end_of_png,
    "GIF": _end_of_gif,
    "WEBP": _end_of_webp,
    "BMP": _end_of_bmp,
    "PPM": _end_of_ppms,
    "HEIC": _end_of_boxes,
    "AVIF": _end_of_boxes,
}
