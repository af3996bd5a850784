"""EXIF data: the orientation of a picture, and what of the rest still holds once it was changed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PIL import ExifTags, Image

# How to turn an image so that it stands upright, by the orientation that EXIF tells.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPPING = [_UPRIGHT[orientation] for orientation in (5, 6, 7, 8)]

TURNED = "the image was turned upright, as its EXIF data says"

# What EXIF says of the picture and its making. The rest says how the input file was laid out.
_KEPT_TAGS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
    ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip
_KEPT_BLOCKS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
KEPT_TAGS = frozenset({*_KEPT_TAGS, *_KEPT_BLOCKS})
# These give the size as the camera wrote it.
_SIZE_TAGS = (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)

# Many makers keep a small picture of the unchanged one in their notes, and tell where it lies by places
# in the file that no longer hold: https://exiftool.org/idiosyncracies.html
_OLD_PICTURE_TAGS = (ExifTags.Base.MakerNote,)

# By the first entry of a further block, a camera says that its colours are those of Adobe RGB (R03) or sRGB
# (R98), often without a profile: DCF 2.0, 4.4; https://exiftool.org/TagNames/EXIF.html#Interop
_INTEROP_INDEX, _INTEROP_KNOWN = 1, frozenset({"R03", "R98"})

# Where Pillow's `info` has EXIF data: the second is a text in PNGs of ImageMagick's.
_PLACES_OF_EXIF = ("exif", "Raw profile type exif")

# A JPEG holds EXIF in one segment of 64 KiB.
_EXIF_MAX_BYTES = 65_000


@dataclass(frozen=True)
class Upright:
    """How to turn the frames as EXIF says, and what of EXIF still holds then."""

    turn: Image.Transpose | None = None
    exif: bytes = b""
    notes: tuple[str, ...] = ()

    @property
    def swaps_sides(self) -> bool:
        """Whether width becomes height."""
        return self.turn in _SWAPPING

    def turned(self, image: Image.Image) -> Image.Image:
        """Return a frame upright."""
        return image if self.turn is None else image.transpose(self.turn)


def turn_of(orientation: int) -> Image.Transpose | None:
    """Return what makes a picture of this orientation (EXIF, 1 to 8) upright; None if nothing has to."""
    return _UPRIGHT.get(orientation)


def exif_of(image: Image.Image) -> Image.Exif:
    """Return the EXIF data of an opened image. What XMP says of the orientation is not in it.

    Pillow adds that (https://github.com/python-pillow/Pillow/blob/13.0.0/src/PIL/Image.py, `getexif`), but
    browsers turn pictures by EXIF alone: https://drafts.csswg.org/css-images-3/#the-image-orientation
    """
    image.getexif()  # which looks for it behind the pixels of a PNG, too
    bare = Image.new("1", (1, 1))
    bare.info = {name: image.info[name] for name in _PLACES_OF_EXIF if name in image.info}
    return bare.getexif()


def upright(image: Image.Image, *, already: bool = False) -> Upright:
    """Return how to turn a picture whose first frame is loaded; `already` as for `upright_by`."""
    return upright_by(partial(exif_of, image), already=already)


def upright_by(read: Callable[[], Image.Exif], *, already: bool = False) -> Upright:
    """Return how to turn a picture whose EXIF data is read so.

    With `already`, it was turned by what its file says elsewhere, and EXIF has no say.
    """
    try:
        exif = read()
        turn = None if already else _UPRIGHT.get(exif.get(ExifTags.Base.Orientation, 1))
        kept = _kept_exif(exif, turned=already or turn is not None)
    except Exception:  # noqa: BLE001 - anyone writes EXIF, anyhow; a picture without it is still one
        return Upright(notes=("the EXIF data could not be read and was dropped",))
    notes = (TURNED,) if turn is not None else ()
    if len(kept) > _EXIF_MAX_BYTES:
        return Upright(turn, b"", (*notes, "the EXIF data was too long and was dropped"))
    return Upright(turn, kept, notes)


def without_size(exif: bytes) -> bytes:
    """Return EXIF data that `upright` gave, of a picture whose size has changed since."""
    if not exif:
        return exif
    parsed = Image.Exif()
    parsed.load(exif)
    return _kept_exif(parsed, turned=True)


def _kept_exif(exif: Image.Exif, *, turned: bool) -> bytes:
    kept = Image.Exif()
    for tag in _KEPT_TAGS:
        if tag in exif:
            kept[tag] = exif[tag]
    for block in _KEPT_BLOCKS:
        entries = dict(exif.get_ifd(block))
        for tag in (*_OLD_PICTURE_TAGS, *(_SIZE_TAGS if turned else ())):
            entries.pop(tag, None)
        if entries.pop(ExifTags.IFD.Interop, None) is not None:
            index = exif.get_ifd(ExifTags.IFD.Interop).get(_INTEROP_INDEX)
            if index in _INTEROP_KNOWN:
                entries[ExifTags.IFD.Interop] = {_INTEROP_INDEX: index}
        if entries:
            kept[block] = entries
    return kept.tobytes() if len(kept) else b""
