"""The operation `edges`: the places where an image's lightness changes."""

from PIL import Image, ImageFilter, ImageMath

from jobfleet_worker.operations.images.greyscale import greyscale
from jobfleet_worker.operations.imaging.channels import has_alpha, on_white

# Sobel's kernels. A step from black to white along one of them gives four times white.
_ACROSS = (-1, 0, 1, -2, 0, 2, -1, 0, 1)
_DOWN = (-1, -2, -1, 0, 0, 0, 1, 2, 1)
_SCALE = 0.25

# Pillow cuts off what is below zero, so changes are counted from above the largest there can be.
_OFFSET = 4 * 65_535

# As many pixels at a time: the steps between take six times four bytes each.
_PIXELS_AT_ONCE = 1_000_000


def edges(image: Image.Image) -> Image.Image:
    """Return the size of the change of `image`'s lightness in each place, as L, or I;16 for 16-bit grey.

    That is a quarter of the root of the sum of the squares of Sobel's two kernels, rounded and cut
    off at white. What is transparent counts as white; behind its edges the image is taken to go on
    as at them. `image` is in one of the modes that `operations.imaging.decode` gives.
    """
    grey = greyscale(on_white(image) if has_alpha(image) else image)
    if grey.mode == "1":
        grey = grey.convert("L")
    width, height = grey.size
    bordered = _bordered(grey)
    found = Image.new(grey.mode, grey.size)
    rows = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        change = _change(bordered.crop((0, top, width + 2, top + count + 2)).convert("I"))
        found.paste(change.crop((1, 1, width + 1, count + 1)).convert("I").convert(grey.mode), (0, top))
    return found


def _change(image: Image.Image) -> Image.Image:
    across = image.filter(ImageFilter.Kernel((3, 3), _ACROSS, 1, _OFFSET))
    down = image.filter(ImageFilter.Kernel((3, 3), _DOWN, 1, _OFFSET))
    found: Image.Image = ImageMath.lambda_eval(
        lambda names: (
            ((names["float"](names["x"]) - _OFFSET) ** 2 + (names["float"](names["y"]) - _OFFSET) ** 2) ** 0.5
            * _SCALE
            + 0.5
        ),
        x=across,
        y=down,
    )
    return found


def _bordered(image: Image.Image) -> Image.Image:
    """Return `image` with its outermost pixels once more around it."""
    width, height = image.size
    bordered = Image.new(image.mode, (width + 2, height + 2))
    bordered.paste(image, (1, 1))
    for column, at in ((1, 0), (width, width + 1)):
        bordered.paste(bordered.crop((column, 0, column + 1, height + 2)), (at, 0))
    for row, at in ((1, 0), (height, height + 1)):
        bordered.paste(bordered.crop((0, row, width + 2, row + 1)), (0, at))
    return bordered
