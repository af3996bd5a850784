"""Pictures to bytes, in the format the sender named or else the one they came in."""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.channels import eight_bit, has_alpha, on_white
from jobfleet_worker.operations.imaging.films.write import KINDS, write_film
from jobfleet_worker.operations.imaging.films.write_apng import in_one_mode
from jobfleet_worker.operations.imaging.heif.clocks import without_clocks
from jobfleet_worker.operations.imaging.heif.write import avif_options, write_heic
from jobfleet_worker.operations.imaging.palette import to_palette
from jobfleet_worker.operations.imaging.picture import COLOURLESS, ENDINGS, Picture
from jobfleet_worker.operations.imaging.tiff_exif import with_blocks, without_blocks

# What 95 leaves out is not seen, and above it files only grow (Pillow's own advice:
# https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html#jpeg-saving).
LOSSY_QUALITY = 95

_SAVED: Mapping[str, Mapping[str, Any]] = {
    # Full resolution for the colours too: a threshold makes edges in them.
    "JPEG": {"quality": LOSSY_QUALITY, "subsampling": 0},
    # Run-length matching at the fastest level: 47 ms instead of 117 for 2 megapixels, at the same size.
    "PNG": {"compress_level": 1, "compress_type": 3},
    "GIF": {"optimize": False},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"quality": LOSSY_QUALITY, "method": 2},
    "BMP": {},
    "PPM": {},
    "HEIC": {"quality": LOSSY_QUALITY},
    "AVIF": {"quality": LOSSY_QUALITY},
}
# For a lossless WebP, quality means effort.
_LOSSLESS_WEBP = {"lossless": True, "quality": 25, "method": 1, "exact": True}

_HOLDS: Mapping[str, frozenset[str]] = {
    "JPEG": frozenset({"L", "RGB"}),
    "PNG": frozenset({"1", "L", "LA", "RGB", "RGBA", "P", "I;16"}),
    "GIF": frozenset({"1", "L", "P"}),
    "TIFF": frozenset({"1", "L", "LA", "RGB", "RGBA", "P", "I;16"}),
    "WEBP": frozenset({"RGB", "RGBA"}),
    "BMP": frozenset({"1", "L", "RGB", "P"}),
    "PPM": frozenset({"1", "L", "RGB", "I;16"}),
    "HEIC": frozenset({"L", "LA", "RGB", "RGBA"}),
    "AVIF": frozenset({"L", "RGB", "RGBA"}),
}
_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "TIFF", "AVIF"})
_PAGES_MAY_DIFFER_IN_SIZE = frozenset({"TIFF"})
_TRANSPARENT_PALETTE = frozenset({"PNG", "GIF"})
_TAKES_EXIF = frozenset({"JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF"})
_TAKES_PROFILE = frozenset({"JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF"})
_TAKES_DPI = frozenset({"JPEG", "PNG", "TIFF", "BMP"})
# In these, the proportions of a pixel stand in the place of the resolution.
_TAKES_ASPECT = frozenset({"JPEG", "PNG"})

_LOSSY = frozenset({"JPEG", "WEBP", "HEIC", "AVIF"})
# These can be lossless, AVIF without colours alone: Pillow writes no RGB into it, and YCbCr rounds.
_CAN_BE_LOSSLESS = frozenset({"WEBP", "HEIC"})
_LOSSLESS_IN_GREY = frozenset({"AVIF"})
_CONTENT_TYPES = {"HEIC": "image/heic", "AVIF": "image/avif"}

# Below it, colours are stored at half the resolution, as most do: who asks for less wants small files.
_FULL_COLOUR_FROM_QUALITY = 90

# The longest side each format can write down; of AVIF, which libavif reads (its default imageDimensionLimit).
_SIDE_MAX = {"JPEG": 65_535, "GIF": 65_535, "WEBP": 16_383, "HEIC": 65_535, "AVIF": 32_768}


@dataclass(frozen=True)
class EncodedFile:
    """An encoded picture; `facts` are what the result says of it."""

    data: bytes
    content_type: str
    facts: Mapping[str, Any]


def encode(picture: Picture, name: str, *, exact: bool) -> EncodedFile:
    """Write `picture` in the format it wants, or that the ending of `name` asks for, or else its own.

    With `exact`, the pixels matter to the last bit: lossless where the format can be, and a note
    where it cannot. Raises `BadJob` for a picture no such file can hold.
    """
    named = _format_asked_for(name)
    kind = picture.wanted or named or picture.format
    if picture.file is not None and kind == picture.format:
        first = picture.frames[0].image
        return _file(picture.file, kind, first, len(picture.frames), picture.notes)
    notes = [*picture.reading, *picture.notes, *_unheeded(picture, kind, named)]
    frames, said = _frames_that_fit(picture, kind)
    notes += said
    film = len(frames) > 1 and kind in KINDS
    fitting, said = _fitted(frames, kind, film=film)
    notes += said
    side = max(fitting[0].size)
    if side > _SIDE_MAX.get(kind, side):
        raise BadJob(
            "too-large-for-format",
            f"the image is {side:,} pixels long; {kind} holds at most {_SIDE_MAX[kind]:,}",
        )
    lossy = _is_lossy(kind, picture, fitting)
    if exact and lossy:
        notes.append(
            f"{kind} is lossy: values are only near those asked for; a name ending in .png keeps them exact"
        )
    if picture.icc_profile and frames[0].mode in COLOURLESS and fitting[0].mode not in COLOURLESS:
        picture = replace(picture, icc_profile=None)
        notes.append(f"{kind} holds no grey, and the colour profile is for grey: it was dropped")
    save, said = _way_to_save(fitting[0], kind, picture, exact=exact and not lossy)
    notes += said
    count = len(fitting)
    if film:
        data, count, said = write_film(fitting, kind, picture, save)
        notes += said
    elif count > 1:
        data = save(fitting[0], save_all=True, append_images=fitting[1:])
    else:
        data = save(fitting[0])
    if kind == "TIFF" and picture.exif:
        data = with_blocks(data, picture.exif)
    if kind == "AVIF":
        data = without_clocks(data)
    profile = kind in _TAKES_PROFILE and bool(picture.icc_profile)
    data, said = picture.marks.into(kind, data, fitting[0], profile=profile)
    notes += said
    return _file(data, kind, fitting[0], count, notes)


def _file(data: bytes, kind: str, first: Image.Image, frames: int, notes: Sequence[str]) -> EncodedFile:
    facts = {
        "format": kind, "mode": first.mode, "width": first.width, "height": first.height,
        "frames": frames, "notes": list(dict.fromkeys(notes)),
    }  # fmt: skip
    content_type = _CONTENT_TYPES.get(kind) or Image.MIME.get(kind, "application/octet-stream")
    return EncodedFile(data, content_type, facts)


def _is_lossy(kind: str, picture: Picture, frames: Sequence[Image.Image]) -> bool:
    """Tell whether values change even where they matter to the last bit."""
    if kind in _LOSSY and picture.quality is not None:
        return True  # who asks for a quality gets it
    if kind in _LOSSLESS_IN_GREY:
        return any(frame.mode != "L" for frame in frames)
    return kind in _LOSSY - _CAN_BE_LOSSLESS


def _unheeded(picture: Picture, kind: str, named: str | None) -> list[str]:
    notes = []
    if named and named != kind:
        notes.append(f"the name's ending asks for {named}, but the format asked for is {kind}")
    if picture.quality is not None and kind not in _LOSSY:
        notes.append(f"{kind} is written without loss: the quality asked for says nothing there")
    if picture.icc_profile and kind not in _TAKES_PROFILE:
        notes.append(f"{kind} holds no colour profile: it was dropped")
    if picture.exif and kind not in _TAKES_EXIF:
        notes.append(f"{kind} holds no EXIF data: it was dropped")
    return notes


def fit(image: Image.Image, kind: str) -> tuple[Image.Image, list[str]]:
    """Return `image` in a mode that `kind` holds, and what that cost."""
    notes = []
    if image.mode == "P" and kind not in _TRANSPARENT_PALETTE and has_alpha(image):
        image = image.convert("RGBA")
    if kind == "GIF" and (
        image.mode not in _HOLDS["GIF"] or isinstance(image.info.get("transparency"), bytes)
    ):
        return to_palette(image)
    if image.mode in _HOLDS[kind]:
        return image, []
    if image.mode == "I;16":
        image = eight_bit(image)
        notes.append("16 bits a channel were scaled to 8")
    if has_alpha(image) and "RGBA" not in _HOLDS[kind]:
        notes.append(f"{kind} holds no transparency: the image was laid on white")
        image = on_white(image)
    if image.mode in _HOLDS[kind]:
        return image, notes
    if image.mode == "1" and "L" in _HOLDS[kind]:
        return image.convert("L"), notes
    return image.convert("RGBA" if has_alpha(image) else "RGB"), notes


def _format_asked_for(name: str) -> str | None:
    lower = name.lower()
    return next((kind for kind, endings in ENDINGS.items() if lower.endswith(endings)), None)


def _frames_that_fit(picture: Picture, kind: str) -> tuple[list[Image.Image], list[str]]:
    frames = [frame.image for frame in picture.frames]
    if len(frames) == 1:
        return frames, []
    if kind == "TIFF" and picture.plays is not None:
        return frames, ["TIFF holds no times: the frames became pages"]
    if kind not in _ANIMATED:
        return frames[:1], [f"{kind} holds one frame: the first of {len(frames)} was used"]
    if len({frame.size for frame in frames}) > 1 and kind not in _PAGES_MAY_DIFFER_IN_SIZE:
        return frames[:1], [
            f"the {len(frames)} frames differ in size, which {kind} cannot hold: the first was used"
        ]
    return frames, []


def _fitted(frames: Sequence[Image.Image], kind: str, *, film: bool) -> tuple[list[Image.Image], list[str]]:
    """Return frames in modes that `kind` holds, and what that cost."""
    fitting, notes = list[Image.Image](), list[str]()
    for frame in frames:
        # What GIF's palettes cost is known only where each frame's own is made.
        fitted, said = (frame, []) if film and kind == "GIF" else fit(frame, kind)
        fitting.append(_bare(fitted))
        notes += said
    # The encoder of AVIF is set up by the first frame: it would leave out what that one lacks.
    return in_one_mode(fitting) if film and kind == "AVIF" else fitting, notes


def _bare(image: Image.Image) -> Image.Image:
    """Take off what the image's file said beside the pixels, or Pillow would write it again."""
    kept = image.info.get("transparency") if image.mode == "P" else None
    image.info = {} if kept is None else {"transparency": kept}
    return image


def _options(kind: str, picture: Picture, *, exact: bool) -> dict[str, Any]:
    options = dict(_SAVED[kind])
    if kind == "WEBP" and exact:
        options.update(_LOSSLESS_WEBP)
    if picture.quality is not None and kind in _LOSSY:
        options["quality"] = picture.quality
    if picture.quality is not None and picture.quality < _FULL_COLOUR_FROM_QUALITY and kind == "JPEG":
        options["subsampling"] = 2
    if kind in _TAKES_EXIF and picture.exif:
        options["exif"] = without_blocks(picture.exif) if kind == "TIFF" else picture.exif
    if kind in _TAKES_PROFILE and picture.icc_profile:
        options["icc_profile"] = picture.icc_profile
    if kind in _TAKES_DPI and picture.dpi and not (kind in _TAKES_ASPECT and picture.marks.aspect):
        options["dpi"] = picture.dpi
    return options


def _way_to_save(
    first: Image.Image, kind: str, picture: Picture, *, exact: bool
) -> tuple[Callable[..., bytes], list[str]]:
    """Return what writes images like the first one in a format, and what that will cost."""
    options, notes = _options(kind, picture, exact=exact), list[str]()
    if kind == "HEIC":
        return partial(write_heic, lossless=exact, **options), notes
    if kind == "AVIF":
        more, notes = avif_options(first, lossless=exact, quality=options["quality"])
        options |= more
    return partial(_save, kind=kind, options=options), notes


def _save(image: Image.Image, *, kind: str, options: Mapping[str, Any], **more: Any) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.save(out, kind, **options, **more)
    return out.getvalue()
