"""The raw forms of PPM and PGM with other samples than bytes up to 255: https://netpbm.sourceforge.net/doc/ppm.html."""

from typing import Any

from jobfleet_jobs.errors import BadJob
from PIL import Image

REDUCED = "16 bits a channel were read as 8"
_SIXTEEN_BIT_MAX = 65_535


def highest_sample(image: Any) -> int:
    """Return the value that stands for white in a PPM that Pillow has opened; 255 if it says none."""
    arguments = image.tile[0].args if image.tile else ()
    return arguments[-1] if isinstance(arguments, tuple) and isinstance(arguments[-1], int) else 255


def loaded(image: Any, data: bytes) -> tuple[Image.Image, list[str]]:
    """Return the picture of a PPM or PGM that Pillow has opened, and what reading it cost.

    Pillow scales other samples than bytes up to 255 one by one in Python, which takes longer than a job may.
    Raises `BadJob`.
    """
    top = highest_sample(image)
    notes = [REDUCED] if top > 255 and image.mode == "RGB" else []
    if not image.tile or image.tile[0].codec_name != "ppm":
        image.load()
        return image.copy(), notes
    channels = 3 if image.mode == "RGB" else 1
    start = image.tile[0].offset
    length = image.width * image.height * channels * (2 if top > 255 else 1)
    samples = data[start : start + length]
    if len(samples) < length:
        raise BadJob(
            "broken-image",
            f"the PPM image is damaged: the file ends at byte {len(data):,}, in the middle of its pixels",
        )
    # The samples of a row beside each other, as shades of grey.
    size = (image.width * channels, image.height)
    scaled = [min(255, int(value * 255 / top + 0.5)) for value in range(65_536 if top > 255 else 256)]
    if top <= 255:
        shades = Image.frombytes("L", size, samples).point(scaled)
    elif channels == 3:
        shades = Image.frombytes("I;16", size, samples, "raw", "I;16B").convert("I").point(scaled, "L")
    else:
        wide = Image.frombytes("I;16", size, samples, "raw", "I;16B").convert("I")
        factor = _SIXTEEN_BIT_MAX / top
        return wide.point(lambda value: value * factor + 0.5).convert("I;16"), notes
    if channels == 1:
        return shades, notes
    return Image.frombytes("RGB", image.size, shades.tobytes()), notes
