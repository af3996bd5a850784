"""Animated GIF: of each frame what is new in it, in colours of its own."""

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace

from PIL import Image, ImageChops

from jobfleet_worker.operations.imaging.channels import eight_bit
from jobfleet_worker.operations.imaging.films.canvas import After, to_rgba
from jobfleet_worker.operations.imaging.films.gif import GifImage, parse
from jobfleet_worker.operations.imaging.palette import all_or_nothing, to_palette

_AFTER = {After.STAYS: 1, After.CLEARED: 2}
_ONE_PIXEL = (0, 0, 1, 1)
_COLOURS_MAX = 255  # and one place for transparency


def write_gif(
    images: Sequence[Image.Image], hundredths: Sequence[int], plays: int
) -> tuple[bytes, list[str]]:
    """Return a GIF that shows `images`, all of one size, each for so long, and what that cost.

    It plays `plays` times, 0 for ever. Every frame stays a frame. Colours are exact as long as what
    is new in a frame has at most 255.
    """
    images, notes = _of_two_alphas(images)
    size = images[0].size
    shown, coded = Image.new("RGBA", size), []
    for number, (image, time) in enumerate(zip(images, hundredths, strict=True)):
        following = images[number + 1] if number + 1 < len(images) else None
        clears = following is not None and _uncovers(image, following)
        box = (0, 0, *size) if clears else _changed(shown, image) or _ONE_PIXEL
        part, said = _coded(image.crop(box), shown.crop(box))
        after = After.CLEARED if clears else After.STAYS
        coded.append(replace(part, left=box[0], top=box[1], delay=time, after=after))
        notes += said
        shown = Image.new("RGBA", size) if clears else image
    return b"".join(_file(coded, size, plays)), list(dict.fromkeys(notes))


def _file(images: Sequence[GifImage], size: tuple[int, int], plays: int) -> Iterator[bytes]:
    """The first frame's colours stand at the file's head, and are those of later ones that have the same."""
    common = images[0].colours
    yield struct.pack("<6sHHBBB", b"GIF89a", *size, _table(common), 0, 0)
    yield common
    if plays != 1:
        # What `films.gif.GifFile.plays` reads: the number of plays after the first.
        yield b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", max(plays - 1, 0), 0)
    for image in images:
        packed = _AFTER[image.after] << 2 | (image.clear is not None)
        yield struct.pack("<3sBHBB", b"!\xf9\x04", packed, image.delay, image.clear or 0, 0)
        own = b"" if image.colours == common else image.colours
        place = (image.left, image.top, image.width, image.height)
        yield struct.pack("<sHHHHB", b",", *place, _table(own))
        yield own
        yield image.data
    yield b";"


def _table(colours: bytes) -> int:
    """Return the flags that tell of a table of colours."""
    return 0x80 | (len(colours) // 3).bit_length() - 2 if colours else 0


def _of_two_alphas(images: Sequence[Image.Image]) -> tuple[list[Image.Image], list[str]]:
    """Return images in RGBA whose pixels are opaque, or clear and without a colour."""
    found, notes = [], []
    for image in images:
        if image.mode == "I;16":
            notes.append("16 bits a channel were scaled to 8")
        image = eight_bit(image)
        alpha, said = all_or_nothing(to_rgba(image).getchannel("A"))
        notes += said
        plain = Image.new("RGBA", image.size)
        plain.paste(image.convert("RGB"), mask=alpha)
        plain.putalpha(alpha)
        found.append(plain)
    return found, notes


def _uncovers(image: Image.Image, following: Image.Image) -> bool:
    """Tell whether a pixel that can be seen cannot be seen in the frame that follows."""
    gone = ImageChops.subtract(image.getchannel("A"), following.getchannel("A"))
    return gone.getbbox() is not None


def _changed(shown: Image.Image, image: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(shown, image).getbbox(alpha_only=False)


def _coded(image: Image.Image, shown: Image.Image) -> tuple[GifImage, list[str]]:
    """Return a frame's rectangle as GIF codes it, and what that cost."""
    if image.getcolors(_COLOURS_MAX + 1) is None:
        # What is there already is left as it is, and needs no colour.
        still = Image.new("L", image.size, 255)
        for band in ImageChops.difference(shown, image).split():
            still = ImageChops.subtract(still, band.point([0, *[255] * 255]))
        image = image.copy()
        image.paste((0, 0, 0, 0), mask=still)
    placed, notes = to_palette(image)
    out = io.BytesIO()
    clear = placed.info.pop("transparency", None)
    placed.save(out, "GIF", optimize=False, interlace=0, **({} if clear is None else {"transparency": clear}))
    return parse(out.getvalue()).images[0], notes
