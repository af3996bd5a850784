"""What the picture of a HEIC or AVIF file is like, and what else the file holds."""

from collections.abc import Iterator
from fractions import Fraction

from jobfleet_worker.operations.imaging.heif.header import HeifHeader

_GAIN_MAP = "the gain map for HDR screens was dropped"
_DEPTH_MAP = "the depth map beside the picture was dropped"
_ONE_OF_SEVERAL = "only the main picture of several was used"
_STILL = "only the still picture was used: the file holds a sequence, too"
_FILM = "the film behind the picture was dropped"
_HDR = "the picture is for HDR screens: elsewhere its colours look pale"

# ITU-T H.273, table 3: PQ and HLG.
_HDR_TRANSFERS = (16, 18)

_MONOCHROME_AV1 = 0x10
_DEPTHS_AV1 = {0x00: 8, 0x20: 8, 0x40: 10, 0x60: 12}  # high_bitdepth and twelve_bit


def bits(header: HeifHeader) -> int:
    """Return the bits a channel of the picture, 8 if they are not told."""
    part = _first_part(header)
    for item in (header.primary, part):
        if told := header.property(item, b"pixi"):
            told.take(4)
            return max(told.take(told.number(1)), default=8)
    if hevc := header.property(part, b"hvcC"):
        return 8 + (hevc.take(18)[17] & 7)
    av1 = header.property(part, b"av1C")
    return _DEPTHS_AV1[av1.take(3)[2] & 0x60] if av1 else 8


def is_colourless(header: HeifHeader) -> bool:
    """Tell whether the picture has no colours."""
    part = _first_part(header)
    if hevc := header.property(part, b"hvcC"):
        return hevc.take(17)[16] & 3 == 0
    av1 = header.property(part, b"av1C")
    return av1 is not None and bool(av1.take(3)[2] & _MONOCHROME_AV1)


def nclx(header: HeifHeader) -> tuple[int, int] | None:
    """Return the numbers of the picture's primaries and its transfer, as ITU-T H.273 has them."""
    for item in (header.primary, _first_part(header)):
        for told in header.properties(item, b"colr"):
            if told.take(4) == b"nclx":
                return told.number(2), told.number(2)
    return None


def cut(header: HeifHeader) -> tuple[int, int, int, int] | None:
    """Return what is shown of the picture before it is turned: left, upper, right, lower.

    None if that is all, or nothing that can be cut. `clap`: ISO/IEC 14496-12:2022, 12.1.4.
    """
    told = header.property(header.primary, b"clap")
    if told is None:
        return None
    values = [int.from_bytes(told.take(4), signed=number > 3) for number in range(8)]
    if not all(values[1::2]):
        return None
    wide, high, across, down = (Fraction(*values[place : place + 2]) for place in range(0, 8, 2))
    width, height = header.size(header.primary)
    left, upper = int((width - wide) / 2 + across), int((height - high) / 2 + down)
    right, lower = left + int(wide), upper + int(high)
    return (
        (left, upper, right, lower) if 0 <= left < right <= width and 0 <= upper < lower <= height else None
    )


def exif(header: HeifHeader) -> bytes:
    """Return the EXIF data of the picture, nothing if it has none."""
    for item in header.referring(b"cdsc", header.primary):
        if header.items[item].kind == b"Exif":
            # Where they begin stands in front (ISO/IEC 23008-12 A.2.1), wrong in files of some writers.
            contents = header.contents(item)[4:]
            starts = [contents.find(mark, 0, _EXIF_STARTS_WITHIN) for mark in (b"II*\0", b"MM\0*")]
            return contents[min((start for start in starts if start >= 0), default=0) :]
    return b""


_EXIF_STARTS_WITHIN = 256


def cost(header: HeifHeader, *, kept_bits: bool) -> Iterator[str]:
    """Give sentences on what decoding costs."""
    if (depth := bits(header)) > 8 and not kept_bits:
        yield f"{depth} bits a channel were read as 8"
    told = nclx(header)
    if told and told[1] in _HDR_TRANSFERS:
        yield _HDR


def left_out(header: HeifHeader, *, animated: bool) -> Iterator[str]:
    """Give sentences on what of the file is not used."""
    beside = b" ".join(header.auxiliaries(header.primary).values())
    if b"hdrgainmap" in beside or any(item.kind == b"tmap" for item in header.items.values()):
        yield _GAIN_MAP
    if b"auxid:2" in beside or b"auxiliary:depth" in beside:
        yield _DEPTH_MAP
    if header.others() and not animated:
        yield _ONE_OF_SEVERAL
    if header.has_sequence and not animated:
        yield _STILL
    if header.has_film:
        yield _FILM


def _first_part(header: HeifHeader) -> int:
    return next(iter(header.made_of(header.primary)), header.primary)
