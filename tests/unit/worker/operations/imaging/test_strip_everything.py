"""Strip leaves nothing but the picture, and no operation lets an old one survive, whatever the place."""

import io
import struct
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.image_formats import FORMATS
from PIL import Image, ImageOps

from tests import apng_film
from tests.bmp_files import bmp, palette_of
from tests.jpeg_files import JFIF, Channel, jpeg
from tests.marked_files import (
    JPEG,
    MAKERS,
    PROFILE,
    everything_in,
    exif,
    jpegs,
    pixels_of,
)
from tests.marked_raw_files import MARK, PICTURE, SMALLER_COPY, segment
from tests.pictures import do, opened, saved

CASES = [(kind, place, data) for kind, make in MAKERS.items() for place, data in make()]
IDS = [f"{kind}: {place}" for kind, place, _ in CASES]
# The word is longer than what each of these rows has to be filled up with.
PARTED = "between the rows"


def test_every_format_is_there() -> None:
    assert {kind.lower() for kind in MAKERS} <= set(FORMATS)
    assert {"jpeg", "png", "gif", "tiff", "webp", "bmp", "ppm"} <= {kind.lower() for kind in MAKERS}


def info(data: bytes) -> dict[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data)).info


@pytest.mark.parametrize(("kind", "place", "data"), CASES, ids=IDS)
def test_strip_leaves_nothing_of_it_and_every_pixel(kind: str, place: str, data: bytes) -> None:
    mark = MARK if place != PARTED else None
    assert mark is None or mark in everything_in(data)
    outcome = do("strip", data)
    assert outcome.data
    assert outcome.result["format"] == kind
    left = everything_in(outcome.data)
    assert MARK not in left
    assert MARK.decode().encode("utf-16-le") not in left
    if mark is None:
        assert outcome.data[14 + 124 + 87 :: 88][:20] == bytes(20)
    assert b"KNIL" not in outcome.data  # a BMP's word for a profile that is only named
    before, after = pixels_of(data), pixels_of(outcome.data)
    assert len(after) == (1 if place == SMALLER_COPY else len(before))
    assert all((one == other).all() for one, other in zip(before, after, strict=False))
    told, kept = info(data), info(outcome.data)
    for what in ("gamma", "loop", "adobe_transform", "transparency"):
        assert told.get(what) == kept.get(what)
    profile = told.get("icc_profile")
    assert kept.get("icc_profile") == (profile and profile[: int.from_bytes(profile[:4])])
    assert told.get("dpi") == pytest.approx(kept.get("dpi", told.get("dpi")))


@pytest.mark.parametrize(("kind", "place", "data"), CASES, ids=IDS)
def test_a_file_that_was_stripped_is_stripped_no_further(kind: str, place: str, data: bytes) -> None:
    once = do("strip", data).data or b""
    assert do("strip", once).data == once


def test_the_coded_pixels_of_a_jpeg_are_those_that_came() -> None:
    scans = JPEG[JPEG.index(b"\xff\xda") :]
    for place, data in jpegs():
        if place != "second picture behind":  # in which it is another
            assert (do("strip", data).data or b"").endswith(scans), place


@pytest.mark.parametrize("transform", [0, 1])
def test_strip_keeps_the_segment_that_decides_over_a_jpegs_colours(transform: int) -> None:
    plain = saved(PICTURE, "JPEG", quality=80)
    adobe = plain[:2] + segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform])) + plain[20:]
    stripped = do("strip", adobe).data or b""
    assert (pixels_of(stripped)[0] == pixels_of(adobe)[0]).all()
    assert (pixels_of(stripped)[0] == pixels_of(plain)[0]).all() == (transform == 1)


def test_strip_keeps_an_interlaced_picture_and_cuts_what_stands_behind_its_rows() -> None:
    """Seven passes, none of which has the height of the picture; Pillow writes none."""
    passes = [PICTURE[::8, ::8], PICTURE[::8, 4::8], PICTURE[4::8, ::4], PICTURE[::4, 2::4]]
    passes += [PICTURE[2::4, ::2], PICTURE[::2, 1::2], PICTURE[1::2]]
    rows = b"".join(b"\0" + row.tobytes() for part in passes for row in part)
    head = apng_film.chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 20, 8, 2, 0, 0, 1))
    for coded in (zlib.compress(rows), zlib.compress(rows + MARK)):
        data = apng_film.SIGNATURE + head + apng_film.chunk(b"IDAT", coded) + apng_film.chunk(b"IEND", b"")
        stripped = do("strip", data).data or b""
        assert (pixels_of(stripped)[0][..., :3] == PICTURE).all()
        assert MARK not in everything_in(stripped)
        assert (stripped == data) == (MARK not in everything_in(data))


def test_strip_makes_no_damaged_chunk_whole_and_no_lost_end_worse() -> None:
    """A chunk with a wrong checksum is heeded by nobody, so it must not decide over colours afterwards."""
    plain = saved(PICTURE)
    gamma = bytearray(apng_film.chunk(b"gAMA", struct.pack(">I", 10_000)))
    gamma[-1] ^= 1
    damaged = do("strip", plain[:33] + bytes(gamma) + plain[33:])
    assert damaged.data == plain
    assert damaged.result["notes"] == ["the chunk gAMA was dropped: its checksum is wrong"]
    assert do("strip", plain[: plain.rindex(b"IEND") - 4]).data == plain


def test_strip_keeps_the_profile_that_a_bmp_carries_with_it() -> None:
    pixels = PICTURE[::-1, :28, ::-1].tobytes()
    start = 14 + 124 + 5
    for gap in (b"", MARK):
        info = struct.pack("<IiiHHIIiiII", 124, 28, 20, 1, 24, 0, 0, 2835, 2835, 0, 0)
        head = struct.pack("<16x4s48xIIII", b"DEBM", 4, start - 14 + len(pixels + gap), len(PROFILE), 0)
        body = info + head + b"space" + pixels + gap + PROFILE
        data = struct.pack("<2sIII", b"BM", 14 + len(body), 0, start) + body
        stripped = do("strip", data).data or b""
        assert stripped[14 + 124 :] == pixels + PROFILE
        assert struct.unpack_from("<I", stripped, 14 + 112) == (124 + len(pixels),)
        assert struct.unpack_from("<I", stripped, 10) == (14 + 124,)


def test_strip_writes_a_bmp_of_two_bits_as_one_that_others_read() -> None:
    colours = np.array([[9, 8, 7], [60, 70, 80], [200, 150, 100], [255, 255, 250]], np.uint8)
    places = np.arange(12).reshape(2, 6) % 4
    table = np.dstack([colours[None, :, ::-1], np.zeros((1, 4, 1), np.uint8)]).tobytes()
    bits = np.unpackbits(places[::-1].astype(np.uint8)[..., None], axis=2)[..., 6:].reshape(2, 12)
    rows = b"".join(row.tobytes().ljust(4, b"\0") for row in np.packbits(bits, axis=1))
    info = struct.pack("<IiiHHIIiiII", 40, 6, 2, 1, 2, 0, len(rows), 0, 0, 4, 0)
    data = struct.pack("<2sIII", b"BM", 14 + 40 + 16 + len(rows), 0, 70) + info + table + rows
    assert (pixels_of(do("strip", data).data or b"")[0][..., :3] == colours[places]).all()


@pytest.mark.parametrize("place", [0, 14, 53, 54])
@pytest.mark.parametrize(("depth", "header"), [(24, 40), (32, 40), (8, 40), (1, 40), (8, 12), (24, 12)])
def test_a_bmp_that_says_its_pixels_begin_in_its_head_is_stripped_as_it_is_read(
    depth: int, header: int, place: int
) -> None:
    """Such an offset is mended by readers, so nobody sees that it is wrong before it is believed."""
    samples = np.random.default_rng(3).integers(0, 1 << depth, (8, 8))
    colours = np.random.default_rng(4).integers(0, 256, (256, 3), dtype=np.uint8)
    masks = (0xFF, 0xFF00, 0xFF0000) if depth == 32 else ()
    palette = palette_of(colours[: 1 << depth], padded=header != 12) if depth <= 8 else b""
    right = bmp(samples, depth, header=header, coding=3 if masks else 0, masks=masks, palette=palette)
    place = min(place, 14 + header)
    data = right[:10] + struct.pack("<I", place) + right[14:]
    expected = pixels_of(do("convert", right, "outputs/x.png").data or b"")[0]
    assert (pixels_of(do("convert", data, "outputs/x.png").data or b"")[0] == expected).all()
    stripped = do("strip", data)
    assert stripped.result["format"] == "BMP"
    assert (pixels_of(do("convert", stripped.data or b"", "outputs/x.png").data or b"")[0] == expected).all()


CHANGES = [
    name for name, operation in OPERATIONS.items() if operation.gives == "image" and name != "pipeline"
]
OLD_PICTURES = [
    case for case in CASES
    if any(word in case[1] for word in ("thumbnail", "maker's notes", "preview", "second picture"))
]  # fmt: skip


@pytest.mark.parametrize("operation", CHANGES)
@pytest.mark.parametrize(
    ("kind", "place", "data"), OLD_PICTURES, ids=[f"{k}: {p}" for k, p, _ in OLD_PICTURES]
)
def test_no_operation_lets_a_picture_of_before_survive(
    kind: str, place: str, data: bytes, operation: str
) -> None:
    parameters = {"rotate": {"degrees": 90}, "resize": {"width": 10}}.get(operation, {})
    for ending in ("", ".jpg", ".tif", ".png", ".webp"):
        outcome = do(operation, data, f"outputs/x{ending}", **parameters)
        assert MARK not in everything_in(outcome.data or b"")


def test_what_the_camera_says_stays_without_its_makers_notes() -> None:
    data = saved(PICTURE, "JPEG", exif=exif(notes=b"Nikon\0" + MARK))
    camera = opened(do("greyscale", data)).getexif().get_ifd(0x8769)
    assert dict(camera) == {0x829D: pytest.approx(2.8)}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_stripped_picture_stands_as_it_stood(kind: str, orientation: int) -> None:
    told = Image.Exif()
    told[0x112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(PICTURE, kind, exif=told.tobytes(), **options)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
    out = opened(do("strip", data))
    assert out.getexif().get(0x112, 1) == 1
    off = abs(np.asarray(out.convert("RGB")) - expected)
    assert off.max() <= (12 if kind == "JPEG" else 0)


def test_strip_says_no_more_colours_of_a_bmp_than_there_are() -> None:
    data = bytearray(saved(Image.fromarray(PICTURE).convert("P"), "BMP"))
    data[46:50] = (65_288).to_bytes(4, "little")  # other programs give up on it

    bare = do("strip", bytes(data), "outputs/x.bmp").data or b""

    assert int.from_bytes(bare[46:50], "little") <= 256
    made = opened(do("convert", bytes(data), "outputs/x.png")).convert("RGB")
    assert (np.asarray(Image.open(io.BytesIO(bare)).convert("RGB")) == np.asarray(made)).all()


@pytest.mark.parametrize(
    ("name", "body"), [(b"tRNS", b"\0"), (b"tRNS", b"\0\1\2"), (b"bKGD", b"\1"), (b"sBIT", b"\1\2")]
)
def test_strip_passes_on_no_chunk_that_does_not_fit_the_pixels(name: bytes, body: bytes) -> None:
    data = saved(Image.fromarray(PICTURE[..., 0].copy()), "PNG")
    end = apng_film.chunk(b"IEND", b"")

    stripped = do("strip", data.replace(end, apng_film.chunk(name, body) + end), "outputs/x.png").data or b""

    assert (pixels_of(stripped)[0][..., 0] == PICTURE[..., 0]).all()
    assert name not in [found for found, _ in apng_film.chunks(stripped)]


def test_strip_leaves_a_png_its_end_whatever_is_in_it() -> None:
    data = saved(Image.fromarray(PICTURE), "PNG")
    end = apng_film.chunk(b"IEND", b"")

    stripped = do("strip", data.replace(end, apng_film.chunk(b"IEND", MARK)), "outputs/x.png").data or b""

    assert stripped.endswith(end)


ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
HALF_A_JFIF = b"\xff\xe0\0\x0eJFIF\0\1\1\0\0\1\0\1"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(ADOBE + b"\1" + ADOBE + b"\0", id="the last word counts"),
        pytest.param(ADOBE + b"\0" + ADOBE + b"\1", id="the last word counts, the other way round"),
        pytest.param(HALF_A_JFIF + ADOBE + b"\0", id="a JFIF too short to count"),
        pytest.param(JFIF + b"\xff\xe0\0\x0aJFXX\0\x13\0\0" + ADOBE + b"\0", id="JFXX behind JFIF"),
    ],
)
def test_strip_leaves_the_segments_that_say_what_the_channels_are(before: bytes) -> None:
    shades = np.random.default_rng(4).integers(20, 236, (2, 3, 3))
    data = jpeg([Channel(name, 1, 1, shades[..., name]) for name in range(3)], before)
    stripped = do("strip", data).data or b""
    assert stripped.endswith(data[data.index(b"\xff\xda") :])
    assert (
        pixels_of(stripped)[0] == pixels_of(do("convert", data, output="outputs/x.png").data or b"")[0]
    ).all()


def test_what_strip_answers_is_read_again_though_damage_stood_beside_the_picture() -> None:
    """The alpha plane is passed over, as its file no longer says how it is coded."""
    image = Image.fromarray(PICTURE).convert("RGBA")
    image.putalpha(image.getchannel("R"))
    first, second, third = saved(image, "AVIF").split(b"av1C")
    data = first + b"av1C" + second + b"av1x" + third
    assert do("convert", data, output="outputs/x.png").result["height"] == image.height
    after = do("convert", do("strip", data).data or b"", output="outputs/x.png")
    assert after.result["height"] == image.height
