"""Samples that Pillow has no reader for, or the wrong one, as images of one channel each.

Strips or tiles become bytes, bytes the samples of one channel, and these an image: L, with full scale
as 255, or I;16 with full scale as 65,535.
"""

import lzma
import math
import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.tiff.directory import Tag, TiffForm
from jobfleet_worker.operations.imaging.tiff.layout import (
    BLACK_IS_ZERO,
    LZMA,
    NONE,
    SIGNED,
    SampleLayout,
    refused,
)
from jobfleet_worker.operations.imaging.tiff.made import unpacked
from jobfleet_worker.operations.imaging.tiff.rows import summed_rows, unpacked_twelve
from jobfleet_worker.operations.imaging.tiff.segments import Segment

# Each byte with its bits the other way round.
REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_COMPLEMENT = bytes(range(255, -1, -1))
# Memory that an LZMA stream may ask for, whatever it holds.
_LZMA_MEMORY = 2**28
# Of segments that are unpacked together.
_TOGETHER_BYTES = 2**24
_ARRAYS = {8: "B", 16: "H", 32: "I", 64: "Q"}
_SIXTEEN_BIT_MAX = 65_535
_OWN = "<" if sys.byteorder == "little" else ">"


def channel_images(
    form: TiffForm, layout: SampleLayout, segments: Sequence[Segment], wanted: Sequence[int], *, deep: bool
) -> list[Image.Image]:
    """Return the wanted channels of a picture as images; `deep` are 16 bits deep. Raises `BadJob`."""
    images = [Image.new("I;16" if deep else "L", (layout.width, layout.height)) for _ in wanted]
    across, whole = -(-layout.width // layout.strip[0]), layout.strip[1] * layout.row_bytes
    raw, step = "I;16N" if deep else "L", 1 if layout.planar else layout.channels
    for number, bare in _unpacked(form, layout, segments, wanted):
        data = _without_prediction(bare.ljust(whole, b"\0"), layout, form.order)
        samples = _samples(data, layout, form.order)
        plane, place = divmod(number, per_plane(layout))
        corner = (place % across * layout.strip[0], place // across * layout.strip[1])
        for image, channel in zip(images, wanted, strict=True):
            if not layout.planar or channel == plane:
                own = samples[0 if layout.planar else channel :: step]
                block = _words(own, layout) if deep else _bytes(own, layout)
                image.paste(Image.frombytes(image.mode, layout.strip, block, "raw", raw), corner)
    return images


def per_plane(layout: SampleLayout) -> int:
    """Return how many strips or tiles each plane has."""
    return layout.segments // (layout.channels if layout.planar else 1)


def inverted(image: Image.Image) -> Image.Image:
    """Return an L or I;16 image with full scale less each of its values."""
    return Image.frombytes(image.mode, image.size, image.tobytes().translate(_COMPLEMENT))


def _unpacked(
    form: TiffForm, layout: SampleLayout, segments: Sequence[Segment], wanted: Sequence[int]
) -> Iterator[tuple[int, bytes]]:
    """Yield the numbers and bytes of strips or tiles, but for those left out and of planes not wanted."""
    plane, rows = per_plane(layout), layout.strip[1]
    waiting: list[tuple[int, bytes]] = []
    size = 0
    for number, (at, count) in enumerate(segments):
        if not count or (layout.planar and number // plane not in wanted):
            continue
        here = rows if layout.tiled else min(rows, layout.height - number % plane * rows)
        if waiting and (here * layout.row_bytes != size or len(waiting) * size > _TOGETHER_BYTES):
            yield from _inflated(waiting, layout, size)
            waiting = []
        size = here * layout.row_bytes
        waiting.append((number, form.data[at : at + count]))
    yield from _inflated(waiting, layout, size)


def _inflated(
    coded: Sequence[tuple[int, bytes]], layout: SampleLayout, size: int
) -> Iterator[tuple[int, bytes]]:
    """Unpack segments that all have `size` bytes then."""
    numbers, parts = [number for number, _ in coded], [part for _, part in coded]
    if layout.compression in (NONE, LZMA) and layout.backwards:
        parts = [part.translate(REVERSED) for part in parts]
    if layout.compression == LZMA:
        parts = [_from_lzma(part, size) for part in parts]
    elif layout.compression != NONE and parts:
        together = _by_libtiff(parts, layout, size)
        parts = [together[start : start + size] for start in range(0, len(together), size)]
    yield from zip(numbers, parts, strict=True)


def _from_lzma(coded: bytes, size: int) -> bytes:
    try:
        data = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress(coded, size)
    except lzma.LZMAError as problem:
        raise BadJob("broken-image", f"the TIFF's LZMA data is damaged: {problem}") from problem
    if len(data) < size:
        raise BadJob("broken-image", f"the TIFF's LZMA data holds {len(data):,} of {size:,} bytes")
    return data


def _by_libtiff(coded: Sequence[bytes], layout: SampleLayout, size: int) -> bytes:
    """Unpack strips as rows of bytes, whatever they mean."""
    tags: dict[int, int] = {
        Tag.WIDTH: size, Tag.LENGTH: len(coded), Tag.BITS: 8, Tag.COMPRESSION: layout.compression,
        Tag.PHOTOMETRIC: BLACK_IS_ZERO, Tag.FILL_ORDER: 2 if layout.backwards else 1, Tag.SAMPLES: 1,
        Tag.ROWS_PER_STRIP: 1,
    }  # fmt: skip
    return unpacked(tags, coded).tobytes()


def _without_prediction(data: bytes, layout: SampleLayout, order: str) -> bytes:
    """Return rows of which each pixel was stored as its difference from the last: TIFF 6.0, section 14."""
    if layout.predictor == 1:
        return data
    step = 1 if layout.planar else layout.channels
    if layout.bits in (8, 16):
        return summed_rows(data, layout.strip[0] * step, step, bits=layout.bits, order=order)
    samples = _array(data, layout.bits, order)
    mask, row = 2**layout.bits - 1, layout.strip[0] * step
    for start in range(0, len(samples), row):
        for channel in range(start, start + step):
            summed = accumulate(samples[channel : start + row : step])
            samples[channel : start + row : step] = array(
                samples.typecode, [value & mask for value in summed]
            )
    return _swapped(samples, order).tobytes()


def _array(data: bytes, bits: int, order: str) -> "array[int]":
    samples = array(_ARRAYS[bits])
    samples.frombytes(data)
    return _swapped(samples, order)


def _swapped(samples: "array[int]", order: str) -> "array[int]":
    if (order == "<") != (sys.byteorder == "little"):
        samples.byteswap()
    return samples


def _samples(data: bytes, layout: SampleLayout, order: str) -> "array[int]":
    """Return the samples of all channels of a strip or tile."""
    if layout.bits in _ARRAYS:
        return _array(data, layout.bits, order)
    if layout.bits == 12:
        return _array(
            unpacked_twelve(data, layout.strip[0] * (1 if layout.planar else layout.channels)), 16, _OWN
        )
    return array("H", _bits(data, layout))


def _bytes(samples: "array[int]", layout: SampleLayout) -> bytes:
    """Return samples of one channel with 255 as full scale."""
    if layout.bits == 8:
        if layout.sample_format == SIGNED and max(samples, default=0) > 127:
            raise _out_of_range(layout, "some of which are negative")
        return samples.tobytes()
    if layout.bits == 16:
        return samples.tobytes()[sys.byteorder == "little" :: 2]
    most = 2**layout.bits - 1
    scale = [
        value >> layout.bits - 8 if layout.bits > 8 else (value * 510 // most + 1) // 2
        for value in range(most + 1)
    ]
    return bytes([scale[value] for value in samples])


def _words(samples: "array[int]", layout: SampleLayout) -> bytes:
    """Return samples of one channel with 65,535 as full scale; those of 16 bits and more as they are."""
    if layout.bits < 16:
        most = 2**layout.bits - 1
        scale = [value * _SIXTEEN_BIT_MAX // most for value in range(most + 1)]
        return array("H", [scale[value] for value in samples]).tobytes()
    if layout.sample_format == SIGNED and max(samples, default=0) >= 2 ** (layout.bits - 1):
        raise _out_of_range(layout, "some of which are negative")
    if max(samples, default=0) > _SIXTEEN_BIT_MAX:
        raise _out_of_range(layout, f"some of which are above {_SIXTEEN_BIT_MAX:,}")
    return samples.tobytes() if samples.typecode == "H" else array("H", samples).tobytes()


def _out_of_range(layout: SampleLayout, which: str) -> BadJob:
    return refused(f"{layout}, {which}", "scale its values to 0 (black) to 255 or 65,535 (white) first")


def _bits(data: bytes, layout: SampleLayout) -> Iterator[int]:
    """Yield samples of any number of bits; the high ones come first, and each row begins with a byte."""
    group = math.lcm(layout.bits, 8) // layout.bits  # so many samples make whole bytes
    size = group * layout.bits // 8
    shifts = [layout.bits * (group - 1 - n) for n in range(group)]
    mask, row = 2**layout.bits - 1, layout.row_bytes
    in_row = layout.strip[0] * (1 if layout.planar else layout.channels)
    for start in range(0, len(data), row):
        line = data[start : start + row].ljust(-(-row // size) * size, b"\0")
        numbers = (int.from_bytes(line[at : at + size]) for at in range(0, len(line), size))
        yield from [number >> shift & mask for number in numbers for shift in shifts][:in_row]
