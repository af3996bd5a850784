"""Colours that are not red, green and blue, palettes, and pictures that are compressed as such."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.picture import Picture
from PIL import Image, ImageChops, ImageCms

from tests.unit.worker.operations.imaging.tiff.files import (
    BLACK_IS_ZERO,
    CIELAB,
    CMYK,
    ICCLAB,
    LZW,
    MASK,
    NONE,
    PALETTE,
    RGB,
    YCBCR,
    Array,
    Layout,
    Page,
    assembled,
    compressed,
    tiff,
)
from tests.unit.worker.operations.imaging.tiff.meanings import lab_to_srgb, ycbcr_to_rgb

DICE = np.random.default_rng(3)
JPEG = 7


def read(data: bytes) -> Picture:
    return decode(data, 100_000)


def pixels(picture: Picture) -> Array:
    return np.asarray(picture.frames[0].image.convert("RGB")).astype(int)


@pytest.mark.parametrize("compression", [NONE, LZW])
@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (2, 2), (4, 2)])
def test_ycbcr_is_converted_whatever_number_of_pixels_shares_a_colour(
    across: int, down: int, compression: int
) -> None:
    height, width, rows = 16, 32, 8
    luma = DICE.integers(0, 256, (height, width))
    blue, red = DICE.integers(90, 166, (2, height // down, width // across))
    units = np.empty((height // down, width // across, across * down + 2), np.uint8)
    for y in range(down):
        for x in range(across):
            units[..., y * across + x] = luma[y::down, x::across]
    units[..., -2], units[..., -1] = blue, red
    strips = [units[top // down : (top + rows) // down].tobytes() for top in range(0, height, rows)]
    tags = {256: width, 257: height, 258: [8] * 3, 259: compression, 262: YCBCR, 277: 3, 278: rows}
    page = Page({**tags, 530: [across, down]}, [compressed(strip, compression) for strip in strips])
    wide = [part.repeat(down, 0).repeat(across, 1) for part in (blue, red)]
    assert abs(pixels(read(assembled([page]))) - ycbcr_to_rgb(luma, *wide)).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", [CIELAB, ICCLAB])
def test_lab_becomes_srgb_and_the_sender_is_told(photometric: int, bits: int) -> None:
    # Colours that sRGB holds, from dark to light.
    lightness, a, b = np.meshgrid([20, 50, 80], [-10, 0, 10], [-10, 0, 10], indexing="ij")
    zero = 128 if photometric == ICCLAB else 256  # a byte that is signed wraps around
    samples = np.stack([np.round(lightness * 2.55), (a + zero) % 256, (b + zero) % 256], axis=-1).reshape(
        3, 9, 3
    )
    stored = (samples.astype(np.uint16) << 8).astype("u2") if bits == 16 else samples.astype("u1")
    picture = read(tiff(stored, Layout(photometric)))
    expected = lab_to_srgb(np.round(lightness * 2.55) / 2.55, a, b).reshape(3, 9, 3)
    assert abs(pixels(picture) - expected).max() <= 1
    name = {CIELAB: "CIELab", ICCLAB: "ICCLab"}[photometric]
    assert f"{name} was converted to sRGB" in picture.reading


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("scale", [1, 257])
@pytest.mark.parametrize(
    "way", [Layout(PALETTE), Layout(PALETTE, order=">", compression=LZW, tile=(16, 16), big=True)]
)
def test_a_palette_gives_its_colours_also_if_they_were_written_with_8_bits(
    way: Layout, scale: int, bits: int
) -> None:
    colours = DICE.integers(0, 256, (3, 2**bits))
    colours[0, 0] = 255  # or all would be dark by chance
    samples = DICE.integers(0, 2**bits, (7, 13), dtype=np.uint8)
    layout = replace(way, bits=bits, tags={320: [int(value) * scale for value in colours.ravel()]})
    picture = read(tiff(samples, layout))
    assert picture.frames[0].image.mode == "P"
    assert np.array_equal(pixels(picture), colours[:, samples].transpose(1, 2, 0))


def test_a_palette_with_transparency_is_read_with_it() -> None:
    colours = DICE.integers(0, 256, (3, 256))
    samples = DICE.integers(0, 256, (5, 6, 2), dtype=np.uint8)
    layout = Layout(PALETTE, extras=(2,), tags={320: [int(value) * 257 for value in colours.ravel()]})
    image = read(tiff(samples, layout)).frames[0].image
    expected = np.concatenate([colours[:, samples[..., 0]].transpose(1, 2, 0), samples[..., 1:]], axis=2)
    assert image.mode == "RGBA"
    assert np.array_equal(np.asarray(image), expected)


def test_a_palette_that_is_too_short_is_damage() -> None:
    with pytest.raises(BadJob, match="palette has 30 values of 768") as caught:
        read(tiff(np.zeros((4, 4), np.uint8), Layout(PALETTE, tags={320: [0] * 30})))
    assert caught.value.code == "broken-image"


def test_a_mask_alone_is_black_and_white_and_the_sender_is_told() -> None:
    samples = DICE.integers(0, 2, (5, 9), dtype=np.uint8)
    picture = read(tiff(samples, Layout(MASK, bits=1)))
    assert np.array_equal(np.asarray(picture.frames[0].image), samples)
    assert "transparency mask" in picture.reading[0]


def test_samples_without_a_word_on_their_meaning_are_the_usual_and_the_sender_is_told() -> None:
    for channels in (1, 3):
        samples = DICE.integers(0, 256, (4, 5, channels), dtype=np.uint8)
        picture = read(tiff(samples, Layout(RGB, tags={262: None})))
        assert np.array_equal(np.asarray(picture.frames[0].image), samples.squeeze())
        assert "does not say what its samples mean" in picture.reading[0]


@pytest.mark.parametrize(("mode", "photometric"), [("L", BLACK_IS_ZERO), ("RGB", YCBCR), ("CMYK", CMYK)])
def test_jpeg_in_strips_and_tiles_is_read_as_jpeg_alone_is(mode: str, photometric: int) -> None:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).convert(mode).save(file, "JPEG", quality=95, subsampling=0)
    alone = Image.open(io.BytesIO(file.getvalue()))
    if mode == "CMYK":
        alone = ImageChops.invert(alone)  # a mark in the file says so, which TIFF takes no notice of
    tags: dict[int, Any] = {256: 32, 257: 32, 258: [8] * len(alone.getbands()), 259: JPEG, 262: photometric}
    tags |= {277: len(alone.getbands()), 530: [1, 1]}
    for laid in ({278: 32}, {322: 32, 323: 32}):
        seen = pixels(read(assembled([Page({**tags, **laid}, [file.getvalue()])])))
        assert abs(seen - np.asarray(alone.convert("RGB")).astype(int)).max() <= 2


def test_jpeg_in_strips_that_share_their_tables_is_read() -> None:
    image = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    file = io.BytesIO()
    image.save(file, "TIFF", compression="jpeg", quality=95, strip_size=8 * 3 * 64)
    tags = Image.open(io.BytesIO(file.getvalue())).tag_v2  # type: ignore[attr-defined]
    assert (len(tags[273]), 347 in tags) == (8, True)
    assert abs(pixels(read(file.getvalue())) - np.asarray(image).astype(int)).max() <= 2


def test_jpeg_data_without_its_end_is_damage() -> None:
    file = io.BytesIO()
    Image.effect_noise((32, 32), 80).save(file, "JPEG")
    tags = {256: 32, 257: 32, 258: 8, 259: JPEG, 262: BLACK_IS_ZERO, 277: 1, 278: 32}
    cut = file.getvalue()[:-300] + bytes(300)  # as a broken transfer leaves it
    with pytest.raises(BadJob, match="number 1 of its 1 strips has no end of its JPEG data") as caught:
        read(assembled([Page(tags, [cut])]))
    assert caught.value.code == "broken-image"


def test_a_profile_stays_only_if_it_fits_the_pixels() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for layout, channels, fits in (
        (Layout(RGB), 3, True), (Layout(RGB, bits=16), 3, True), (Layout(RGB, planar=2, bits=16), 3, True),
        (Layout(BLACK_IS_ZERO), 1, False), (Layout(CIELAB), 3, True), (Layout(CMYK, extras=(2,)), 5, True),
    ):  # fmt: skip
        for colours in (b"RGB ", b"GRAY", b"CMYK", b"Lab "):
            named = profile[:16] + colours + profile[20:]
            samples = np.zeros((4, 4, channels), np.uint16 if layout.bits == 16 else np.uint8)
            picture = read(tiff(samples, replace(layout, tags={34_675: named})))
            stays = colours == (b"RGB " if fits else b"GRAY") and layout.photometric not in (CIELAB, CMYK)
            assert picture.icc_profile == (named if stays else None), (layout, colours)
            assert any("colour profile was dropped" in note for note in picture.reading) != stays
