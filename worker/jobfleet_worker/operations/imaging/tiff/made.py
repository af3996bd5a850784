"""Small TIFF files made around data, for libtiff to unpack."""

import io
import struct
from collections.abc import Mapping, Sequence
from itertools import accumulate

from PIL import Image

from jobfleet_worker.operations.imaging.limits import pillows_limit
from jobfleet_worker.operations.imaging.tiff.directory import Tag

_HEADER_BYTES = 8


def unpacked(tags: Mapping[int, int], segments: Sequence[bytes]) -> Image.Image:
    """Return what Pillow reads from a little-endian file with these tags and strips, or tiles if tags say so.

    Its pixels are not counted: whoever makes the file has done it.
    """
    places = list(accumulate(map(len, segments), initial=_HEADER_BYTES))
    end = places.pop()
    numbers = [*places, *map(len, segments)]
    lists = [end, end + 4 * len(segments)] if len(segments) > 1 else numbers
    tiled = Tag.TILE_WIDTH in tags
    of_segments = (Tag.TILE_OFFSETS, Tag.TILE_COUNTS) if tiled else (Tag.STRIP_OFFSETS, Tag.STRIP_COUNTS)
    entries = [(tag, 1, value) for tag, value in tags.items()]
    entries += [(tag, len(segments), value) for tag, value in zip(of_segments, lists, strict=True)]
    file = io.BytesIO()
    file.write(struct.pack("<2sHI", b"II", 42, end + 4 * len(numbers)) + b"".join(segments))
    file.write(struct.pack(f"<{len(numbers)}IH", *numbers, len(entries)))
    file.write(b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in sorted(entries)))
    file.write(bytes(4))
    file.seek(0)
    with pillows_limit(None), Image.open(file, formats=["TIFF"]) as image:
        image.load()
        return image
