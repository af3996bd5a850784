"""APNG's frames as browsers draw them (https://www.w3.org/TR/png-3/#apng-frame-based-animation)."""

import itertools
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.channels import eight_bit
from jobfleet_worker.operations.imaging.films.canvas import (
    After,
    Canvas,
    covers,
    is_opaque,
    to_rgba,
    without_unused_alpha,
)
from jobfleet_worker.operations.imaging.films.film import Film
from jobfleet_worker.operations.imaging.limits import check_frames, too_many_pixels
from jobfleet_worker.operations.imaging.picture import Frame, Picture
from jobfleet_worker.operations.imaging.png import chunks as png_chunks
from jobfleet_worker.operations.imaging.png.marks import chunk_of

_AFTER = {1: After.CLEARED, 2: After.TAKEN_BACK}
_SOURCE = 0
# What stands before the picture's data and is needed to decode a frame.
_DECODES = (b"PLTE", b"tRNS")
_GREY = (0, 4)

DROPPED = "the picture for viewers that show no animation was dropped"


@dataclass
class _Control:
    """A frame as the file describes it, and its data, still coded."""

    width: int
    height: int
    left: int
    top: int
    milliseconds: float
    after: After
    over: bool
    data: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Apng:
    """What the file says: `decoding` is what every frame needs, `default` that its picture is no frame."""

    head: bytes
    decoding: list[bytes]
    frames: list[_Control]
    plays: int
    default: bool


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return the names and contents of a PNG file's chunks, without those that are damaged and no picture.

    Raises `BadJob` for a damaged picture.
    """
    return ((found.name, bytes(found.body)) for found in png_chunks.chunks(data, []))


def read_apng(data: bytes, max_pixels: int, still: Callable[[bytes], Picture]) -> Film | None:
    """Draw an APNG's frames, each decoded as a PNG file by `still`; None for a still picture.

    Raises `BadJob`, or `struct.error` where a chunk is too short.
    """
    parts = take_apart(data)
    if parts is None:
        return None
    check_frames(len(parts.frames))
    width, height = struct.unpack_from(">II", parts.head)
    if width * height * len(parts.frames) > max_pixels:
        raise too_many_pixels(max_pixels, width * height * len(parts.frames))
    # With that, all frames together have no more pixels than were just counted.
    if any(frame.left + frame.width > width or frame.top + frame.height > height for frame in parts.frames):
        raise _damaged("a frame lies outside the picture")
    images: list[Image.Image] = []
    reading: list[str] = []
    for frame in parts.frames:
        picture = still(b"".join(_alone(parts, frame)))
        images.append(picture.frames[0].image)
        reading += picture.reading
    seen, said = _drawn(parts, images, (width, height))
    shown = zip(seen, parts.frames, strict=True)
    return Film(
        tuple(Frame(image, frame.milliseconds) for image, frame in shown), parts.plays,
        (DROPPED,) if parts.default else (), tuple(dict.fromkeys([*reading, *said])),
        complete=not parts.default,
    )  # fmt: skip


def take_apart(data: bytes) -> Apng | None:
    """Take an APNG apart; None if the file is no animation. Raises `BadJob`."""
    before = list(itertools.takewhile(lambda found: found[0] != b"IDAT", chunks(data)))
    told = [body for name, body in before if name == b"acTL"]
    if len(told) != 1:
        return None  # a file with two is none: https://www.w3.org/TR/png-3/#apng-frame-based-animation
    count, plays = struct.unpack_from(">II", told[0])
    if not count:
        return None
    frames, default = _frames(data)
    if count == 1 and not default:
        return None
    if len(frames) != count:
        raise _damaged(f"it should have {count:,} frames, and {len(frames):,} are there")
    decoding = [chunk_of(*found) for found in before if found[0] in _DECODES]
    return Apng(before[0][1], decoding, frames, plays, default)


def _frames(data: bytes) -> tuple[list[_Control], bool]:
    """Return the frames with their data, and whether the file's own picture is none. Raises `BadJob`."""
    frames: list[_Control] = []
    number, default = 0, False
    for name, body in chunks(data):
        if name in (b"fcTL", b"fdAT"):
            if body[:4] != struct.pack(">I", number):
                raise _damaged("its frames are out of order")
            number, body = number + 1, body[4:]
        if name == b"fcTL":
            frames.append(_control(body))
        elif name == b"IDAT" and not frames:
            default = True
        elif name in (b"IDAT", b"fdAT") and frames:
            frames[-1].data.append(body)
    if not all(frame.width and frame.height and frame.data for frame in frames):
        raise _damaged("a frame has no pixels")
    return frames, default


def _control(body: bytes) -> _Control:
    width, height, left, top, part, whole, after, blend = struct.unpack_from(">4I2H2B", body)
    return _Control(
        width, height, left, top, part * 1000 / (whole or 100), _AFTER.get(after, After.STAYS),
        blend != _SOURCE,
    )  # fmt: skip


def _damaged(what: str) -> BadJob:
    return BadJob("broken-image", f"the image is damaged: {what}")


def _alone(parts: Apng, frame: _Control) -> Iterator[bytes]:
    """A PNG file of one frame."""
    yield png_chunks.SIGNATURE
    yield chunk_of(b"IHDR", struct.pack(">II", frame.width, frame.height) + parts.head[8:])
    yield from parts.decoding
    yield chunk_of(b"IDAT", b"".join(frame.data))
    yield chunk_of(b"IEND", b"")


def _drawn(
    parts: Apng, images: list[Image.Image], size: tuple[int, int]
) -> tuple[list[Image.Image], list[str]]:
    """Return what is seen after each frame, and what has to be said."""
    ways = list(zip(parts.frames, images, strict=True))
    if all(
        covers(image.size, (frame.left, frame.top), size) and (not frame.over or is_opaque(image))
        for frame, image in ways
    ):
        return images, []  # each is all that is seen
    notes = []
    if any(image.mode == "I;16" for image in images):
        notes.append("16 bits a channel were scaled to 8")
        images = [eight_bit(image) for image in images]
    canvas = Canvas(size)
    seen = [
        canvas.show(to_rgba(image), (frame.left, frame.top), frame.after, over=frame.over)
        for frame, image in zip(parts.frames, images, strict=True)
    ]
    return without_unused_alpha(seen, grey=parts.head[9] in _GREY), notes
