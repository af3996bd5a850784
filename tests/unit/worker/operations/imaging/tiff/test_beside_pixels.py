"""Resolution, orientation and EXIF of TIFF files."""

import numpy as np
import pytest
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.picture import Picture
from PIL import ExifTags, Image

from tests.unit.worker.operations.imaging.tiff.files import RGB, WHITE_IS_ZERO, Layout, tiff


def read(data: bytes) -> Picture:
    return decode(data, 100_000)


@pytest.mark.parametrize(
    ("unit", "per_inch"), [(None, (300.0, 150.0)), (2, (300.0, 150.0)), (3, (762.0, 381.0)), (1, None)]
)
@pytest.mark.parametrize("planar", [1, 2])
def test_the_resolution_is_in_inches_and_turns_with_the_picture(
    unit: int | None, per_inch: tuple[float, float] | None, planar: int
) -> None:
    samples = np.random.default_rng(1).integers(0, 256, (3, 5, 3), np.uint8)
    tags = {282: (5, [300, 1]), 283: (5, [300, 2]), 296: unit}
    upright = {
        1: samples, 2: samples[:, ::-1], 3: samples[::-1, ::-1], 4: samples[::-1],
        5: samples.transpose(1, 0, 2), 6: np.rot90(samples, -1),
        7: np.rot90(samples, 2).transpose(1, 0, 2), 8: np.rot90(samples),
    }  # fmt: skip
    for orientation, expected in upright.items():
        seen = read(tiff(samples, Layout(RGB, planar=planar, tags={**tags, 274: orientation})))
        assert np.array_equal(np.asarray(seen.frames[0].image), expected), orientation
        assert seen.dpi == (per_inch if orientation < 5 or per_inch is None else per_inch[::-1])
        assert any("turned upright" in note for note in seen.notes) == (orientation > 1)


@pytest.mark.parametrize("planar", [1, 2])  # read by Pillow, and by ourselves
def test_only_the_tag_says_how_a_picture_is_turned(planar: int) -> None:
    samples = np.random.default_rng(1).integers(0, 256, (3, 5, 3), np.uint8)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    for tags, expected in (({700: xmp}, samples), ({700: xmp, 274: 3}, samples[::-1, ::-1])):
        seen = read(tiff(samples, Layout(RGB, planar=planar, tags=tags)))
        assert np.array_equal(np.asarray(seen.frames[0].image), expected)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_what_the_file_says_beside_the_pixels_is_kept_or_missed_aloud(order: str, big: bool) -> None:
    samples = np.zeros((2, 2), np.uint16)
    seen = read(tiff(samples, Layout(WHITE_IS_ZERO, order=order, big=big, tags={315: "A. Nonymous"})))
    if big and order == ">":
        assert seen.notes == ("the EXIF data could not be read and was dropped",)
        return
    exif = Image.Exif()
    exif.load(seen.exif)
    assert (exif[ExifTags.Base.Artist], seen.notes) == ("A. Nonymous", ())
