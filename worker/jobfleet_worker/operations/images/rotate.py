"""The operation `rotate`: an image turned clockwise."""

import math
from typing import Any

from jobfleet_jobs.errors import BadJob
from PIL import Image, ImageColor

from jobfleet_worker.operations.images.resize import Size
from jobfleet_worker.operations.imaging.channels import premultiplied, straight, without_palette

_QUARTERS = {
    0.0: None,
    90.0: Image.Transpose.ROTATE_270,
    180.0: Image.Transpose.ROTATE_180,
    270.0: Image.Transpose.ROTATE_90,
}

# As wide a border of the background, in pixels, blends the turned edges into it: bicubic looks two away.
_BORDER = 2


def rotate(image: Image.Image, *, degrees: float, background: str | None = None) -> Image.Image:
    """Return `image` turned clockwise, as large as it takes to show all of it.

    Quarter turns move pixels and change none; others are bicubic over premultiplied colours. The
    corners get the `background`: `transparent`, or a colour as `PIL.ImageColor` reads it; left out,
    transparent if the image has alpha and white if not. `image` is in one of the modes that
    `operations.imaging.decode` gives. Raises `BadJob` for transparency in 16-bit grey.
    """
    if degrees % 360 in _QUARTERS:
        quarter = _QUARTERS[degrees % 360]
        return image if quarter is None else image.transpose(quarter)
    image = without_palette(image)
    sixteen = image.mode == "I;16"
    if sixteen:
        ground: Any = _sixteen_bit_ground(background)
        mixed = image.convert("F")
    else:
        image, ground = _with_ground(image, background)
        mixed = premultiplied(image)
    bordered = Image.new(mixed.mode, (image.width + 2 * _BORDER, image.height + 2 * _BORDER), ground)
    bordered.paste(mixed, (_BORDER, _BORDER))
    del mixed
    size = new_size(image.size, degrees=degrees)
    turned = bordered.transform(
        size, Image.Transform.AFFINE, _back(bordered.size, size, degrees), Image.Resampling.BICUBIC,
        fillcolor=ground,
    )  # fmt: skip
    if not sixteen:
        return straight(turned)
    # Turning floating point into whole numbers cuts off.
    return turned.point(lambda value: value * 1 + 0.5).convert("I").convert("I;16")


def new_size(size: Size, *, degrees: float, background: str | None = None) -> Size:
    """Return the size in pixels that an image of `size` will have."""
    if degrees % 180 == 0:
        return size
    if degrees % 90 == 0:
        return size[1], size[0]
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    width, height = size
    # What is over by less than a thousandth of a pixel is not seen, and mostly rounding.
    return (
        math.ceil(width * cosine + height * sine - 0.001),
        math.ceil(width * sine + height * cosine - 0.001),
    )


def is_quarter_turn(*, degrees: float, background: str | None = None) -> bool:
    """Tell whether an image's width becomes its height."""
    return degrees % 180 == 90


def _back(size: Size, turned: Size, degrees: float) -> tuple[float, ...]:
    """Return the matrix that leads from a place in the turned image back to that in the image."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = turned[0] / 2, turned[1] / 2
    return (
        cosine, sine, size[0] / 2 - cosine * x - sine * y,
        -sine, cosine, size[1] / 2 + sine * x - cosine * y,
    )  # fmt: skip


def _with_ground(image: Image.Image, background: str | None) -> tuple[Image.Image, tuple[int, ...] | int]:
    """Return `image` in a mode that holds the background too, and the background's premultiplied pixel."""
    alpha = image.mode in ("LA", "RGBA")
    if background == "transparent" or (background is None and alpha):
        mode = "LA" if image.mode in ("L", "LA") else "RGBA"
        return image.convert(mode), (0,) * len(mode)
    red, green, blue = ImageColor.getrgb(background or "white")[:3]
    if image.mode in ("L", "LA") and not red == green == blue:
        image = image.convert("RGBA" if alpha else "RGB")
    if image.mode == "L":
        return image, red
    return image, ((red, 255) if image.mode == "LA" else (red, green, blue, *([255] if alpha else [])))


def _sixteen_bit_ground(background: str | None) -> float:
    if background == "transparent":
        raise BadJob(
            "bad-parameter", "parameter background='transparent': 16-bit grey holds none; give a colour"
        )
    shade = (
        Image.new("RGB", (1, 1), ImageColor.getrgb(background or "white")[:3]).convert("L").getpixel((0, 0))
    )
    return float(shade) * 257 if isinstance(shade, int) else 65_535.0
