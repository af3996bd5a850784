"""The pixels of PNG files, where Pillow does not read them right by itself.

It compares a clear colour with samples that it has already scaled, and fills missing pixels with black.
"""

import io

from PIL import Image, ImageChops

from jobfleet_worker.operations.imaging.png.chunks import broken, is_whole
from jobfleet_worker.operations.imaging.png.parts import Png


def finished(png: Png, image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return the picture that Pillow read from `png.data`, with its transparency, and what that cost.

    Raises `BadJob` where pixels are missing.
    """
    _check_whole(png, image)
    if png.clear is None:
        return image, []
    if image.mode == "1":
        image = image.convert("L")
    seen = _seen(png, image)
    if seen.getextrema() == (255, 255):
        return image, []
    said = []
    if image.mode == "I;16":
        said = ["16 bits a channel were read as 8, as some of the image is transparent"]
        image = image.convert("I").point([value >> 8 for value in range(65_536)], "L")
    image = image.copy()
    image.putalpha(seen)
    return image, said


def _check_whole(png: Png, image: Image.Image) -> None:
    """Look for pixels that are not there: Pillow leaves them zero, and takes the picture for whole."""
    last = image.crop((0, image.height - 1, *image.size))
    zero = not any(last.tobytes())
    if (zero or png.header.interlaced) and not is_whole(png.pixels, png.header):
        raise broken("it holds fewer pixels than its header (IHDR) says")


def _seen(png: Png, image: Image.Image) -> Image.Image:
    """Return 0 where all samples, as they stand in the file, are the clear colour's, and 255 elsewhere."""
    clear, depth = png.clear or (), png.header.depth
    if image.mode == "I;16":
        table = [0 if value == clear[0] else 255 for value in range(65_536)]
        return image.convert("I").point(table, "L")
    if depth < 16:
        top = (1 << depth) - 1
        return _unlike(image, [sample * 255 // top for sample in clear])
    with Image.open(io.BytesIO(png.data)) as lower:
        # Read the other way round, the lower byte of each sample is the one that is kept.
        lower.tile = [lower.tile[0]._replace(args="RGB;16L")]
        lower.load()
        upper_unlike = _unlike(image, [sample >> 8 for sample in clear])
        return ImageChops.lighter(upper_unlike, _unlike(lower, [sample & 255 for sample in clear]))


def _unlike(image: Image.Image, clear: list[int]) -> Image.Image:
    """Return 0 where each channel has the value of the clear colour, and 255 elsewhere."""
    table = [0 if value == sample else 255 for sample in clear for value in range(256)]
    first, *others = image.point(table).split()
    for other in others:
        first = ImageChops.lighter(first, other)
    return first
