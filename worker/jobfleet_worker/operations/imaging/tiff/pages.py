"""Which directories of a TIFF file are its pictures, and which are previews, copies and masks."""

import math
import re
from collections.abc import Sequence

from jobfleet_jobs.errors import BadJob

from jobfleet_worker.operations.imaging.tiff.directory import Directory, Tag, TiffForm, all_below, chain
from jobfleet_worker.operations.imaging.tiff.layout import CFA, LINEAR_RAW, NONE, RAW_COMPRESSIONS, refused

_REDUCED, _IS_MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED = 2

_DIRECTORY_STARTS = (b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"MM\0+", b"II+\0")

# Camera files that begin as TIFF does, or nearly: https://exiftool.org/TagNames/EXIF.html and
# https://libopenraw.freedesktop.org/formats/.
_RAW_STARTS = (
    (b"IIU\0", "Panasonic RW2"),
    (b"IIRO", "Olympus ORF"),
    (b"IIRS", "Olympus ORF"),
    (b"MMOR", "Olympus ORF"),
)
_CR2_AT_8, _IIQ_AT_8 = b"CR\2", (b"IIIIwaR", b"MMMMRaw", b"IIIIRaw")
_RAW_OF_MAKERS = {
    b"NIKON": "Nikon NEF", b"SONY": "Sony ARW", b"PENTAX": "Pentax PEF", b"RICOH": "Pentax PEF",
    b"CANON": "Canon CR2", b"SAMSUNG": "Samsung SRW", b"HASSELBLAD": "Hasselblad 3FR", b"EPSON": "Epson ERF",
    b"EASTMAN KODAK": "Kodak DCR", b"KODAK": "Kodak DCR", b"OLYMPUS": "Olympus ORF", b"LEAF": "Leaf MOS",
    b"MAMIYA": "Mamiya MEF", b"PHASE ONE": "Phase One IIQ", b"PANASONIC": "Panasonic RW2",
}  # fmt: skip

# Tags of programs whose files hold more than their directories tell.
_PHOTOSHOP_LAYERS, _STACK_PLANES = 37_724, 33_629
_IMAGEJ = re.compile(rb"ImageJ=[^\n]*\n(?:[^\n]*\n)??images=(\d{1,9})\n")
_TIFFFILE = re.compile(rb'\{"shape": \[(\d{1,9}(?:, \d{1,9}){0,9})\], "truncated": true')
_CIRCLE = "the pages of the TIFF file lead back to one of them: each was used once"
_SMALLER = "smaller copies of the picture that the file holds were left out: {}"
_MASKS = "transparency masks that the file holds were left out: {}"
_LAYERS = "Photoshop's layers were left out: the picture that shows them all was used"
_STACK = "only {} of {} images of a stack were used: the others have no page; save them as pages"


def is_tiff(data: bytes) -> bool:
    """Tell whether a file begins as a TIFF file, or as one of a camera's that nearly does."""
    return data.startswith((*_DIRECTORY_STARTS, *(start for start, _ in _RAW_STARTS)))


def pages_of(data: bytes) -> tuple[list[Directory], list[str]]:
    """Return the pictures of a file that `is_tiff`, and notes on what is left out.

    Raises `BadJob` for a camera's raw file, a picture that is only a preview of another, and a file
    that is cut off between its pages.
    """
    for start, name in _RAW_STARTS:
        if data.startswith(start):
            raise _camera_raw(name)
    form = TiffForm.of(data)
    _refuse_raw_mark(data, form)
    listed, circular = chain(form)
    below = all_below(listed)
    _refuse_raw(listed, below)
    pages, notes = _without_copies(listed)
    largest = max(map(_pixels, pages))
    if any(_pixels(one) > largest for one in below):
        raise refused(
            "a TIFF whose first picture is a preview of one in a directory below it (SubIFD)",
            "save the picture itself as a plain TIFF first",
        )
    if below:
        notes.append(_SMALLER.format(len(below)))
    if circular:
        notes.append(_CIRCLE)
    return pages, notes + _unlisted(pages)


def _camera_raw(name: str) -> BadJob:
    return BadJob(
        "not-an-image",
        f"the input is a camera's raw file ({name}), and only its preview could be read; develop it to "
        "JPEG or TIFF first",
    )


def _refuse_raw_mark(data: bytes, form: TiffForm) -> None:
    if data[8:11] == _CR2_AT_8:
        raise _camera_raw("Canon CR2")
    if not form.big and data[8:15] in _IIQ_AT_8:
        raise _camera_raw("Phase One IIQ")


def _refuse_raw(listed: Sequence[Directory], below: Sequence[Directory]) -> None:
    """Raise `BadJob` if the pixels of any picture are a sensor's: that decides, and no maker's name alone."""
    first = listed[0]
    preview_of_dng = Tag.DNG_VERSION in first and _is_copy(first) and below
    raw = any(
        one.number(Tag.PHOTOMETRIC, 0) in (CFA, LINEAR_RAW)
        or one.number(Tag.COMPRESSION, NONE) in RAW_COMPRESSIONS
        for one in (*listed, *below)
    )
    if not (raw or preview_of_dng):
        return
    maker = first.raw(Tag.MAKE).upper()
    names = (name for start, name in _RAW_OF_MAKERS.items() if maker.startswith(start))
    raise _camera_raw("DNG" if Tag.DNG_VERSION in first else next(names, "TIFF/EP"))


def _is_copy(page: Directory) -> bool:
    kind = page.number(Tag.SUBFILE_TYPE, 0)
    return bool(kind & _REDUCED) or (not kind and page.number(Tag.OLD_SUBFILE_TYPE, 0) == _OLD_REDUCED)


def _is_exif_thumbnail(page: Directory) -> bool:
    """Tell whether a page is the small JPEG that EXIF has there: https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf."""
    return Tag.JPEG_AT in page and Tag.STRIP_OFFSETS not in page and Tag.TILE_OFFSETS not in page


def _is_mask(page: Directory) -> bool:
    return bool(page.number(Tag.SUBFILE_TYPE, 0) & _IS_MASK)


def _pixels(page: Directory) -> int:
    return page.number(Tag.WIDTH, 0) * page.number(Tag.LENGTH, 0)


def _without_copies(listed: Sequence[Directory]) -> tuple[list[Directory], list[str]]:
    """Leave out masks and smaller copies: pages that say they are, and copies only beside a larger one."""
    masks = [page for page in listed if _is_mask(page)]
    pictures = [page for page in listed if not _is_mask(page)] or list(listed)
    full = [page for page in pictures if not _is_copy(page)]
    largest = max(map(_pixels, full), default=0)
    copies = [page for page in pictures if _is_copy(page) and _pixels(page) < largest]
    copies += [page for page in pictures[1:] if _is_exif_thumbnail(page)]
    notes = [_SMALLER.format(len(copies))] if copies else []
    if masks and len(masks) < len(listed):
        notes.append(_MASKS.format(len(masks)))
    left_out = {page.at for page in copies}
    return [page for page in pictures if page.at not in left_out], notes


def _truncated(page: Directory) -> int:
    """Return how many images tifffile says it put behind a page without one of their own."""
    said = _TIFFFILE.match(page.raw(Tag.DESCRIPTION))
    numbers = map(int, said[1].split(b",")) if said else []
    return math.prod(numbers) // max(1, _pixels(page) * page.number(Tag.SAMPLES, 1))


def _unlisted(pages: Sequence[Directory]) -> list[str]:
    """Return notes on pictures of which the directories do not tell."""
    first, notes = pages[0], []
    if _PHOTOSHOP_LAYERS in first:
        notes.append(_LAYERS)
    # One directory may stand for a whole stack, whose images follow each other: in ImageJ's files
    # (https://github.com/imagej/ImageJ/blob/master/ij/io/TiffDecoder.java), in MetaMorph's, where a tag
    # has one value for each, and in tifffile's (https://github.com/cgohlke/tifffile).
    stack = _IMAGEJ.match(first.raw(Tag.DESCRIPTION))
    images = max(int(stack[1]) if stack else 1, first.count(_STACK_PLANES), _truncated(first))
    if images > len(pages):
        notes.append(_STACK.format(len(pages), f"{images:,}"))
    return notes
