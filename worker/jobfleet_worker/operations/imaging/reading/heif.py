"""HEIC and AVIF: opened within limits, upright and cut as their files say.

libavif decodes AVIF, in Pillow; libheif decodes HEIC. Both would take memory for what a header
claims, and neither says what was left out, so the file's own description is read first.
"""

import io
from typing import NamedTuple

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from PIL import AvifImagePlugin, ExifTags, Image, ImageFile

from jobfleet_worker.operations.imaging.exif import exif_of, turn_of
from jobfleet_worker.operations.imaging.heif import facts
from jobfleet_worker.operations.imaging.heif.av1_size import coded_size
from jobfleet_worker.operations.imaging.heif.boxes import boxes
from jobfleet_worker.operations.imaging.heif.header import HeifHeader
from jobfleet_worker.operations.imaging.heif.nclx_profile import profile_of
from jobfleet_worker.operations.imaging.heif.read_header import read_header
from jobfleet_worker.operations.imaging.reading.refusals import is_film, not_an_image, not_read
from jobfleet_worker.operations.memory import is_enough_for

# The worker has a process for each core already.
_THREADS = 1
AvifImagePlugin.DEFAULT_MAX_THREADS = _THREADS

_HEIC, _AVIF = frozenset({b"hvc1"}), frozenset({b"av01"})
_OTHER_CODINGS = {
    b"avc1": "H.264 (AVCI)", b"vvc1": "H.266 (VVC)", b"evc1": "EVC", b"j2k1": "JPEG 2000", b"jpeg": "JPEG",
    b"unci": "uncompressed samples", b"lhv1": "layers of H.265", b"hvt1": "tiles of H.265",
}  # fmt: skip

# Tiles reach over the right and lower edge, but no writer makes them of more than some times the picture.
_TILES_TO_PICTURE_MAX, _TILES_MIN_PIXELS = 4, 512 * 512

# What both decoders were seen to take for each pixel, and a tenth more. Without it, they blame the file.
_BYTES_A_PIXEL = 11

_COLOURED = frozenset({"RGB", "RGBA", "RGBa"})


class OpenedHeif(NamedTuple):
    """An image to read, decoded and upright unless it comes from a sequence, and what has to be said.

    `cost` is on what decoding cost, `left_out` on what else was in the file.
    """

    image: Image.Image
    cost: list[str]
    left_out: list[str]


def is_heif(data: bytes) -> bool:
    """Tell whether a file is laid out as HEIC and AVIF are; films are, too."""
    return data[4:8] == b"ftyp"


def open_heif(data: bytes, max_pixels: int) -> OpenedHeif:
    """Open a file that `is_heif` and has at most `max_pixels`; its format becomes `HEIC` or `AVIF`.

    A picture is decoded by then, a sequence is not. Raises `BadJob`, and whatever decoders
    meet damaged files with.
    """
    if is_film(data):
        raise not_an_image(data)
    header = read_header(data)
    codings = _codings(header)
    if codings not in (_HEIC, _AVIF):
        raise _unread(header, codings)
    _check_pixels(header, max_pixels)
    image = _heic(data) if codings == _HEIC else _avif(header)
    animated = getattr(image, "n_frames", 1) > 1
    if not isinstance(image, ImageFile.ImageFile):
        image = _still(image, header)
    image.format = "HEIC" if codings == _HEIC else "AVIF"
    left_out = facts.left_out(header, animated=animated)
    cost = facts.cost(header, kept_bits=image.mode.startswith("I"))
    return OpenedHeif(image, list(cost), list(left_out))


def _codings(header: HeifHeader) -> frozenset[bytes]:
    """Return how the picture and its alpha planes are coded; nothing if there is no picture."""
    if header.primary not in header.items:
        return frozenset()
    parts = [part for plane in header.planes(header.primary) for part in header.made_of(plane)]
    return frozenset(header.items[part].kind for part in parts)


def _unread(header: HeifHeader, codings: frozenset[bytes]) -> BadJob:
    if codings:
        names = " and ".join(sorted(_OTHER_CODINGS.get(one, repr(one)[2:-1]) for one in codings))
        return not_read(f"a HEIF image coded as {names}", "save it as HEIC, AVIF, JPEG or PNG")
    if header.has_sequence:
        return not_read("a HEIF sequence without a still picture", "save one of its pictures as JPEG")
    return not_read(
        f"a file of the kind {shown(header.brand, 20)} without a picture", "send the picture itself"
    )


def _check_pixels(header: HeifHeader, max_pixels: int) -> None:
    """Count before anything is decoded. Raises `BadJob`, and `MemoryError` if a decoder would."""
    left, upper, right, lower = facts.cut(header) or (0, 0, *header.size(header.primary))
    shown, decoded = (right - left) * (lower - upper), header.pixels_to_decode(header.primary)
    decoded = max(decoded, _largest_av1(header))
    pixels = decoded if decoded > max(_TILES_TO_PICTURE_MAX * shown, _TILES_MIN_PIXELS) else shown
    if pixels > max_pixels:
        raise BadJob(
            "too-many-pixels",
            f"the image has {pixels:,} pixels; this worker takes at most {max_pixels:,} (worker_max_pixels)",
        )
    if not is_enough_for(_BYTES_A_PIXEL * shown):
        raise MemoryError


def _largest_av1(header: HeifHeader) -> int:
    """Return the pixels of the largest AV1 picture of those that are decoded: libavif decodes, and scales."""
    parts = [part for plane in header.planes(header.primary) for part in header.made_of(plane)]
    sizes = [coded_size(header.contents(part)) for part in parts if header.items[part].kind == b"av01"]
    return max((width * height for width, height in filter(None, sizes)), default=0)


def _heic(data: bytes) -> Image.Image:
    # Its libraries are large, and a worker that gets no HEIC does without them.
    import pillow_heif

    options = pillow_heif.options
    options.DECODE_THREADS = _THREADS
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    return pillow_heif.open_heif(data).to_pillow()


def _avif(header: HeifHeader) -> Image.Image:
    data = header.data if header.has_sequence else _plainer(header)
    image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    if header.has_sequence:
        return image  # it has a size of its own, and frames, which are counted before they are decoded
    image.load()
    # EXIF has nothing by now but the turn that the file asks for; what is shown is cut out before it.
    turn = turn_of(exif_of(image).get(ExifTags.Base.Orientation, 1))
    plain = image.crop(facts.cut(header) or (0, 0, *image.size))
    return plain if turn is None else plain.transpose(turn)


def _plainer(header: HeifHeader) -> bytes:
    """Return a file as libavif takes it, which refuses pictures with damaged EXIF data or of other brands."""
    data = bytearray(header.data)
    if b"avif" not in header.file_type[8:]:
        place = next(boxes(header.data, 0, len(data))).start
        data[place : place + 4] = b"avif"
    for item in header.items.values():
        if item.kind == b"Exif":
            data[item.place : item.place + 4] = b"none"
    return bytes(data)


def _still(image: Image.Image, header: HeifHeader) -> Image.Image:
    if image.mode == "RGBA" and facts.is_colourless(header):
        image = image.convert("LA")
    if image.mode == "I;16":
        image = _to_white(image, facts.bits(header))
    profile, told = image.info.get("icc_profile"), facts.nclx(header)
    if not profile and told and image.mode in _COLOURED:
        profile = profile_of(*told)
    image.info = {"exif": facts.exif(header), **({"icc_profile": profile} if profile else {})}
    return image


def _to_white(image: Image.Image, bits: int) -> Image.Image:
    """Return grey whose white is that of 16 bits: libheif only moves its bits up."""
    brightest = (1 << bits) - 1 << 16 - bits
    return image.convert("I").point(lambda value: value * (65_535 / brightest) + 0.5)
