"""Samples that Pillow has no reader for, or the wrong one, as images of one channel each.

Strips or tiles become bytes, bytes the samples of one channel, and these an image: L, with full scale
as 255, or I;16 with full scale as 65,535.
"""

import io
import lzma
import math
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.tiff.directory import TiffForm
from jobfleet_worker.operations.imaging.tiff.layout import LZMA, NONE, SIGNED, SampleLayout, refused
from jobfleet_worker.operations.imaging.tiff.segments import Segment

_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_COMPLEMENT = bytes(range(255, -1, -1))
# Memory that an LZMA stream may ask for, whatever it holds.
_LZMA_MEMORY = 2**28
_ARRAYS = {8: "B", 16: "H", 32: "I", 64: "Q"}
_SIXTEEN_BIT_MAX = 65_535


def channel_images(
    form: TiffForm, layout: SampleLayout, segments: Sequence[Segment], wanted: Sequence[int], *, deep: bool
) -> list[Image.Image]:
    """Return the wanted channels of a picture as images; `deep` are 16 bits deep. Raises `BadJob`."""
    images = [Image.new("I;16" if deep else "L", (layout.width, layout.height)) for _ in wanted]
    across = -(-layout.width // layout.strip[0])
    whole = layout.strip[1] * layout.row_bytes
    per_plane = layout.segments // (layout.channels if layout.planar else 1)
    for number, data in enumerate(_unpacked(form, layout, segments, wanted, per_plane)):
        if data is None:
            continue
        data = _without_prediction(data.ljust(whole, b"\0"), layout, form.order)
        plane, place = divmod(number, per_plane)
        corner = (place % across * layout.strip[0], place // across * layout.strip[1])
        for image, channel in zip(images, wanted, strict=True):
            if layout.planar and channel != plane:
                continue
            block = _samples(data, layout, form.order, 0 if layout.planar else channel, deep=deep)
            raw = "I;16N" if deep else "L"
            image.paste(Image.frombytes(image.mode, layout.strip, block, "raw", raw), corner)
    return images


def inverted(image: Image.Image) -> Image.Image:
    """Return an L or I;16 image with full scale less each of its values."""
    return Image.frombytes(image.mode, image.size, image.tobytes().translate(_COMPLEMENT))


def _unpacked(
    form: TiffForm, layout: SampleLayout, segments: Sequence[Segment], wanted: Sequence[int], per_plane: int
) -> Iterator[bytes | None]:
    """Yield the bytes of each strip or tile; None if it is left out, or its plane is not wanted."""
    for number, (at, count) in enumerate(segments):
        if not count or (layout.planar and number // per_plane not in wanted):
            yield None
            continue
        coded = form.data[at : at + count]
        if layout.compression == NONE:
            yield coded.translate(_REVERSED) if layout.backwards else coded
            continue
        rows = layout.strip[1]
        if not layout.tiled:
            rows = min(rows, layout.height - number % per_plane * rows)
        yield _inflated(coded, layout, rows * layout.row_bytes)


def _inflated(coded: bytes, layout: SampleLayout, size: int) -> bytes:
    if layout.compression != LZMA:
        return _by_libtiff(coded, layout, size)
    try:
        unpacker = lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)
        data = unpacker.decompress(coded.translate(_REVERSED) if layout.backwards else coded, size)
    except lzma.LZMAError as problem:
        raise BadJob("broken-image", f"the TIFF's LZMA data is damaged: {problem}") from problem
    if len(data) < size:
        raise BadJob("broken-image", f"the TIFF's LZMA data holds {len(data):,} of {size:,} bytes")
    return data


def _by_libtiff(coded: bytes, layout: SampleLayout, size: int) -> bytes:
    """Unpack a strip as one row of bytes, whatever they mean, in a TIFF file made around it."""
    tags = {
        256: size, 257: 1, 258: 8, 259: layout.compression, 262: 1, 266: 2 if layout.backwards else 1,
        273: 8, 277: 1, 278: 1, 279: len(coded),
    }  # fmt: skip
    file = io.BytesIO()
    file.write(struct.pack("<2sHI", b"II", 42, 8 + len(coded)) + coded + struct.pack("<H", len(tags)))
    file.write(b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()) + b"\0\0\0\0")
    file.seek(0)
    limit = Image.MAX_IMAGE_PIXELS
    try:
        Image.MAX_IMAGE_PIXELS = None  # these are bytes: the pixels have been counted
        with Image.open(file, formats=["TIFF"]) as image:
            return image.tobytes()
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _without_prediction(data: bytes, layout: SampleLayout, order: str) -> bytes:
    """Return rows of which each pixel was stored as its difference from the last: TIFF 6.0, section 14."""
    if layout.predictor == 1:
        return data
    samples, step = _array(data, layout.bits, order), 1 if layout.planar else layout.channels
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


def _samples(data: bytes, layout: SampleLayout, order: str, channel: int, *, deep: bool) -> bytes:
    """Return a channel's samples as bytes, or as words in this machine's order."""
    step = 1 if layout.planar else layout.channels
    if layout.bits == 8:
        samples = data[channel::step]
        return _words(array("H", samples), layout) if deep else _checked(samples, layout)
    if layout.bits in _ARRAYS:
        if not deep and layout.bits == 16:
            return data[2 * channel + (order == "<") :: 2 * step]
        return _words(_array(data, layout.bits, order)[channel::step], layout)
    values = _bits(data, layout, channel, step)
    most = 2**layout.bits - 1
    if deep:
        return array("H", [value * _SIXTEEN_BIT_MAX // most for value in values]).tobytes()
    if layout.bits > 8:
        return bytes(value >> layout.bits - 8 for value in values)
    return bytes((value * 510 // most + 1) // 2 for value in values)


def _checked(samples: bytes, layout: SampleLayout) -> bytes:
    if layout.sample_format == SIGNED and max(samples, default=0) > 127:
        raise _out_of_range(layout, "some of which are negative")
    return samples


def _words(samples: "array[int]", layout: SampleLayout) -> bytes:
    """Return whole numbers of any size as 16-bit ones, if they are. Raises `BadJob`."""
    if layout.sample_format == SIGNED and max(samples, default=0) >= 2 ** (layout.bits - 1):
        raise _out_of_range(layout, "some of which are negative")
    if max(samples, default=0) > _SIXTEEN_BIT_MAX:
        raise _out_of_range(layout, f"some of which are above {_SIXTEEN_BIT_MAX:,}")
    return samples.tobytes() if samples.typecode == "H" else array("H", samples).tobytes()


def _out_of_range(layout: SampleLayout, which: str) -> BadJob:
    return refused(f"{layout}, {which}", "scale its values to 0 (black) to 255 or 65,535 (white) first")


def _bits(data: bytes, layout: SampleLayout, channel: int, step: int) -> Iterator[int]:
    """Yield samples of any number of bits; the high ones come first, and each row begins with a byte."""
    group = math.lcm(layout.bits, 8) // layout.bits  # so many samples make whole bytes
    size = group * layout.bits // 8
    shifts = [layout.bits * (group - 1 - n) for n in range(group)]
    mask, row = 2**layout.bits - 1, layout.row_bytes
    for start in range(0, len(data), row):
        line = data[start : start + row].ljust(-(-row // size) * size, b"\0")
        found = [
            number >> shift & mask
            for number in (int.from_bytes(line[at : at + size]) for at in range(0, len(line), size))
            for shift in shifts
        ]
        yield from found[channel : layout.strip[0] * step : step]
