"""Whether the pixels of a JPEG are all there: decoders fill in what is missing, and say nothing.

ITU-T T.81, https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.2.3 and G.1.
"""

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.stills.jpeg import read_at_once
from jobfleet_worker.operations.imaging.stills.jpeg_segments import (
    ARITHMETIC_PROGRESSIVE,
    BEGINS,
    END,
    ENDS,
    FRAMES,
    LOSSLESS,
    PROGRESSIVE,
    SCAN,
    segments,
)

END_LOST = "the file has no end mark (EOI): something of it may be missing"
COARSE = "the file has no scans for the finest details of its picture: something of it may be missing"

# As far from its end as a whole file may have its end mark.
_PADDING_BYTES = 64

# What decoders make of blocks that are missing, and how far colours around them may shine in.
_MISSING, _NEAR = 128, 16

_NONE = b""

# Coded data to go on with where the file stops: decoders that have all pixels look at neither.
_CONTINUATIONS = (b"", *(pattern * 4_096 for pattern in (b"\x5a\x3c", b"\xa5\xc3", b"\xfe\x7d")))

_OF_MANY_SCANS = frozenset({PROGRESSIVE, ARITHMETIC_PROGRESSIVE})
_INTERVAL = 0xDD
_BLOCK, _COEFFICIENTS = 8, 64

# libjpeg wants as much coded data at once as it keeps, and by the same again no data of a scan is left. No
# code is all ones, so what lacks blocks takes as many bits of these as it can.
_ENOUGH, _ONE_MORE = b"\xff\0" * 8, b"\0"
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
# Pillow's decoder makes this of a block: the pixels of another picture are not wanted.
_SMALLEST = 8


def without_end(data: bytes) -> bytes | None:
    """Return a JPEG that just stops with an end put behind it, if all its pixels are there; else None.

    Where pixels are missing, a decoder makes them from whatever follows: that gives other pictures.
    """
    if not data.startswith(BEGINS) or ENDS in data[-_PADDING_BYTES:]:
        return None
    stump = data[:-1] if data.endswith(b"\xff") else data
    found = _pictures(stump)
    return stump + ENDS if len(found) == 1 and _NONE not in found else None


def check_pixels(data: bytes, image: Image.Image) -> None:
    """Raise `BadJob` for a JPEG with an end mark that lacks coded data; `image` is what was decoded of it."""
    coding = _coding(data)
    if coding and (coding.channels.keys() - coding.brought or _is_cut(data, coding, image)):
        raise BadJob("broken-image", "the image is damaged: its pixels end before the picture does")


def left_out(data: bytes) -> list[str]:
    """Return what has to be said of a readable JPEG that may lack its last scans, or its end.

    Pillow needs no end mark if whatever follows gives enough pixels, as the zeros of a broken copy do.
    """
    coding = _coding(data)
    if coding is None:
        return [END_LOST]
    return [COARSE] if coding.is_coarse else []


@dataclass
class _Coding:
    """What the scans of the first picture are of.

    `channels` are how many blocks each one has of a unit, across and down, by its name. `brought` are
    those that have pixels, and `missing_bits` how many bits are still to come of each coefficient of
    which a scan brought the first. `in_scan` are the channels of the last scan, whose data begins at
    `scan`, and `interval` how many units there are from one restart marker to the next, 0 without any.
    """

    frame: int
    channels: Mapping[int, tuple[int, int]]
    brought: set[int] = field(default_factory=set)
    missing_bits: dict[tuple[int, int], int] = field(default_factory=dict)
    in_scan: bytes = b""
    scan: int = 0
    interval: int = 0
    end: int = 0

    @property
    def is_coarse(self) -> bool:
        whole = {(channel, number) for channel in self.channels for number in range(_COEFFICIENTS)}
        missing = whole - self.missing_bits.keys() or any(self.missing_bits.values())
        return self.frame in _OF_MANY_SCANS and bool(missing)

    def add(self, scan: bytes) -> None:
        """Take a scan's header in."""
        count = scan[0]
        first, last, bits = scan[1 + 2 * count : 4 + 2 * count]
        self.in_scan = scan[1 : 1 + 2 * count : 2]
        for channel in self.in_scan:
            self.missing_bits |= {(channel, number): bits & 0xF for number in range(first, last + 1)}
            if (
                self.frame not in _OF_MANY_SCANS or not first
            ):  # without the mean of its blocks, it has nothing
                self.brought.add(channel)

    def restarts(self, size: tuple[int, int]) -> int:
        """Return how many restart markers there are in the last scan of a picture of this size (A.2)."""
        if not self.interval:
            return 0
        most = [max(sides) for sides in zip(*self.channels.values(), strict=True)]
        # A channel alone in its scan has its blocks one by one, as far as the picture reaches.
        share = self.channels[self.in_scan[0]] if len(self.in_scan) == 1 else (1, 1)
        units = 1
        for side, own, largest in zip(size, share, most, strict=True):
            units *= -(-side * own // (_BLOCK * largest))
        return (units - 1) // self.interval


def _coding(data: bytes) -> _Coding | None:
    """Return what the scans are of; None if the file has no end mark, or what was taken for it was none."""
    coding, interval = None, 0
    for marker, place, begin, end in segments(data, len(BEGINS)):
        body = data[begin:end]
        if marker in FRAMES and coding is None:
            channels = zip(body[6 : 6 + 3 * body[5] : 3], body[7 : 6 + 3 * body[5] : 3], strict=True)
            coding = _Coding(marker, {name: divmod(blocks, 16) for name, blocks in channels})
        elif marker == _INTERVAL:
            interval = int.from_bytes(body[:2])
        elif marker == SCAN and coding:
            coding.add(body)
            coding.scan, coding.interval = end, interval
        elif marker == END and coding and coding.scan:
            coding.end = place
            return coding
    return None


def _is_cut(data: bytes, coding: _Coding, image: Image.Image) -> bool:
    stump = data[: coding.end]
    if coding.frame == PROGRESSIVE:
        restarts = len(_RESTART.findall(stump, coding.scan))
        return restarts < coding.restarts(image.size) or _wants_more(stump, image)
    # What is missing is mid-grey, and only a picture that ends so is looked at more closely. A lossless one
    # goes on as it was.
    if coding.frame != LOSSLESS and not _ends_in_grey(image):
        return False
    found = _pictures(stump)
    return len(found) > 1 and _picture(data) in found


def _wants_more(stump: bytes, image: Image.Image) -> bool:
    """Tell whether a decoder that has all but the end mark waits for coded data, and not for a marker.

    It passes over whatever stands before a marker, and keeps coded data of which it can do nothing yet.
    """
    decoder = Image._getdecoder(image.mode, "jpeg", (image.mode, ""), (_SMALLEST, 0))
    try:
        width, height = (-(-side // _SMALLEST) for side in image.size)
        decoder.setimage(Image.new(image.mode, (width, height)).im, (0, 0, width, height))
        left = stump
        for more in (_ENOUGH, _ONE_MORE):
            done, problem = decoder.decode(left + more)
            if done < 0:
                return problem < 0
            left = (left + more)[done:]
            if left:
                return True
    finally:
        decoder.cleanup()
    return False


def _ends_in_grey(image: Image.Image) -> bool:
    last = image.crop((image.width - 1, image.height - 1, *image.size))
    values = [band.getextrema()[0] for band in last.split()]
    return image.mode in ("L", "RGB", "CMYK") and all(abs(one - _MISSING) <= _NEAR for one in values)  # type: ignore[operator]


def _pictures(stump: bytes) -> set[bytes]:
    """Return the digests of what comes of coded data with different ways to go on."""
    return {_picture(stump + more + ENDS) for more in _CONTINUATIONS}


def _picture(data: bytes) -> bytes:
    """Return the digest of a JPEG's pixels; `_NONE` if there is something else wrong with it."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            read_at_once(image, data)
            return hashlib.sha256(image.tobytes()).digest()
    except (OSError, SyntaxError):
        return _NONE
