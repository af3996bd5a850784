"""Bytes to pictures. What cannot be read is the sender's fault, whatever Pillow calls it."""

import io
import re
import warnings
from dataclasses import replace
from functools import partial
from typing import Any

from jobfleet_jobs.credentials.redaction import in_print
from jobfleet_jobs.errors import BadJob
from PIL import Image, ImageFile, UnidentifiedImageError

from jobfleet_worker.operations.imaging.exif import Upright, upright
from jobfleet_worker.operations.imaging.films.film import Film
from jobfleet_worker.operations.imaging.films.read import read_film
from jobfleet_worker.operations.imaging.films.timing import kept_time
from jobfleet_worker.operations.imaging.heif.plays import plays_of
from jobfleet_worker.operations.imaging.limits import check_frames, pillows_limit, too_many_pixels
from jobfleet_worker.operations.imaging.picture import COLOURLESS, ENDINGS, Frame, Picture, fitting_profile
from jobfleet_worker.operations.imaging.png.chunks import BEGINS as PNG_BEGINS
from jobfleet_worker.operations.imaging.png.marks import Marks
from jobfleet_worker.operations.imaging.png.parts import Png, parted
from jobfleet_worker.operations.imaging.png.pixels import finished
from jobfleet_worker.operations.imaging.reading.heif import is_heif, open_heif
from jobfleet_worker.operations.imaging.reading.refusals import not_an_image
from jobfleet_worker.operations.imaging.reading.unwritten import left_unwritten
from jobfleet_worker.operations.imaging.stills import jpeg_pixels, pnm
from jobfleet_worker.operations.imaging.stills.bmp import START as BMP_START
from jobfleet_worker.operations.imaging.stills.bmp import open_bmp
from jobfleet_worker.operations.imaging.stills.jpeg import checked_jpeg, read_at_once
from jobfleet_worker.operations.imaging.stills.jpeg_segments import BEGINS as JPEG_BEGINS
from jobfleet_worker.operations.imaging.stills.places import with_all_places
from jobfleet_worker.operations.imaging.stills.webp import check_webp, pixels_told
from jobfleet_worker.operations.imaging.tiff.pages import is_tiff
from jobfleet_worker.operations.imaging.tiff.read import read_tiff
from jobfleet_worker.operations.imaging.trailing_data import SEVERAL, check_ending
from jobfleet_worker.operations.memory import READING_BYTES_A_PIXEL, lack_is_told

# What is opened by its own code goes without Pillow's choice of a reader.
_OPENED_BY_PILLOW = [kind for kind in ENDINGS if kind not in ("HEIC", "AVIF")]

# Modes that are turned into one of `Frame`'s, and whether the sender should hear of it.
_CONVERTED = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB"}
_CONVERTED_WITH_NOTE = {"CMYK": "RGB", "YCbCr": "RGB", "HSV": "RGB"}

_SIXTEEN_BIT_MAX = 65_535

# In what Pillow says of an image with too many.
_PIXELS_TOLD = re.compile(r"\(([0-9]+) pixels\)")


def decode(data: bytes, max_pixels: int, *, grey: bool = False) -> Picture:
    """Read an image of at most `max_pixels` in all frames together.

    With `grey`, a colour JPEG is decoded to its luma alone, which saves two thirds of the work and
    differs from converting its colours by rounding. What stands behind the end of the image is
    looked at by `ending`. Raises `BadJob`.
    """
    if not data:
        raise BadJob("not-an-image", "the input is empty")
    # Pillow's own check guards what it allocates while it parses; ours below counts all frames.
    with pillows_limit(max_pixels), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture = _opened(data, max_pixels, grey=grey)
            coarse = jpeg_pixels.left_out(data) if picture.format == "JPEG" else ()
            unsure = (*coarse, *left_unwritten(data, picture.format))
            notes = (*picture.notes, *unsure, *check_ending(data, picture.format))
            return replace(picture, notes=notes, source=picture.source if picture.as_stored else None)
        except (BadJob, MemoryError, ImportError):  # a decoder that is not there is no fault of the file
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as problem:
            # It says how many in words only, and before the size can be asked for.
            told = _PIXELS_TOLD.search(str(problem))
            raise too_many_pixels(max_pixels, int(told[1]) if told else None) from problem
        except UnidentifiedImageError as problem:
            raise not_an_image(data) from problem
        except Exception as problem:
            whole = jpeg_pixels.without_end(data)
            if whole:
                picture = decode(whole, max_pixels, grey=grey)
                return replace(picture, notes=(*picture.notes, jpeg_pixels.END_LOST))
            # Parsers meet damaged files with whatever breaks first; the same bytes break the same way again.
            words = in_print(str(problem), 200)
            if "truncated" in words:
                words = f"it is truncated: the file ends at byte {len(data):,}, before its picture does"
            raise BadJob("broken-image", f"the image is damaged: {words}") from problem


def _opened(data: bytes, max_pixels: int, *, grey: bool) -> Picture:
    if is_tiff(data):
        return replace(read_tiff(data, partial(_check_total, max_pixels)), source=data)
    if data.startswith(BMP_START):
        bitmap, said = open_bmp(data, partial(_check_total, max_pixels))
        picture = _read(bitmap, data, max_pixels, None, grey=grey)
        return replace(picture, source=data, reading=(*said, *picture.reading))
    if is_heif(data):
        opened, cost, left_out = open_heif(data, max_pixels)
        picture = _read(opened, data, max_pixels, None, grey=grey)
        reading, notes = (*cost, *picture.reading), (*left_out, *picture.notes)
        return replace(picture, source=data, reading=reading, notes=notes)
    check_webp(data)
    png = parted(data) if data.startswith(PNG_BEGINS) else None
    for_pillow = png.data if png else checked_jpeg(data) if data.startswith(JPEG_BEGINS) else data
    with (
        # A damaged file may tell of any size, and no larger one is decoded.
        lack_is_told(READING_BYTES_A_PIXEL * min(pixels_told(data), max_pixels)),
        Image.open(io.BytesIO(for_pillow), formats=_OPENED_BY_PILLOW) as image,
        lack_is_told(READING_BYTES_A_PIXEL * min(image.width * image.height, max_pixels)),
    ):
        return replace(_read(image, data, max_pixels, png, grey=grey), source=png.whole if png else data)


def _read(image: Image.Image, data: bytes, max_pixels: int, png: Png | None, *, grey: bool) -> Picture:
    kind, numbers, notes = _what_to_read(image)
    _check_pixels(image, len(numbers), max_pixels)
    film = read_film(data, kind, max_pixels, partial(decode, max_pixels=max_pixels))
    if kind == "JPEG":
        read_at_once(image, data)
    drafted = grey and kind == "JPEG" and image.mode == "RGB"
    if drafted:
        image.draft("L", image.size)
    if film is None:
        film, turn = _stills(image, kind, data, numbers, png, max_pixels)
    else:
        turn = upright(image)
    frames = tuple(replace(frame, image=turn.turned(frame.image)) for frame in film.frames)
    if png:
        image.info["icc_profile"] = png.profile or b""
        notes = [*notes, *png.notes]
    profile, said = _profile(image, frames[0].image)
    picture = Picture(
        frames, kind, exif=turn.exif, icc_profile=profile, dpi=_dpi(image), plays=film.plays,
        drafted=drafted, reading=(*film.reading, *said), notes=(*notes, *film.notes, *turn.notes),
        as_stored=turn.turn is None and film.complete, marks=png.marks if png else Marks.of_jfif(image.info),
    )  # fmt: skip
    return picture.sides_swapped() if turn.swaps_sides else picture


def _stills(
    image: Image.Image, kind: str, data: bytes, numbers: range, png: Png | None, max_pixels: int
) -> tuple[Film, Upright]:
    """Return a still picture, pages, or the frames of an AVIF, and how they are turned."""
    frames: list[Frame] = []
    reading: list[str] = []
    pixels, turn = 0, Upright()
    moves = kind == "AVIF" and len(numbers) > 1
    for number in numbers:
        image.seek(number)
        pixels += image.width * image.height
        if pixels > max_pixels:
            raise too_many_pixels(max_pixels, pixels)
        raw = _raw_mode(image)
        own, said = _loaded(image, kind, data, png, still=len(numbers) == 1)
        reading += said
        if not frames:
            turn = upright(
                image, already=kind in ("HEIC", "AVIF") and not isinstance(image, ImageFile.ImageFile)
            )
        plain, said = _in_known_mode(own, raw)
        reading += said
        time, said = kept_time(image.info.get("duration") if moves else None)
        reading += said
        frames.append(Frame(plain, time))
    # A note on each frame of many would be one note many times.
    reading = list(dict.fromkeys(reading))
    return Film(tuple(frames), plays_of(data) if moves else None, reading=tuple(reading)), turn


def _profile(image: Image.Image, frame: Image.Image) -> tuple[bytes | None, list[str]]:
    """Return the colour profile if it is one of the colours that were read, and what has to be said."""
    profile = image.info.get("icc_profile", b"")
    if profile is None:  # there is one
        return None, ["the colour profile was dropped: it cannot be read"]
    grey = frame.mode in COLOURLESS or image.mode in COLOURLESS
    return fitting_profile(profile, grey=grey, converted=image.mode == "CMYK")


def _what_to_read(image: Image.Image) -> tuple[str, range, list[str]]:
    """Return the format, the numbers of the frames to read, and notes on those that are not."""
    if image.format == "MPO":  # what many phones write: a JPEG with further pictures behind it
        return "JPEG", range(1), [SEVERAL]
    return image.format or "", range(getattr(image, "n_frames", 1)), []


def _check_pixels(image: Image.Image, count: int, max_pixels: int) -> None:
    """Count before anything is decoded. Raises `BadJob`."""
    check_frames(count)
    _check_total(max_pixels, image.width * image.height * count)


def _check_total(max_pixels: int, pixels: int) -> None:
    if pixels > max_pixels:
        raise too_many_pixels(max_pixels, pixels)


def _loaded(
    image: Image.Image, kind: str, data: bytes, png: Png | None, *, still: bool
) -> tuple[Image.Image, list[str]]:
    """Return the frame that was sought, as it lay in the file, and what has to be said of it."""
    if kind == "PPM":
        return pnm.loaded(image, data)
    image.load()
    if kind == "JPEG":
        jpeg_pixels.check_pixels(data, image)
        return image, []
    own = image.copy()  # it stays when the next is loaded
    return finished(png, own) if png and still else (own, [])


def _in_known_mode(image: Image.Image, raw: str) -> tuple[Image.Image, list[str]]:
    """Return the image in a mode of `Frame`, and what has to be said about that. Raises `BadJob`.

    `raw` is how the samples lay in the file.
    """
    said = ["16 bits a channel were read as 8"] if ";16" in raw and not image.mode.startswith("I") else []
    if raw.startswith("LA;16"):  # grey with alpha at 16 bits, which Pillow reads as colour
        return image.convert("LA"), said
    if image.mode in _CONVERTED_WITH_NOTE:
        to = _CONVERTED_WITH_NOTE[image.mode]
        return image.convert(to), [*said, f"{image.mode} was converted to {to}"]
    if image.mode in _CONVERTED:
        return image.convert(_CONVERTED[image.mode]), said
    if image.mode in ("1", "L", "RGB") and "transparency" in image.info:
        # One colour stands for transparent; an operation would move that colour.
        return image.convert("RGBA" if image.mode == "RGB" else "LA"), said
    if image.mode == "P" and image.palette and image.palette.mode == "RGBA":
        return image.convert("RGBA"), said
    if image.mode == "P":
        image, past = with_all_places(image)
        return image, [*said, *past]
    if image.mode.startswith("I"):
        return _sixteen_bit(image), said
    if image.mode not in ("1", "L", "LA", "RGB", "RGBA"):
        raise BadJob(
            "unsupported-mode",
            f"the image's pixels are {image.mode}; convert it to 8 or 16 bits a channel first",
        )
    return image, said


def _raw_mode(image: Image.Image) -> str:
    """Return Pillow's name for how the samples lie in the file. Known only until the image is loaded."""
    arguments = image.tile[0].args if isinstance(image, ImageFile.ImageFile) and image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _sixteen_bit(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":
        return image
    whole = image if image.mode == "I" else image.convert("I")
    extrema: Any = whole.getextrema()
    if not 0 <= extrema[0] <= extrema[1] <= _SIXTEEN_BIT_MAX:
        raise BadJob(
            "unsupported-mode", "the image has 32-bit samples; convert it to 8 or 16 bits a channel first"
        )
    return whole.convert("I;16")


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 65_536 and 0 < down < 65_536 else None
