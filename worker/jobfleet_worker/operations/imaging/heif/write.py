"""HEIC and AVIF, written within a job's share of the host: one core, and the memory it may have.

x265 (in libheif) and libaom (in Pillow) take all cores if they are not told otherwise, and more
memory for each pixel than any other encoder here.
"""

import io
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.memory import is_enough_for, memory_limit

# From here on colours have full resolution: in AVIF as in JPEG, in HEIC only where it is asked for, because
# phones write colours at half of it and not all that show HEIC can do more.
_FULL_COLOUR_FROM_QUALITY = {"AVIF": 90, "HEIC": 100}

# x265's scale beside JPEG's, where a photo's errors are alike (SSIM): what is 95 in JPEG is 68 there.
_X265_QUALITIES = ((1, 5), (40, 31), (60, 38), (75, 46), (90, 60), (95, 68), (100, 100))
_X265_LOSSLESS = -1

# The presets after this one take three times as long for files a tenth smaller. Without the others,
# x265 starts a thread for each core of the host, and more. Blocks of 16, which libheif asks for in flat
# pictures, are not allowed in large ones (ITU-T H.265, A.4.1).
_X265 = {
    "preset": "ultrafast",
    "x265:pools": "none",
    "x265:frame-threads": "1",
    "x265:wpp": "0",
    "x265:ctu": "32",
}

# H.273: colours as RGB, with nothing to round.
_AS_RGB = {
    "color_primaries": 1,
    "transfer_characteristics": 13,
    "matrix_coefficients": 0,
    "full_range_flag": 1,
}

# Larger pictures are written as phones write them, in tiles: x265 then needs memory for one tile, and
# decoders in hardware take no longer side (level 6.2 of H.265). libheif reads at most 1,000 items.
_WHOLE_MAX_PIXELS, _WHOLE_MAX_SIDE = 4_000_000, 8_192
_TILE, _TILES_MAX = 512, 900

# The alpha plane of a long image of few lines gets blocks of 16 whatever is asked for.
_CLEAR_MAX_SIDE, _CLEAR_LONG, _CLEAR_MIN_OF_LONG = 32_768, 4_096, 32

# Speed 6, Pillow's own, takes four times as long for files 5 % smaller.
_AVIF_SPEED = 8

# What the encoders were seen to take for each pixel (libaom 3 by Pillow 13, x265 4.3), and a tenth more.
_AVIF_BYTES = {"4:0:0": 22, "4:2:0": 31, "4:4:4": 49}
_HEIC_BYTES = {"tiles": 8, "whole": 50}


def write_heic(
    image: Image.Image, *, lossless: bool, quality: int, exif: bytes = b"", icc_profile: bytes | None = None
) -> bytes:
    """Return an image in mode L, LA, RGB or RGBA as a HEIC file; `quality` is 1 to 100, as for JPEG.

    Raises `BadJob` for one that takes more memory than there is.
    """
    # Its libraries are large, and a worker that is asked for no HEIC does without them.
    import pillow_heif

    clear = image.mode in ("LA", "RGBA")
    # Readers, Apple's among them, lose the transparency of tiles.
    tile = 0 if clear else _tile(*image.size)
    if clear:
        _check_sides(*image.size)
    _check_memory("HEIC", image, _HEIC_BYTES["tiles" if tile else "whole"])
    full = lossless or quality >= _FULL_COLOUR_FROM_QUALITY["HEIC"]
    options: dict[str, Any] = {"chroma": 444 if full else 420, "tile_size": tile, "enc_params": dict(_X265)}
    options |= _AS_RGB if lossless and image.mode in ("RGB", "RGBA") else {}
    beside = {"exif": exif, "icc_profile": icc_profile}
    # pillow-heif asks an image for its EXIF data, and one that was opened reads it from its file again.
    image = image.copy()
    image.info = {name: content for name, content in beside.items() if content}
    out = io.BytesIO()
    with _on_one_core() if clear else nullcontext():
        pillow_heif.from_pillow(image).save(
            out, quality=_X265_LOSSLESS if lossless else x265_quality(quality), **options
        )
    return out.getvalue()


def avif_options(image: Image.Image, *, lossless: bool, quality: int) -> tuple[Mapping[str, Any], list[str]]:
    """Return how Pillow is to write frames like this one as AVIF, and what has to be said of that.

    `lossless` is for images without colours. Raises `BadJob` for one that takes more memory than there is.
    """
    notes = []
    if image.mode == "L":
        colours = "4:0:0"
    else:
        colours = "4:4:4" if quality >= _FULL_COLOUR_FROM_QUALITY["AVIF"] else "4:2:0"
    if colours == "4:4:4" and not is_enough_for(image.width * image.height * _AVIF_BYTES[colours]):
        colours = "4:2:0"
        notes.append("the image is large: AVIF stores its colours at half the resolution")
    _check_memory("AVIF", image, _AVIF_BYTES[colours])
    written = 100 if lossless else quality
    return {"quality": written, "subsampling": colours, "speed": _AVIF_SPEED, "max_threads": 1}, notes


def x265_quality(quality: int) -> int:
    """Return what libheif takes for a quality as JPEG has it: 1 to 100, both."""
    for (low, low_value), (high, high_value) in pairwise(_X265_QUALITIES):
        if quality <= high:
            return round(low_value + (quality - low) * (high_value - low_value) / (high - low))
    raise AssertionError(quality)


def _tile(width: int, height: int) -> int:
    """Return the side of a picture's tiles, 0 for one that is written whole."""
    if width * height <= _WHOLE_MAX_PIXELS and max(width, height) <= _WHOLE_MAX_SIDE:
        return 0
    tile = _TILE
    while -(-width // tile) * -(-height // tile) > _TILES_MAX:
        tile *= 2
    return tile


def _check_sides(width: int, height: int) -> None:
    """Raise `BadJob` for a picture with transparency whose sides x265 or libde265 refuse."""
    short, long = sorted((width, height))
    if long > _CLEAR_MAX_SIDE or (short < _CLEAR_MIN_OF_LONG and long > _CLEAR_LONG):
        raise BadJob(
            "too-large-for-format",
            f"HEIC holds no image of {width:,} x {height:,} pixels with transparency; choose another format",
        )


def _check_memory(kind: str, image: Image.Image, bytes_a_pixel: int) -> None:
    needed, mebibyte = image.width * image.height * bytes_a_pixel, 2**20
    limit = memory_limit()
    if limit is not None and not is_enough_for(needed):
        raise BadJob(
            "too-large-for-format",
            f"to write {image.width:,} x {image.height:,} pixels as {kind} takes {needed // mebibyte:,} MiB "
            f"of memory, and a job here may have {limit // mebibyte:,} MiB in all (worker_job_memory_limit); "
            "make the image smaller, or choose another format",
        )


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Let threads that start meanwhile share one core: libheif's options do not reach the alpha plane."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {random.choice(sorted(cores))})  # noqa: S311 - no secret
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
