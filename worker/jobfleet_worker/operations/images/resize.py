"""The operation `resize`: an image made smaller, or larger if that is asked for."""

import math
from typing import Literal

from PIL import Image

from jobfleet_worker.operations.imaging.channels import premultiplied, straight, without_palette

Fit = Literal["fit", "fill", "exact"]
Size = tuple[int, int]


def resize(
    image: Image.Image, *, width: int | None = None, height: int | None = None, fit: Fit = "fit",
    enlarge: bool = False,
) -> Image.Image:  # fmt: skip
    """Return `image` at `width` and `height`, in pixels; with one of them, in its own proportions.

    `fit` lies within both in its own proportions, `fill` covers both and is cut around the centre,
    `exact` is stretched to both. Without `enlarge` no side becomes longer than it is. Lanczos over
    premultiplied colours. `image` is in one of the modes that `operations.imaging.decode` gives.
    """
    size, box = _plan(image.size, width, height, fit, enlarge=enlarge)
    if size == image.size and box == (0, 0, *size):
        return image
    mixed = premultiplied(without_palette(image))
    return straight(mixed.resize(size, Image.Resampling.LANCZOS, box=box))


def new_size(
    size: Size, *, width: int | None = None, height: int | None = None, fit: Fit = "fit",
    enlarge: bool = False,
) -> Size:  # fmt: skip
    """Return the size in pixels that an image of `size` will have."""
    return _plan(size, width, height, fit, enlarge=enlarge)[0]


def _plan(
    size: Size, width: int | None, height: int | None, fit: Fit, *, enlarge: bool
) -> tuple[Size, tuple[float, float, float, float]]:
    """Return the new size, and which part of the image it shows."""
    across = math.inf if width is None else width / size[0]
    down = math.inf if height is None else height / size[1]
    if not enlarge:
        across, down = min(across, 1.0), min(down, 1.0)
    one_side = width is None or height is None
    if one_side or fit == "fit":
        across = down = min(across, down)
    if one_side or fit != "fill":
        return (_side(size[0] * across), _side(size[1] * down)), (0, 0, *size)
    scale = max(across, down)
    new = (min(width or 1, _side(size[0] * scale)), min(height or 1, _side(size[1] * scale)))
    shown = [min(side / scale, whole) for side, whole in zip(new, size, strict=True)]
    left, top = (size[0] - shown[0]) / 2, (size[1] - shown[1]) / 2
    return new, (left, top, left + shown[0], top + shown[1])


def _side(pixels: float) -> int:
    return max(1, math.floor(pixels + 0.5))
