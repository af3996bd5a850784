"""The operation `threshold`: an image whose every channel has two values."""

from jobfleet_jobs.errors import BadJob
from PIL import Image

_SIXTEEN_BIT_VALUES = 65_536


def threshold(image: Image.Image, *, level: int = 125, low: int = 0, high: int = 254) -> Image.Image:
    """Return `image` with each channel value at most `level` set to `low`, above it to `high`.

    `level`, `low` and `high` are 0 to 255. Alpha is left alone; of 16-bit grey the upper eight
    bits count. `image` is in one of the modes that `operations.imaging.decode` gives. Raises
    `BadJob` outside that range.
    """
    for name, value in (("level", level), ("low", low), ("high", high)):
        if not 0 <= value <= 255:
            raise BadJob("bad-parameter", f"parameter {name}={value}: give a whole number from 0 to 255")
    table = [low if value <= level else high for value in range(256)]
    if image.mode == "P":
        # The palette is where the colours are; the pixels only point to them.
        palette = image.getpalette("RGB") or []
        changed = image.copy()
        changed.putpalette([table[value] for value in palette], "RGB")
        return changed
    if image.mode == "1":
        image = image.convert("L")
    if image.mode == "I;16":
        # Pillow looks up 16-bit values in its 32-bit mode only.
        return image.convert("I").point([table[value >> 8] for value in range(_SIXTEEN_BIT_VALUES)], "L")
    alpha = image.mode in ("LA", "RGBA")
    colours = len(image.getbands()) - alpha
    return image.point(table * colours + list(range(256)) * alpha)
