"""APNG: a PNG file whose further frames lie in chunks of their own (https://www.w3.org/TR/png-3/)."""

import struct
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops

from jobfleet_worker.operations.imaging.channels import has_alpha
from jobfleet_worker.operations.imaging.films.apng import chunks
from jobfleet_worker.operations.imaging.films.timing import all_equal, as_fraction
from jobfleet_worker.operations.imaging.png.chunks import SIGNATURE
from jobfleet_worker.operations.imaging.png.marks import chunk_of

_STAYS, _SOURCE = 0, 0
_ONE_PIXEL = (0, 0, 1, 1)
_GREY = frozenset({"1", "L", "LA"})


def write_apng(
    images: Sequence[Image.Image], times: Sequence[float], plays: int, save: Callable[[Image.Image], bytes]
) -> bytes:
    """Return an APNG that shows `images`, all of one size, each for its time in milliseconds.

    It plays `plays` times, 0 for ever. `save` writes one image as PNG; what stands beside the pixels
    of the first is that of the file. Every frame stays a frame, and every pixel is exact.
    """
    images = in_one_mode(images)
    first = list(chunks(save(images[0])))
    beside = [chunk_of(name, body) for name, body in first if name not in (b"IDAT", b"IEND")]
    found = [SIGNATURE, *beside, chunk_of(b"acTL", struct.pack(">II", len(images), plays))]
    number = 0
    for position, (image, time) in enumerate(zip(images, times, strict=True)):
        box = _changed(images[position - 1], image) if position else (0, 0, *image.size)
        found.append(chunk_of(b"fcTL", struct.pack(">I", number) + _control(box, time)))
        number += 1
        for name, body in chunks(save(image.crop(box))) if position else first:
            if name == b"IDAT" and position:
                found.append(chunk_of(b"fdAT", struct.pack(">I", number) + body))
                number += 1
            elif name == b"IDAT":
                found.append(chunk_of(name, body))
    return b"".join([*found, chunk_of(b"IEND", b"")])


def in_one_mode(images: Sequence[Image.Image]) -> list[Image.Image]:
    """Return images of a PNG's modes in one that holds all of them without loss, as a file has only one."""
    modes = {image.mode for image in images}
    if len(modes) == 1 and (modes != {"P"} or all_equal(map(_places, images))):
        return list(images)
    clear = any(has_alpha(image) for image in images)
    mode = ("LA" if clear else "L") if modes <= _GREY else ("RGBA" if clear else "RGB")
    return [image if image.mode == mode else image.convert(mode) for image in images]


def _places(image: Image.Image) -> tuple[object, object]:
    return image.getpalette("RGBA"), image.info.get("transparency")


def _changed(shown: Image.Image, image: Image.Image) -> tuple[int, int, int, int]:
    if image.mode == "I;16":
        return (0, 0, *image.size)  # of which Pillow computes no differences
    return ImageChops.difference(shown, image).getbbox(alpha_only=False) or _ONE_PIXEL


def _control(box: Sequence[int], time: float) -> bytes:
    left, top, right, bottom = box
    return struct.pack(">4I2H2B", right - left, bottom - top, left, top, *as_fraction(time), _STAYS, _SOURCE)
