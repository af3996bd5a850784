"""The chunks of a PNG file, checked one by one: https://www.w3.org/TR/png-3/#5DataRep."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobfleet_jobs.errors import BadJob

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What stays of the signature in a file that was taken for text: its line ends are there to show that.
BEGINS = b"\x89PNG"

# The chunks without which no picture can be shown; a name that begins with another capital is unknown here.
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
# These hold pixels, too, in animations.
_OF_PIXELS = frozenset({b"acTL", b"fcTL", b"fdAT"})

# The depths that each colour type may have: https://www.w3.org/TR/png-3/#table111
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
GREY, COLOUR, PALETTE = 0, 2, 3

# The passes of an interlaced picture: first column and row, and the steps between them.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

_INFLATED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Header:
    """What IHDR says: sides in pixels, bits a sample, colour type, and whether it is interlaced."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def channels(self) -> int:
        """How many channels the colours have, those of a palette too."""
        return _CHANNELS[self.colour]

    def bytes_of_rows(self) -> int:
        """Return the length of the pixels with their filter bytes, before compression."""
        bits = self.depth * (1 if self.colour == PALETTE else self.channels)
        passes = _PASSES if self.interlaced else ((0, 0, 1, 1),)
        whole = 0
        for left, top, across, down in passes:
            columns = max(0, -(-(self.width - left) // across))
            rows = max(0, -(-(self.height - top) // down))
            whole += rows * (1 + (columns * bits + 7) // 8) if columns else 0
        return whole


@dataclass(frozen=True)
class Chunk:
    """One chunk: `body` is what it holds, `whole` that with length, name and checksum."""

    name: bytes
    body: memoryview
    whole: memoryview


def chunks(data: bytes, damaged: list[str]) -> Iterator[Chunk]:
    """Give the chunks of a PNG, as far as they reach. Raises `BadJob` for damage to the picture.

    The names of those that are no part of the picture, and are damaged, are put into `damaged`.
    """
    if not data.startswith(SIGNATURE):
        raise broken(
            "its line ends were changed, as when a file is transferred as text: transfer it as binary"
        )
    view, place, pixels = memoryview(data), len(SIGNATURE), False
    while place + 12 <= len(data):
        length, name = int.from_bytes(view[place : place + 4]), bytes(view[place + 4 : place + 8])
        end = place + 12 + length
        if not name.isalpha() or not name.isascii():
            if pixels:
                return  # what stands behind is looked at elsewhere
            raise broken(f"at byte {place:,} stands {name!r} in the place of a chunk's name")
        if end > len(data):
            break
        if _checked(view[place:end], name, place):
            yield Chunk(name, view[place + 8 : end - 4], view[place:end])
        else:
            damaged.append(name.decode())
        if name == b"IEND":
            return
        pixels |= name == b"IDAT"
        place = end
    if bytes(view[place + 4 : place + 8]) in (b"IDAT", b"fdAT"):
        raise broken(f"the file ends at byte {len(data):,}, in the middle of its pixels")
    if not pixels:
        raise broken(f"the file ends at byte {len(data):,}, before its pixels")


def _checked(whole: memoryview, name: bytes, place: int) -> bool:
    """Tell whether a chunk's checksum is right. Raises `BadJob` if it is wrong and the picture needs it."""
    if name[:1].isupper() and name not in _CRITICAL:
        raise _unknown(name)
    right = name == b"IEND" or zlib.crc32(whole[4:-4]) == int.from_bytes(whole[-4:])
    if not right and (name in _CRITICAL or name in _OF_PIXELS):
        raise broken(f"the checksum of its chunk {name.decode()} at byte {place:,} is wrong")
    return right


def header_of(body: memoryview) -> Header:
    """Return what IHDR says. Raises `BadJob` for what no PNG may say there."""
    if len(body) != 13:
        raise broken(f"its header (IHDR) has {len(body)} bytes in place of 13")
    width, height, depth, colour, compression, filters, interlace = struct.unpack(">IIBBBBB", body)
    if not (width and height):
        raise broken(f"its header (IHDR) says that it is {width:,} x {height:,} pixels large")
    if depth not in _DEPTHS.get(colour, ()):
        raise broken(f"its header (IHDR) names colour type {colour} with {depth} bits, which no PNG has")
    if compression or filters or interlace > 1:
        raise broken(
            f"its header (IHDR) names compression {compression}, filter {filters} and interlace {interlace}, "
            "which no PNG has"
        )
    return Header(width, height, depth, colour, bool(interlace))


def is_whole(rows: Iterable[memoryview], header: Header) -> bool:
    """Tell whether compressed pixels are as many as the header says."""
    inflater, missing = zlib.decompressobj(), header.bytes_of_rows()
    for row in rows:
        rest: bytes | memoryview = row
        while missing > 0 and rest:
            missing -= len(inflater.decompress(rest, _INFLATED_AT_ONCE))
            rest = inflater.unconsumed_tail
    return missing <= 0


def inflated(data: memoryview | bytes, at_most: int) -> bytes | None:
    """Return what was compressed, None if that is damaged or longer than `at_most` bytes."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, at_most)
        # Behind the last byte that was wanted there may be just the end.
        more = inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error:
        return None
    return found if inflater.eof and not more else None


def broken(what: str) -> BadJob:
    """Return the refusal of a damaged PNG."""
    return BadJob("broken-image", f"the PNG image is damaged: {what}")


def _unknown(name: bytes) -> BadJob:
    if name == b"CgBI":
        return BadJob(
            "unsupported-mode",
            "this PNG is in Apple's own variant for iPhone programs (CgBI); convert it first, "
            "for example with `pngcrush -revert-iphone-optimizations in.png out.png`",
        )
    return BadJob(
        "unsupported-mode",
        f"this PNG needs its chunk {name.decode()}, which this worker does not know: save it anew",
    )
