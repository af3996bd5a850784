"""A TIFF file as a picture."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from jobfleet_jobs.errors import BadJob
from PIL import Image, TiffImagePlugin

from jobfleet_worker.operations.imaging.exif import KEPT_TAGS, TURNED, Upright, turn_of, upright_by
from jobfleet_worker.operations.imaging.picture import COLOURLESS, Frame, Picture, fitting_profile
from jobfleet_worker.operations.imaging.tiff.colours import own_reading, palette_of
from jobfleet_worker.operations.imaging.tiff.directory import Directory, Tag
from jobfleet_worker.operations.imaging.tiff.fax import fax_picture
from jobfleet_worker.operations.imaging.tiff.layout import (
    CIELAB,
    CMYK,
    FAX,
    ICCLAB,
    NONE,
    PALETTE,
    WHITE_IS_ZERO,
    YCBCR,
    SampleLayout,
    is_pillows,
    layout_of,
    refused,
)
from jobfleet_worker.operations.imaging.tiff.pages import pages_of
from jobfleet_worker.operations.imaging.tiff.segments import Segment, segments_of
from jobfleet_worker.operations.memory import READING_BYTES_A_PIXEL, lack_is_told

_PROFILE = 34_675
# Descriptions that are none for people: ImageJ's, OME's and tifffile's say how many images there are in which
# order and where, and mislead whoever reads the file that is written.
_OF_A_LAYOUT = (b"ImageJ=", b"<?xml", b"<OME", b'{"shape"')
_DESCRIPTION_DROPPED = "the description was dropped: it tells programs how the input file was laid out"
_CM_PER_INCH = 2.54
_INCHES, _CENTIMETRES = 2, 3


def read_tiff(data: bytes, check_pixels: Callable[[int], None]) -> Picture:
    """Read all pictures of a file that `is_tiff`, upright. Raises `BadJob`.

    `check_pixels` gets the pixels of all of them together, before any is decoded, and raises for too many.
    """
    pages, notes = pages_of(data)
    check_pixels(sum(max(0, page.number(Tag.WIDTH, 0) * page.number(Tag.LENGTH, 0)) for page in pages))
    stream = io.BytesIO(data)
    frames, reading = [], []
    for number, page in enumerate(pages, 1):
        try:
            image, cost = _page(stream, page)
        except BadJob as problem:
            if len(pages) == 1:
                raise
            raise BadJob(problem.code, f"page {number:,} of {len(pages):,}: {problem.message}") from problem
        frames.append(Frame(image))
        reading += cost
    first = pages[0]
    exif = _exif(stream, first)
    profile, said = fitting_profile(
        first.raw(_PROFILE, len(data)), grey=frames[0].image.mode in COLOURLESS,
        converted=first.number(Tag.PHOTOMETRIC, 0) in (CMYK, CIELAB, ICCLAB),
    )  # fmt: skip
    turned = [TURNED] if any(_turn(page) is not None for page in pages) else []
    return Picture(
        tuple(frames), "TIFF", exif=exif.exif, icc_profile=profile, dpi=_dpi(first),
        reading=tuple(dict.fromkeys([*reading, *said])),
        notes=tuple(dict.fromkeys([*notes, *turned, *exif.notes])),
    )  # fmt: skip


def _page(stream: io.BytesIO, page: Directory) -> tuple[Image.Image, list[str]]:
    """Return one picture upright, and what reading it cost."""
    layout = layout_of(page)
    segments, notes = segments_of(page, layout)
    try:
        with lack_is_told(READING_BYTES_A_PIXEL * layout.width * layout.height):
            image, said = _unpacked(stream, page, layout, segments, surplus=bool(notes))
    except OSError as problem:  # what Pillow says then is for its developers
        raise BadJob("broken-image", f"the picture in the TIFF file ({layout}) is damaged") from problem
    if layout.bits > 8:
        said.append(_depth(layout, image))
    return image, [*layout.said, *notes, *filter(None, said)]


def _unpacked(
    stream: io.BytesIO, page: Directory, layout: SampleLayout, segments: Sequence[Segment], *, surplus: bool
) -> tuple[Image.Image, list[str]]:
    complete = all(count for _, count in segments)
    if is_pillows(layout) and complete and not _is_odd(page, layout, surplus=surplus):
        if layout.compression in FAX:
            return fax_picture(page, layout, segments), []
        return _by_pillow(stream, page, layout)
    if layout.can_be_unpacked:
        image, said = own_reading(page, layout, segments)
        turn = _turn(page)
        return image if turn is None else image.transpose(turn), said
    if not complete:
        raise BadJob("broken-image", "the TIFF file leaves out parts of its picture")
    how = "big-endian BigTIFF" if page.form.big else f"compression {layout.compression}"
    raise refused(f"{layout} with {how}", "save it with another compression first")


def _is_odd(page: Directory, layout: SampleLayout, *, surplus: bool) -> bool:
    """Tell whether Pillow stumbles over how a picture is stored, though it reads its layout."""
    unsaid = Tag.PHOTOMETRIC not in page and layout.photometric != WHITE_IS_ZERO  # as Pillow takes it
    if unsaid or not _is_known_to_pillow(page):
        return True
    one_plane_of_one = page.number(Tag.PLANAR, 1) == 2 and not layout.planar
    named_otherwise = layout.tiled and Tag.STRIP_OFFSETS in page
    stumbles = surplus or one_plane_of_one or named_otherwise or page.number(Tag.ROWS_PER_STRIP, 1) < 1
    return stumbles and layout.compression == NONE and layout.can_be_unpacked


def _is_known_to_pillow(page: Directory) -> bool:
    """Tell whether Pillow reads the directory at all: of BigTIFF, it knows the little-endian form."""
    return not page.form.big or page.form.order == "<"


def _depth(layout: SampleLayout, image: Image.Image) -> str:
    if image.mode != "I;16":
        return f"{layout.bits} bits a channel were read as 8"
    return f"{layout.bits} bits a channel were scaled to 16" if layout.bits < 16 else ""


def _by_pillow(stream: io.BytesIO, page: Directory, layout: SampleLayout) -> tuple[Image.Image, list[str]]:
    _begin_with(stream, page)
    with _by_way_of_libtiff(layout), Image.open(stream, formats=["TIFF"]) as opened:
        opened.info.pop("xmp", None)  # or Pillow would turn the picture by what only XMP says of it
        opened.load()
        image = opened.copy()
    if layout.photometric == PALETTE:
        image.putpalette(palette_of(page, layout), "RGB")
    if image.mode == "CMYK":
        return image.convert("RGB"), ["CMYK was converted to RGB"]
    if image.mode == "I;16B":
        return image.convert("I").convert("I;16"), []
    return image, []


def _begin_with(stream: io.BytesIO, page: Directory) -> None:
    """Let the file begin with one of its directories, so that Pillow reads that whatever the others are."""
    form = page.form
    if page.at != form.first:
        stream.seek(8 if form.big else 4)
        stream.write(page.at.to_bytes(8 if form.big else 4, "little" if form.order == "<" else "big"))
    stream.seek(0)


@contextmanager
def _by_way_of_libtiff(layout: SampleLayout) -> Iterator[None]:
    """Have Pillow leave an uncompressed YCbCr picture to libtiff: it does not know of subsampling."""
    before = TiffImagePlugin.READ_LIBTIFF
    TiffImagePlugin.READ_LIBTIFF = before or (layout.photometric == YCBCR and layout.compression == NONE)
    try:
        yield
    finally:
        TiffImagePlugin.READ_LIBTIFF = before


def _turn(page: Directory) -> Image.Transpose | None:
    return turn_of(page.number(Tag.ORIENTATION, 1))


def _exif(stream: io.BytesIO, page: Directory) -> Upright:
    def read() -> Image.Exif:
        exif = Image.Exif()
        if not any(tag in page for tag in KEPT_TAGS):
            return exif
        if not _is_known_to_pillow(page):
            raise ValueError("a form that Pillow does not know")
        exif.bigtiff, exif.endian = page.form.big, page.form.order
        exif.load_from_fp(stream, page.at)
        if described:
            del exif[Tag.DESCRIPTION]
        return exif

    described = page.raw(Tag.DESCRIPTION).startswith(_OF_A_LAYOUT)
    upright = upright_by(read)
    return replace(upright, notes=(*upright.notes, _DESCRIPTION_DROPPED)) if described else upright


def _dpi(page: Directory) -> tuple[float, float] | None:
    """Return the pixels per inch of a picture that is upright by now."""
    across, down = page.fraction(Tag.X_RESOLUTION), page.fraction(Tag.Y_RESOLUTION)
    unit = page.number(Tag.RESOLUTION_UNIT, _INCHES)
    if across is None or down is None or unit not in (_INCHES, _CENTIMETRES):
        return None
    if unit == _CENTIMETRES:
        across, down = across * _CM_PER_INCH, down * _CM_PER_INCH
    if page.number(Tag.ORIENTATION, 1) in (5, 6, 7, 8):
        across, down = down, across
    return (across, down) if 0 < across < 65_536 and 0 < down < 65_536 else None
