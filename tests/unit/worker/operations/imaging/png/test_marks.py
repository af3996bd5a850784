"""What a PNG says of its colours, its ground and its pixels' proportions: carried over, or said."""

import io
import struct
from typing import Any

import pytest
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from PIL import Image, ImageCms

from tests.png_files import chunk, chunks_of, names_of, png, random_samples

LIMITS = Limits(max_pixels=1_000_000, max_numbers=1)

GAMMA = chunk(b"gAMA", struct.pack(">I", 100_000))
SRGB_GAMMA = chunk(b"gAMA", struct.pack(">I", 45_455))
PRIMARIES = chunk(b"cHRM", struct.pack(">8I", 31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000))
SRGB_PRIMARIES = chunk(
    b"cHRM", struct.pack(">8I", 31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
)
SRGB = chunk(b"sRGB", b"\0")
HDR = chunk(b"cICP", bytes([9, 16, 0, 1]))
SRGB_CODES = chunk(b"cICP", bytes([1, 13, 0, 1]))
MASTERED = chunk(b"mDCV", bytes(range(24)))
LIGHT = chunk(b"cLLI", bytes(range(8)))
TIME = chunk(b"tIME", struct.pack(">H5B", 2020, 2, 3, 4, 5, 6))
GROUND = chunk(b"bKGD", struct.pack(">3H", 10, 20, 30))
OBLONG = chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))
ENCODING = [HDR, MASTERED, LIGHT, GAMMA, PRIMARIES]
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

ON_IMAGES: dict[str, dict[str, Any]] = {
    "greyscale": {}, "threshold": {}, "blackwhite": {}, "resize": {"width": 4}, "thumbnail": {}, "blur": {},
    "convert": {"format": "png"}, "rotate": {"degrees": 30}, "edges": {}, "strip": {},
    "pipeline": {"steps": [{"operation": "blur"}, {"operation": "greyscale"}]},
}  # fmt: skip


def do(
    data: bytes, operation: str = "convert", output: str = "outputs/x.png", **parameters: Any
) -> tuple[bytes, list[str]]:
    declared = OPERATIONS[operation]
    outcome: Outcome = run(declared, declared.check(parameters), data, output, LIMITS)
    assert outcome.data
    return outcome.data, outcome.result["notes"]


def picture(*before: bytes, colour: int = 2, depth: int = 8, width: int = 7, height: int = 5) -> bytes:
    return png(random_samples(width, height, depth, colour), depth, colour, before)


@pytest.mark.parametrize("operation", sorted(ON_IMAGES))
def test_how_colours_are_encoded_stays_through_every_operation(operation: str) -> None:
    data, notes = do(picture(*ENCODING), operation, **ON_IMAGES[operation])
    kept = chunks_of(data)
    for whole in ENCODING:
        assert kept[whole[4:8]] == whole[8:-4]
    assert not [note for note in notes if "the image's" in note]
    # In front of palette and pixels, with checksums that another decoder accepts.
    assert names_of(data)[: 1 + len(ENCODING)] == [b"IHDR", *(whole[4:8] for whole in ENCODING)]
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["gamma"] == 1.0


@pytest.mark.parametrize("output", ["x.jpg", "x.webp", "x.tif", "x.bmp", "x.ppm", "x.gif"])
def test_another_format_holds_none_of_it_and_it_is_said(output: str) -> None:
    kind = {"jpg": "JPEG", "tif": "TIFF"}.get(output[2:], output[2:].upper())
    _, notes = do(picture(GAMMA, PRIMARIES), "resize", f"outputs/{output}", width=4)
    assert f"the image's gAMA, cHRM were dropped: the {kind} file cannot hold them" in notes


@pytest.mark.parametrize(
    "meant", [[SRGB], [SRGB, GAMMA], [SRGB_GAMMA], [SRGB_GAMMA, SRGB_PRIMARIES], [SRGB_CODES, GAMMA], []]
)
def test_of_srgb_nothing_is_said_as_colours_without_a_word_are_srgb(meant: list[bytes]) -> None:
    assert not [note for note in do(picture(*meant), output="outputs/x.jpg")[1] if "the image's" in note]


@pytest.mark.parametrize("meant", [[GAMMA], [PRIMARIES], [SRGB_GAMMA, PRIMARIES], [HDR], [SRGB, HDR]])
def test_of_colours_that_are_not_srgb_it_is_said(meant: list[bytes]) -> None:
    assert [note for note in do(picture(*meant), output="outputs/x.jpg")[1] if "the image's" in note]


def with_profile(*before: bytes) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (7, 5)).save(data, "PNG", icc_profile=PROFILE)
    return data.getvalue()[:33] + b"".join(before) + data.getvalue()[33:]


def test_a_colour_profile_that_goes_along_says_it_all_but_for_codes_which_go_before_it() -> None:
    kept, notes = do(with_profile(GAMMA, PRIMARIES), output="outputs/x.jpg")
    with Image.open(io.BytesIO(kept)) as image:
        assert image.info["icc_profile"] == PROFILE
    assert not [note for note in notes if "the image's" in note]
    assert [note for note in do(with_profile(HDR), output="outputs/x.jpg")[1] if "cICP" in note]


def test_srgb_does_not_stand_beside_a_colour_profile() -> None:
    names = names_of(do(with_profile(SRGB, GAMMA))[0])
    assert b"sRGB" not in names
    assert {b"iCCP", b"gAMA"} <= set(names)


@pytest.mark.parametrize("operation", sorted(set(ON_IMAGES) - {"strip"}))
def test_the_time_of_the_last_change_is_no_longer_true(operation: str) -> None:
    data, notes = do(picture(TIME), operation, **ON_IMAGES[operation])
    assert "the image's tIME was dropped: it is no longer true" in notes
    assert b"tIME" not in names_of(data)


def test_the_bits_that_counted_stay_with_pixels_that_stay() -> None:
    few = chunk(b"sBIT", bytes([5, 6, 5]))
    assert chunks_of(do(picture(few))[0])[b"sBIT"] == bytes([5, 6, 5])
    data, notes = do(picture(few), "resize", width=4)
    assert "the image's sBIT was dropped: it is no longer true" in notes
    assert b"sBIT" not in names_of(data)
    _, notes = do(picture(few), output="outputs/x.bmp")
    assert "the image's sBIT was dropped: the BMP file cannot hold it" in notes


@pytest.mark.parametrize("operation", ["resize", "convert"])
def test_bits_that_all_count_are_nothing_to_say(operation: str) -> None:
    data, notes = do(picture(chunk(b"sBIT", bytes([8, 8, 8]))), operation, **ON_IMAGES[operation])
    assert notes == []
    assert b"sBIT" not in names_of(data)


@pytest.mark.parametrize(
    ("colour", "depth", "before", "body"),
    [
        (0, 1, [], b"\0\1"),
        (0, 2, [], b"\0\2"),
        (0, 8, [], b"\0\x50"),
        (0, 16, [], b"\x12\x34"),
        (2, 8, [], b"\0\1\0\2\0\3"),
        (3, 8, [chunk(b"PLTE", bytes(range(30)))], b"\4"),
        (4, 8, [], b"\0\x50"),
        (6, 8, [], b"\0\1\0\2\0\3"),
    ],
)
def test_the_ground_goes_along_in_every_layout(
    colour: int, depth: int, before: list[bytes], body: bytes
) -> None:
    samples = random_samples(7, 5, depth, colour) % (10 if colour == 3 else 65_535)
    data, notes = do(png(samples, depth, colour, [*before, chunk(b"bKGD", body)]))
    # Two bits a shade are written as eight.
    assert chunks_of(data)[b"bKGD"] == (b"\0\xaa" if depth == 2 else body)
    assert notes == []
    names = names_of(data)
    assert names.index(b"bKGD") == names.index(b"IDAT") - 1


def test_a_ground_of_sixteen_bits_is_reduced_like_the_pixels() -> None:
    body = struct.pack(">3H", 0x1234, 0x5678, 0x9ABC)
    data, _ = do(picture(chunk(b"bKGD", body), colour=2, depth=16))
    assert chunks_of(data)[b"bKGD"] == struct.pack(">3H", 0x12, 0x56, 0x9A)


def test_a_coloured_ground_cannot_stay_with_a_grey_picture() -> None:
    data, notes = do(picture(GROUND), "greyscale")
    assert "the image's bKGD was dropped: the PNG file cannot hold it" in notes
    assert b"bKGD" not in names_of(data)


def test_pixels_that_are_no_squares_stay_so_until_the_picture_is_resized() -> None:
    oblong = struct.pack(">IIB", 2, 1, 0)
    for operation in ("convert", "threshold"):
        assert chunks_of(do(picture(OBLONG), operation)[0])[b"pHYs"] == oblong
    data, notes = do(picture(OBLONG), "resize", width=4)
    assert "the image's pixel proportions were dropped: they are no longer true" in notes
    assert b"pHYs" not in names_of(data)
    _, notes = do(picture(OBLONG), output="outputs/x.bmp")
    assert "the image's pixel proportions were dropped: the BMP file cannot hold them" in notes


def oblong_jpeg(**options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 10)).save(out, "JPEG", **options)
    return out.getvalue().replace(b"JFIF\0\1\1\0\0\1\0\1", b"JFIF\0\1\1\0\0\x40\0\x2d")


def test_a_jpegs_proportions_go_to_jpeg_and_png_and_back() -> None:
    """As of films on DVD: their pixels are 64 to 45."""
    assert chunks_of(do(oblong_jpeg())[0])[b"pHYs"] == struct.pack(">IIB", 64, 45, 0)
    for data in (oblong_jpeg(), do(oblong_jpeg())[0]):
        kept, notes = do(data, output="outputs/x.jpg")
        assert not [note for note in notes if "proportions" in note]
        with Image.open(io.BytesIO(kept)) as image:
            assert (image.info["jfif_unit"], image.info["jfif_density"]) == (0, (64, 45))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, _ = do(oblong_jpeg(exif=exif.tobytes()))
    assert chunks_of(turned)[b"pHYs"] == struct.pack(">IIB", 45, 64, 0)
    _, notes = do(oblong_jpeg(), "resize", width=4)
    assert "the image's pixel proportions were dropped: they are no longer true" in notes
    too_long = chunk(b"pHYs", struct.pack(">IIB", 70_000, 1, 0))
    _, notes = do(picture(too_long), output="outputs/x.jpg")
    assert "the image's pixel proportions were dropped: the JPEG file cannot hold them" in notes


@pytest.mark.parametrize("degrees", [90, 270])
@pytest.mark.parametrize("unit", [0, 1], ids=["proportions", "resolution"])
def test_a_quarter_turn_swaps_what_is_said_of_the_sides(unit: int, degrees: int) -> None:
    held = chunk(b"pHYs", struct.pack(">IIB", 4_000, 2_000, unit))
    for width in (7, 5):
        data, _ = do(picture(held, width=width), "rotate", degrees=degrees)
        assert chunks_of(data)[b"pHYs"] == struct.pack(">IIB", 2_000, 4_000, unit)
    data, _ = do(picture(held), "rotate", degrees=180)
    assert chunks_of(data)[b"pHYs"] == struct.pack(">IIB", 4_000, 2_000, unit)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_is_held_upright_keeps_its_resolution_in_each_direction(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "JPEG"):
        data = io.BytesIO()
        Image.new("RGB", (20, 10)).save(data, kind, exif=exif.tobytes(), dpi=(300, 100))
        with Image.open(io.BytesIO(do(data.getvalue())[0])) as image:
            expected = (100, 300) if orientation > 4 else (300, 100)
            assert image.info["dpi"] == pytest.approx(expected, abs=0.1)


def test_all_of_it_stays_in_an_animation() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (7, 5), colour) for colour in ("red", "blue")]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    plain = out.getvalue()
    data, _ = do(plain[:33] + GAMMA + GROUND + plain[33:], "blur")
    names = names_of(data)
    assert names.index(b"gAMA") < names.index(b"bKGD") < names.index(b"acTL")
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 2


def test_proportions_and_a_resolution_in_exif_become_one_chunk() -> None:
    """A PNG has one place for both, and JFIF's word goes before that of EXIF."""
    exif = Image.Exif()
    exif[0x11A] = exif[0x11B] = 72.0
    exif[0x128] = 2
    data = oblong_jpeg(exif=exif.tobytes())
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["dpi"] == (72, 72)
    made, _ = do(data)
    assert names_of(made).count(b"pHYs") == 1
    assert chunks_of(made)[b"pHYs"] == struct.pack(">IIB", 64, 45, 0)
