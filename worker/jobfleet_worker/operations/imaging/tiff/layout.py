"""How the samples of one TIFF picture lie, in words that say so, and which are not read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobfleet_jobs.errors import BadJob

from jobfleet_worker.operations.imaging.tiff.directory import Directory, Tag

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
CFA, LINEAR_RAW = 32_803, 34_892

_COLOURS = {
    WHITE_IS_ZERO: (1, "grey"), BLACK_IS_ZERO: (1, "grey"), RGB: (3, "RGB"), PALETTE: (1, "palette"),
    MASK: (1, "mask"), CMYK: (4, "CMYK"), YCBCR: (3, "YCbCr"), CIELAB: (3, "CIELab"), ICCLAB: (3, "ICCLab"),
}  # fmt: skip
_NAMED_PHOTOMETRICS = {
    10: "ITULab", CFA: "a camera's colour filter", LINEAR_RAW: "linear camera raw", 32_844: "LogL",
    32_845: "LogLuv", 51_177: "a depth map", 52_527: "a photometric mask",
}  # fmt: skip

NONE, CCITT_RLE, CCITT_3, CCITT_4, LZW, JPEG = 1, 2, 3, 4, 5, 7
DEFLATE, OLD_DEFLATE, PACKBITS, LZMA, ZSTD = 8, 32_946, 32_773, 34_925, 50_000
# Those that hold bytes, whatever they mean, and those that hold samples.
_OF_BYTES = frozenset({NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS, LZMA, ZSTD})
FAX = frozenset({CCITT_RLE, CCITT_3, CCITT_4})
_OF_PICTURES = FAX | {JPEG}
# https://www.awaresystems.be/imaging/tiff/tifftags/compression.html and libtiff's tiff.h:
# https://gitlab.com/libtiff/libtiff/-/blob/master/libtiff/tiff.h
_NAMED_COMPRESSIONS = {
    6: "old-style JPEG", 9: "JBIG", 10: "JBIG", 99: "JPEG", 262: "Kodak's", 32_766: "NeXT's",
    32_767: "Sony's raw", 32_769: "packed raw", 32_770: "Samsung's raw", 32_771: "CCITT with words",
    32_809: "ThunderScan", 33_003: "JPEG 2000", 33_005: "JPEG 2000", 34_661: "JBIG", 34_676: "LogLuv",
    34_677: "LogLuv", 34_712: "JPEG 2000", 34_713: "Nikon's raw", 34_887: "LERC", 34_892: "lossy DNG",
    34_926: "LZMA", 34_933: "PNG", 34_934: "JPEG XR", 50_001: "WebP", 50_002: "JPEG XL", 52_546: "JPEG XL",
    65_000: "Kodak's raw", 65_535: "Pentax's raw",
}  # fmt: skip
RAW_COMPRESSIONS = frozenset({262, 32_767, 32_769, 32_770, 34_713, 34_892, 65_000, 65_535})

UNSIGNED, SIGNED, FLOAT, VOID = 1, 2, 3, 4
_FORMATS = {SIGNED: "signed", FLOAT: "float", 5: "complex whole-number", 6: "complex float"}

UNNAMED, ASSOCIATED, UNASSOCIATED = 0, 1, 2
_COREL = 999  # which Corel Draw 10 writes for an alpha channel, says Pillow
_MOST_CHANNELS = 16
# A tile may be larger than the picture, but memory is taken for all of it.
_TILE_PIXELS = 2**24
_PREDICTED = frozenset({LZW, DEFLATE, OLD_DEFLATE, LZMA, ZSTD})
_FOURTH_UNNAMED = "the file does not name its fourth channel: it was read as transparency"


@dataclass(frozen=True)
class SampleLayout:
    """How samples lie: sizes in pixels, `bits` of a sample, `colours` and `extras` of the channels.

    `alpha` is the number of the channel that is transparency. `strip` is the width and height of a
    strip or tile, `tiled` which of the two it is. `subsampling` is how many pixels across and down
    share a colour, in YCbCr. `said` are notes on what had to be guessed or is left out.
    """

    width: int
    height: int
    photometric: int
    bits: int
    colours: int
    extras: tuple[int, ...]
    sample_format: int
    compression: int
    predictor: int
    planar: bool
    backwards: bool
    strip: tuple[int, int]
    tiled: bool
    subsampling: tuple[int, int]
    alpha: int | None
    said: tuple[str, ...]

    @property
    def channels(self) -> int:
        """How many samples a pixel has."""
        return self.colours + len(self.extras)

    @property
    def associated(self) -> bool:
        """Whether the colours have been multiplied with alpha."""
        return self.alpha is not None and self.extras[self.alpha - self.colours] == ASSOCIATED

    @property
    def segments(self) -> int:
        """How many strips or tiles the picture needs."""
        across, down = -(-self.width // self.strip[0]), -(-self.height // self.strip[1])
        return across * down * (self.channels if self.planar else 1)

    @property
    def row_bytes(self) -> int:
        """How many bytes a row of a strip or tile has once it is unpacked."""
        return (self.strip[0] * self.bits * (1 if self.planar else self.channels) + 7) // 8

    def rows_bytes(self, rows: int) -> int:
        """Return how many bytes so many rows of a strip or tile have once they are unpacked."""
        across, down = self.subsampling
        if across * down == 1:
            return rows * self.row_bytes
        return -(-rows // down) * -(-self.strip[0] // across) * (across * down + 2)

    @property
    def can_be_unpacked(self) -> bool:
        """Whether its strips hold the bytes of its samples, one after the other."""
        return self.compression in _OF_BYTES and self.photometric != YCBCR

    def __str__(self) -> str:
        """Return its name: "a TIFF of 16-bit signed grey samples"."""
        kind = _FORMATS.get(self.sample_format, "unknown") if self.sample_format != UNSIGNED else None
        words = [f"{self.bits}-bit", *([kind] if kind else []), _COLOURS[self.photometric][1]]
        more = "" if self.alpha is None else " with transparency"
        return f"a TIFF of {' '.join(words)} samples{more}"


def refused(what: str, way_out: str) -> BadJob:
    """Return the refusal of a layout by its name."""
    return BadJob("unsupported-mode", f"the input is {what}, which this worker does not read; {way_out}")


_AS_PLAIN = "save it as RGB or greyscale with 8 or 16 bits a channel first"
_AS_PAGES = "save its images as pages first"
_OTHER_COMPRESSION = "save it with another compression (LZW, Deflate or none) first"
_SCALED = "scale its values to 8 or 16 bits (0 is black) first: only you know which is white"


def layout_of(directory: Directory) -> SampleLayout:
    """Return how the samples of a picture lie. Raises `BadJob` by name for what is never read."""
    said: list[str] = []
    compression = directory.number(Tag.COMPRESSION, NONE)
    if compression not in _OF_BYTES | _OF_PICTURES:
        name = _NAMED_COMPRESSIONS.get(compression, "an unknown")
        raise refused(f"a TIFF with {name} compression ({compression})", _OTHER_COMPRESSION)
    samples = directory.number(Tag.SAMPLES, max(1, min(directory.count(Tag.BITS), _MOST_CHANNELS)))
    photometric = _photometric(directory, samples, compression, said)
    colours = _COLOURS[photometric][0]
    if not colours <= samples <= _MOST_CHANNELS:
        raise refused(f"a TIFF of {_COLOURS[photometric][1]} samples with {samples:,} channels", _AS_PLAIN)
    extras, alpha = _extras(directory, photometric, samples - colours, said)
    if directory.number(Tag.DEPTH, 1) > 1:
        raise refused(f"a TIFF of a volume, {directory.number(Tag.DEPTH, 1):,} images deep", _AS_PAGES)
    width, height = directory.number(Tag.WIDTH, 0), directory.number(Tag.LENGTH, 0)
    if width < 1 or height < 1:
        raise BadJob("broken-image", f"the TIFF file says that its picture is {width} x {height} pixels")
    layout = SampleLayout(
        width=width, height=height, photometric=photometric, bits=_same(directory, Tag.BITS, samples, 1),
        colours=colours, extras=extras, sample_format=_format(directory, samples), compression=compression,
        predictor=directory.number(Tag.PREDICTOR, 1) if compression in _PREDICTED else 1,
        planar=samples > 1 and directory.number(Tag.PLANAR, 1) == 2,
        backwards=directory.number(Tag.FILL_ORDER, 1) == 2, strip=_strip(directory, width, height),
        tiled=Tag.TILE_WIDTH in directory, subsampling=_subsampling(directory, photometric, compression),
        alpha=alpha, said=tuple(said),
    )  # fmt: skip
    _check_samples(layout)
    return layout


def _photometric(directory: Directory, samples: int, compression: int, said: list[str]) -> int:
    if Tag.PHOTOMETRIC not in directory:
        # As libtiff takes it: https://gitlab.com/libtiff/libtiff/-/blob/master/libtiff/tif_getimage.c
        said.append("the file does not say what its samples mean: they were taken for the usual")
        if samples >= 3:
            return RGB
        return WHITE_IS_ZERO if compression in FAX else BLACK_IS_ZERO
    photometric = directory.number(Tag.PHOTOMETRIC, -1)
    if photometric not in _COLOURS:
        name = _NAMED_PHOTOMETRICS.get(photometric, "an unknown colour space")
        raise refused(f"a TIFF whose samples are {name} ({photometric})", _AS_PLAIN)
    if photometric == CMYK and directory.number(Tag.INK_SET, 1) != 1:
        raise refused("a TIFF of separate inks that are not cyan, magenta, yellow and black", _AS_PLAIN)
    if photometric == MASK:
        said.append("the file holds a transparency mask and no picture: it was read as black and white")
    return photometric


def _extras(
    directory: Directory, photometric: int, count: int, said: list[str]
) -> tuple[tuple[int, ...], int | None]:
    """Return what the channels beside the colours are, and which of all is transparency."""
    colours, name = _COLOURS[photometric]
    named = directory.numbers(Tag.EXTRA_SAMPLES, _MOST_CHANNELS)[-count:] if count else ()
    if photometric == RGB and count == 1 and not named:
        named = (UNASSOCIATED,)
        said.append(_FOURTH_UNNAMED)
    extras = tuple(UNASSOCIATED if extra == _COREL else extra for extra in named)
    extras += (UNNAMED,) * (count - len(extras))
    alpha = next((n for n, extra in enumerate(extras) if extra in (ASSOCIATED, UNASSOCIATED)), None)
    left_out = count - (alpha is not None)
    if left_out > 1 and colours == 1:
        raise refused(
            f"a TIFF of {name} samples with {left_out + 1} channels and no word on their colours",
            "save the channels you mean as RGB or greyscale first",
        )
    if left_out:
        said.append(f"channels beside the colours were left out: {left_out}")
    return extras, None if alpha is None else colours + alpha


def _same(directory: Directory, tag: Tag, samples: int, otherwise: int) -> int:
    """Return a value that all channels share."""
    values = directory.numbers(tag, samples) or (otherwise,)
    if len(set(values)) > 1:
        raise refused(f"a TIFF whose channels differ ({tag.name}: {', '.join(map(str, values))})", _AS_PLAIN)
    return values[0]


def _format(directory: Directory, samples: int) -> int:
    value = _same(directory, Tag.SAMPLE_FORMAT, samples, UNSIGNED)
    return UNSIGNED if value == VOID else value  # a reader takes it for unsigned: TIFF 6.0, page 80


def _subsampling(directory: Directory, photometric: int, compression: int) -> tuple[int, int]:
    if photometric != YCBCR or compression == JPEG:  # JPEG tells by itself
        return 1, 1
    across, down = (*directory.numbers(Tag.SUBSAMPLING, 2), 2, 2)[:2]
    if not {across, down} <= {1, 2, 4}:
        raise BadJob("broken-image", f"the TIFF file says that {across} x {down} pixels share a colour")
    return across, down


def _strip(directory: Directory, width: int, height: int) -> tuple[int, int]:
    if Tag.TILE_WIDTH in directory:
        across, down = directory.number(Tag.TILE_WIDTH, 0), directory.number(Tag.TILE_LENGTH, 0)
        if across < 1 or down < 1 or across * down > max(2 * width * height, _TILE_PIXELS):
            tiles, picture = f"{across:,} x {down:,} pixels", f"{width:,} x {height:,}"
            raise BadJob("broken-image", f"the TIFF file says its tiles are {tiles}, its picture {picture}")
        return across, down
    rows = directory.number(Tag.ROWS_PER_STRIP, height)
    return width, rows if 0 < rows < height else height


_BITS: Mapping[int, Sequence[int]] = {
    PALETTE: range(1, 9), MASK: (1,), YCBCR: (8,), CIELAB: (8, 16), ICCLAB: (8, 16),
}  # fmt: skip
_USUAL_BITS, _WHOLE_BYTES = range(1, 17), (8, 16, 32, 64)


def _check_samples(layout: SampleLayout) -> None:
    """Raise `BadJob` for samples that no reader here knows."""
    if layout.sample_format not in (UNSIGNED, SIGNED):
        raise refused(str(layout), _SCALED if layout.sample_format in _FORMATS else _AS_PLAIN)
    if layout.sample_format == SIGNED or layout.bits in (32, 64):
        # What is white is not known: as they are, if they fit.
        alone = layout.photometric == BLACK_IS_ZERO and layout.alpha is None
        if not alone or layout.bits not in _WHOLE_BYTES:
            raise refused(str(layout), _SCALED)
    elif layout.bits not in _BITS.get(layout.photometric, _USUAL_BITS):
        raise refused(str(layout), _AS_PLAIN)
    if layout.predictor not in (1, 2) or (layout.predictor == 2 and layout.bits not in _WHOLE_BYTES):
        raise refused(f"{layout} with predictor {layout.predictor}", _OTHER_COMPRESSION)


# What Pillow reads right, channels in one row: compared with every layout in tests/unit/worker/operations.
_GREYS, _DEPTHS = (1, 2, 4, 8), (8, 16)
_PILLOWS: Mapping[int, tuple[int, ...]] = {
    WHITE_IS_ZERO: _GREYS, BLACK_IS_ZERO: (*_GREYS, 16), RGB: _DEPTHS, PALETTE: _GREYS, CMYK: _DEPTHS,
    YCBCR: (8,),
}  # fmt: skip


def is_pillows(layout: SampleLayout) -> bool:
    """Tell whether Pillow reads a layout as it is meant."""
    if layout.sample_format != UNSIGNED or layout.bits not in _PILLOWS.get(layout.photometric, ()):
        return False
    if layout.photometric == YCBCR:
        return not layout.extras and not layout.planar
    if layout.planar:
        return (
            layout.photometric in (RGB, CMYK) and not layout.extras and layout.compression not in (NONE, LZMA)
        )
    if layout.backwards and (layout.extras or layout.photometric == CMYK or layout.bits >= 8):
        return False
    alone = not layout.extras or (layout.photometric == RGB and len(layout.extras) == 1)
    return alone and layout.compression != LZMA
