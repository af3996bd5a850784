"""GIF's frames as browsers draw them (https://www.w3.org/Graphics/GIF/spec-gif89a.txt)."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from jobfleet_worker.operations.imaging.films.canvas import After, Canvas, without_unused_alpha
from jobfleet_worker.operations.imaging.films.film import Film
from jobfleet_worker.operations.imaging.limits import too_many_pixels
from jobfleet_worker.operations.imaging.picture import Frame

_EXTENSION, _IMAGE = b"!", b","
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_TABLE, _INTERLACED = 0x80, 0x40

# Early writers meant 3 by 4, and browsers heed that still:
# https://searchfox.org/mozilla-central/source/image/decoders/nsGIFDecoder2.cpp
_AFTER = {2: After.CLEARED, 3: After.TAKEN_BACK, 4: After.TAKEN_BACK}

_CUT = "what the animation draws outside its screen was left out, as browsers do"


@dataclass(frozen=True)
class GifImage:
    """One image as it lies in the file; `delay` in hundredths of a second, `data` still coded."""

    left: int
    top: int
    width: int
    height: int
    flags: int
    colours: bytes
    data: bytes
    delay: int
    after: After
    clear: int | None


@dataclass(frozen=True)
class GifFile:
    """A GIF file in its parts. `repeats` is as written: None for no word on it, 0 for ever."""

    size: tuple[int, int]
    images: tuple[GifImage, ...]
    repeats: int | None

    @property
    def plays(self) -> int:
        """How often a browser plays it, 0 for ever.

        https://source.chromium.org/chromium/chromium/src/+/main:cc/paint/image_animation_count.h:
        once without a count, for ever with 0, else once more than the count says.
        """
        if self.repeats is None:
            return 1
        return self.repeats + 1 if self.repeats else 0


def parse(data: bytes) -> GifFile:
    """Take a GIF apart, without decoding. Raises `struct.error` or `IndexError` where it is cut short."""
    across, down, flags = struct.unpack_from("<HHB", data, 6)
    images: list[GifImage] = []
    table = _table(data, 13, flags)
    at, repeats = 13 + len(table), None
    delay, after, clear = 0, After.STAYS, None
    while at < len(data):
        start, at = data[at : at + 1], at + 1
        if start == _EXTENSION:
            label = data[at]
            blocks, at = _blocks(data, at + 1)
            if label == _CONTROL and len(blocks[0]) >= 4:
                packed, delay, index = struct.unpack_from("<BHB", blocks[0])
                after, clear = _AFTER.get(packed >> 2 & 7, After.STAYS), index if packed & 1 else None
            if label == _APPLICATION:
                repeats = _repeats(blocks, repeats)
        elif start == _IMAGE:
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, at)
            own = _table(data, at + 9, flags)
            begin = at + 9 + len(own)
            _, at = _blocks(data, begin + 1)
            images.append(
                GifImage(left, top, width, height, flags, own or table, data[begin:at], delay, after, clear)
            )
            delay, after, clear = 0, After.STAYS, None
        elif start != b"\0":  # some writers end a block twice
            break
    return GifFile(_screen((across, down), images), tuple(images), repeats)


def _screen(size: tuple[int, int], images: list[GifImage]) -> tuple[int, int]:
    """The first image may make the screen larger, later ones may not.

    So does Chromium, by Wuffs (https://github.com/google/wuffs/blob/main/test/c/std/gif.c,
    `test_wuffs_gif_decode_frame_out_of_bounds`).
    """
    if not images:
        return size
    first = images[0]
    return max(size[0], first.left + first.width), max(size[1], first.top + first.height)


def _table(data: bytes, at: int, flags: int) -> bytes:
    return data[at : at + (3 << (flags & 7) + 1)] if flags & _TABLE else b""


def _blocks(data: bytes, at: int) -> tuple[list[bytes], int]:
    """Return the blocks that begin at a place, the empty one at their end included, and where they end."""
    blocks = []
    while True:
        length = data[at] if at < len(data) else 0
        blocks.append(data[at + 1 : at + 1 + length])
        at += 1 + length
        if not length:
            return blocks, at


def _repeats(blocks: list[bytes], so_far: int | None) -> int | None:
    """Return the count that an application's extension tells, or else the one there was."""
    if blocks[0] not in _LOOPS:
        return so_far
    told = (block for block in blocks[1:] if len(block) >= 3 and block[0] & 7 == 1)
    return next((int.from_bytes(block[1:3], "little") for block in told), so_far)


def read_gif(data: bytes, max_pixels: int) -> Film | None:
    """Draw a GIF's frames; None for a still picture that fills its screen. Raises `BadJob`."""
    file = parse(data)
    if len(file.images) < 2 and all((i.width, i.height) == file.size for i in file.images):
        return None
    # Images may be larger than their screen, and the first makes that larger.
    across, down = file.size
    drawn_pixels = sum(image.width * image.height for image in file.images)
    pixels = max(drawn_pixels, across * down * len(file.images))
    if pixels > max_pixels:
        raise too_many_pixels(max_pixels, pixels)
    notes = []
    canvas, seen = Canvas(file.size), []
    for image in file.images:
        width = min(image.width, file.size[0] - image.left)
        height = min(image.height, file.size[1] - image.top)
        if (width, height) != (image.width, image.height):
            notes.append(_CUT)
        drawn = _decoded(image).crop((0, 0, max(width, 0), max(height, 0)))
        at = (image.left, image.top) if drawn.width and drawn.height else (0, 0)
        seen.append(canvas.show(drawn, at, image.after, over=True))
    frames = zip(without_unused_alpha(seen, grey=False), file.images, strict=True)
    return Film(
        tuple(Frame(shown, image.delay * 10.0) for shown, image in frames), file.plays,
        tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def _decoded(image: GifImage) -> Image.Image:
    """Return an image by itself, in RGBA."""
    if not image.width or not image.height:
        return Image.new("RGBA", (0, 0))
    with Image.open(io.BytesIO(b"".join(_alone(image))), formats=["GIF"]) as alone:
        alone.load()
        if image.clear is not None:
            alone.info["transparency"] = image.clear
        return alone.convert("RGBA")


def _alone(image: GifImage) -> Iterator[bytes]:
    """A file with one image, which fills its screen."""
    bits = (len(image.colours) // 3).bit_length() - 1  # a table has 2, 4, 8 ... 256 places
    yield b"GIF89a"
    yield struct.pack("<HHBBB", image.width, image.height, _TABLE | bits - 1 if image.colours else 0, 0, 0)
    yield image.colours
    yield struct.pack("<sHHHHB", _IMAGE, 0, 0, image.width, image.height, image.flags & _INTERLACED)
    yield image.data
    yield b";"
