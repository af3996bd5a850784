"""Every layout of BMP, pixel by pixel, against what was written."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.bmp_files import Samples, bmp, palette_of, runs

LIMITS = Limits(max_pixels=100_000, max_numbers=1)
SIZES = [(1, 1), (7, 5), (8, 3), (33, 2)]
COLOURS = np.random.default_rng(8).integers(0, 256, (256, 3), dtype=np.uint8)
HEADERS = [12, 16, 40, 52, 56, 64, 108, 124]


def do(data: bytes, operation: str = "convert", **parameters: Any) -> Outcome:
    declared = OPERATIONS[operation]
    return run(declared, declared.check(parameters), data, "outputs/x.png", LIMITS)


def read(outcome: Outcome) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(outcome.data or b"")) as image:
        return np.asarray(image.convert("RGBA"))


def numbers(width: int, height: int, depth: int) -> Samples:
    return np.random.default_rng(width).integers(0, 1 << depth, (height, width))


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_places_of_a_palette_are_its_colours(
    depth: int, header: int, size: tuple[int, int], top_down: bool
) -> None:
    pixels = numbers(*size, depth)
    palette = palette_of(COLOURS[: 1 << depth], padded=header != 12)
    data = bmp(pixels, depth, header=header, palette=palette, top_down=top_down and header != 12)
    outcome = do(data)
    assert (read(outcome)[..., :3] == COLOURS[pixels]).all()
    assert outcome.result["notes"] == []


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("steps", ["places", "shades"])
def test_a_palette_of_greys_is_heeded_in_every_depth(depth: int, steps: str) -> None:
    """Their numbers in order are no shades: 1 of 15 is nearly black where it is written so."""
    pixels = numbers(7, 5, depth)
    top = (1 << depth) - 1
    shades = np.arange(top + 1) if steps == "places" else np.arange(top + 1) * 255 // top
    grey = np.repeat(shades[:, None], 3, axis=1).astype(np.uint8)
    outcome = do(bmp(pixels, depth, palette=palette_of(grey)))
    assert (read(outcome)[..., :3] == grey[pixels]).all()


def test_two_greys_in_eight_bits_are_no_single_bits() -> None:
    pixels = numbers(7, 5, 1)
    grey = np.array([[0] * 3, [255] * 3], dtype=np.uint8)
    outcome = do(bmp(pixels, 8, palette=palette_of(grey), colours=2))
    assert (read(outcome)[..., :3] == grey[pixels]).all()


def test_pixels_past_a_short_palette_are_black_and_it_is_said() -> None:
    pixels = numbers(7, 5, 3)
    outcome = do(bmp(pixels, 8, palette=palette_of(COLOURS[:4]), colours=4))
    expected = np.concatenate([COLOURS[:4], np.zeros((4, 3), dtype=np.uint8)])[pixels]
    assert (read(outcome)[..., :3] == expected).all()
    assert "past the end of the palette" in outcome.result["notes"][0]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("four", [True, False], ids=["four bits", "eight bits"])
def test_runs_are_unpacked(four: bool, size: tuple[int, int]) -> None:
    depth = 4 if four else 8
    pixels = numbers(*size, depth)
    body = runs(pixels, four=four)
    data = bmp(pixels, depth, coding=2 if four else 1, palette=palette_of(COLOURS[: 1 << depth]), body=body)
    assert (read(do(data))[..., :3] == COLOURS[pixels]).all()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Two pixels, then a move of one to the right and one up.
        (b"\2\5\0\2\1\1\1\6\0\1", [[0, 0, 0, 6], [5, 5, 0, 0]]),
        (b"\2\5\0\0\2\6\0\0\0\1", [[6, 6, 0, 0], [5, 5, 0, 0]]),
        (b"\x09\5\0\0\4\6\0\1", [[6] * 4, [5] * 4]),  # reaches over the end of the row
        (b"\x09\5\0\1", [[0] * 4, [5] * 4]),
        (b"\4\5\0\0\4\6", [[6] * 4, [5] * 4]),  # without an end, and whole
        (b"\0\1", [[0] * 4, [0] * 4]),
    ],
)
def test_runs_may_pass_pixels_over(body: bytes, expected: list[list[int]]) -> None:
    data = bmp(np.zeros((2, 4), dtype=int), 8, coding=1, palette=palette_of(COLOURS), body=body)
    assert (read(do(data))[..., :3] == COLOURS[np.array(expected)]).all()


@pytest.mark.parametrize("body", [b"\4\5\0\0\3\6", b"\4\5\0", b"\0\6\1\2", b"\1\2\0\2\1", b""])
def test_runs_that_end_too_early_are_damage(body: bytes) -> None:
    data = bmp(np.zeros((2, 4), dtype=int), 8, coding=1, palette=palette_of(COLOURS), body=body)
    with pytest.raises(BadJob, match="in the middle of its pixels"):
        do(data)


def scaled(pixels: Samples, mask: int) -> Samples:
    shift = (mask & -mask).bit_length() - 1
    found: Samples = np.floor(((pixels & mask) >> shift) * 255 / (mask >> shift) + 0.5).astype(int)
    return found


MASKS = {
    "555": (16, (0x7C00, 0x3E0, 0x1F)), "565": (16, (0xF800, 0x7E0, 0x1F)), "444": (16, (0xF00, 0xF0, 0xF)),
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)), "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "565 the other way round": (16, (0x1F, 0x7E0, 0xF800)),
    "BGRX": (32, (0xFF0000, 0xFF00, 0xFF)), "BGRA": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "RGBX": (32, (0xFF, 0xFF00, 0xFF0000)), "RGBA": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "ABGR": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)), "XRGB": (32, (0xFF00, 0xFF0000, 0xFF000000)),
}  # fmt: skip
TEN_BITS = (0x3FF00000, 0xFFC00, 0x3FF)


@pytest.mark.parametrize("header", [40, 56, 108, 124])
@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("layout", MASKS)
def test_masks_say_where_colours_lie(layout: str, top_down: bool, header: int) -> None:
    depth, masks = MASKS[layout]
    pixels = np.random.default_rng(6).integers(0, 1 << depth, (5, 7))
    given = masks if len(masks) == 4 or header == 40 else (*masks, 0)
    coding = 6 if header == 40 and len(masks) == 4 else 3
    outcome = do(bmp(pixels, depth, header=header, coding=coding, masks=given, top_down=top_down))
    expected = np.stack([scaled(pixels, mask) for mask in masks], axis=-1)
    assert (read(outcome)[..., : len(masks)] == expected).all()
    assert outcome.result["mode"] == ("RGBA" if len(masks) == 4 else "RGB")
    assert outcome.result["notes"] == []


@pytest.mark.parametrize("header", [40, 64, 108])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("depth", [16, 24, 32])
def test_without_masks_blue_lies_lowest(depth: int, size: tuple[int, int], header: int) -> None:
    pixels = numbers(*size, depth)
    masks = (0x7C00, 0x3E0, 0x1F) if depth == 16 else (0xFF0000, 0xFF00, 0xFF)
    outcome = do(bmp(pixels, depth, header=header))
    assert (read(outcome)[..., :3] == np.stack([scaled(pixels, mask) for mask in masks], axis=-1)).all()
    assert outcome.result["mode"] == "RGB"


def test_an_alpha_channel_of_zeros_hides_nothing() -> None:
    pixels = numbers(7, 5, 24)
    outcome = do(bmp(pixels, 32, header=108, coding=3, masks=MASKS["BGRA"][1]))
    assert (read(outcome)[..., 3] == 255).all()
    assert "opaque" in outcome.result["notes"][0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bmp(numbers(3, 2, 24), 24, coding=4), "has a JPEG inside"),
        (bmp(numbers(3, 2, 24), 24, coding=5), "has a PNG inside"),
        (bmp(numbers(3, 2, 24), 24, header=64, coding=4), "has runs of 24 bits"),
        (bmp(numbers(3, 2, 1), 1, header=64, coding=3), "coding of fax machines"),
        (bmp(numbers(3, 2, 24), 32, coding=11), "has CMYK"),
        (
            bmp(numbers(3, 2, 24), 32, coding=3, masks=(0x3FF00000, 0xFFC00, 0x3FF)),
            "colours at the bits 0x3ff00000",
        ),
        (bmp(numbers(3, 2, 24), 24, coding=1), "has 24 bits a pixel in the coding 1"),
        (bmp(numbers(3, 2, 8), 8)[:14] + b"\x20\0\0\0" + bytes(40), "has a header of 32 bytes"),
        (bmp(numbers(3, 2, 24), 24)[:28] + b"\x40\0" + bytes(400), "has 64 bits a pixel"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(data: bytes, words: str) -> None:
    with pytest.raises(BadJob, match=words) as refused:
        do(data)
    assert refused.value.code == "unsupported-mode"


WHOLE = bmp(numbers(7, 5, 24), 24)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (WHOLE[:20], "ends at byte 20, in the middle of its header"),
        (WHOLE[:70], "ends at byte 70, in the middle of its pixels"),
        (WHOLE[:-4], "in the middle of its pixels"),
        (bmp(np.zeros((0, 3), dtype=int), 24), "3 x 0 pixels"),
    ],
)
def test_what_is_missing_is_told(data: bytes, words: str) -> None:
    with pytest.raises(BadJob, match=words) as refused:
        do(data)
    assert refused.value.code == "broken-image"


def test_what_fills_up_the_last_row_may_be_missing() -> None:
    assert do(WHOLE[:-3]).data == do(WHOLE).data


def test_pixels_are_counted_before_memory_is_taken() -> None:
    data = WHOLE[:18] + struct.pack("<ii", 60_000, 60_000) + WHOLE[26:]
    with pytest.raises(BadJob, match="has 3,600,000,000 pixels"):
        do(data)


def test_resolution_and_profile_go_along() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = numbers(7, 5, 24)
    data = bytearray(bmp(pixels, 24, header=124, more=profile))
    data[70:74] = b"DEBM"
    data[126:134] = struct.pack("<II", len(data) - len(profile) - 14, len(profile))
    with Image.open(io.BytesIO(do(bytes(data)).data or b"")) as image:
        assert image.info["icc_profile"] == profile
        assert image.info["dpi"] == pytest.approx((300, 100), abs=0.1)
