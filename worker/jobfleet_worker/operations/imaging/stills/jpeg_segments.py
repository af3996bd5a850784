"""The segments of a JPEG file, one after the other (ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

BEGINS, ENDS = b"\xff\xd8", b"\xff\xd9"
START, SCAN, END = BEGINS[1], 0xDA, ENDS[1]
# Frames, the markers SOFn; of the same range are DHT, JPG and DAC.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE, LOSSLESS, ARITHMETIC, ARITHMETIC_PROGRESSIVE = 0xC2, 0xC3, 0xC9, 0xCA

_WITHOUT_LENGTH = frozenset({0x01, START, END})

# In coded data 0xFF is followed by 0, a restart marker or more of itself. Decoders pass over whatever
# else stands before a marker, so this looks for the next one wherever it is.
_MARKER = re.compile(rb"\xff([^\0\xff\xd0-\xd7])")


class Segment(NamedTuple):
    """A marker's second byte, the place of its first, and where its contents begin and end."""

    marker: int
    place: int
    begin: int
    end: int


def segments(data: bytes, start: int) -> Iterator[Segment]:
    """Give the segments from `start`, behind the mark of the beginning, as far as the end mark.

    They just stop where there is none. The coded data of a scan lies between it and the next segment.
    Restart markers belong to the data.
    """
    place = start
    while found := _MARKER.search(data, place):
        marker, place = found[1][0], found.end()
        if marker in _WITHOUT_LENGTH:
            yield Segment(marker, found.start(), place, place)
        else:
            # A length counts itself, and decoders take less for that.
            length = max(int.from_bytes(data[place : place + 2]), 2)
            yield Segment(marker, found.start(), place + 2, min(place + length, len(data)))
            place += length
        if marker == END:
            return
