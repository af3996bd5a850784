"""Blur and edges against their definitions, in numpy."""

import io
import math

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.images import edges
from PIL import Image

from tests.pictures import Pixels, do, frames, noise, opened, pixels, read, saved, smooth


def gaussian(values: Pixels, radius: float) -> Pixels:
    reach = math.ceil(4 * radius)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * radius**2))
    weights /= weights.sum()
    found = values.astype(float)
    for axis in (0, 1):
        wide = [(reach, reach) if each == axis else (0, 0) for each in range(found.ndim)]
        padded = np.pad(found, wide, mode="edge")
        lines = [padded.take(range(at, at + values.shape[axis]), axis) for at in range(len(weights))]
        found = np.tensordot(weights, np.stack(lines), axes=1)
    return found


@pytest.mark.parametrize("radius", [0.5, 2, 7.5])
@pytest.mark.parametrize("shape", [(60, 90), (60, 90, 3)])
def test_blur_is_near_a_gaussian(shape: tuple[int, ...], radius: float) -> None:
    before = noise(*shape)
    found = pixels(do("blur", saved(before), radius=radius))
    assert found.shape == shape
    off = abs(found - gaussian(before, radius))
    rim = math.ceil(3 * radius)
    # Three boxes are not quite a bell, and each takes the image to go on behind its edges anew.
    assert off[rim:-rim, rim:-rim].max() < 5
    assert off.mean() < 1
    assert off.max() < 30


def test_what_cannot_be_seen_is_not_blurred_into_what_can() -> None:
    before = np.zeros((60, 90, 4), dtype=np.uint8)
    before[:, 45:] = (250, 200, 150, 255)
    found = pixels(do("blur", saved(before), radius=3)).astype(int)
    partly = (found[..., 3] > 20) & (found[..., 3] < 255)
    assert partly.any()
    assert abs(found[partly][:, :3] - (250, 200, 150)).max() <= 8
    assert abs(found[..., 3] - gaussian(before[..., 3], 3)).max() <= 4


def test_blur_takes_every_mode_and_says_what_it_cost() -> None:
    deep = smooth(60, 90, 1)[..., 0].astype(np.uint16) * 257
    outcome = do("blur", saved(deep))
    assert "16 bits a channel were scaled to 8" in outcome.result["notes"]
    assert abs(pixels(outcome) - gaussian(deep >> 8, 2)).max() <= 6
    assert do("blur", saved(noise(20, 20, high=2).astype(bool))).result["mode"] == "L"
    image = Image.fromarray(noise(20, 20, high=64), "P")
    image.putpalette(noise(64 * 3).tolist())
    assert do("blur", saved(image)).result["mode"] == "RGB"
    assert do("blur", saved(image, transparency=3)).result["mode"] == "RGBA"
    assert do("blur", saved(noise(1, 1)), radius=1000).result["width"] == 1


@pytest.mark.parametrize("radius", [0, 0.09, -1, 1001, float("inf"), "2"])
def test_a_radius_out_of_range_is_a_bad_job(radius: float) -> None:
    with pytest.raises(BadJob, match="radius"):
        OPERATIONS["blur"].check({"radius": radius})


def sobel(shades: Pixels, top: int = 255) -> Pixels:
    padded = np.pad(shades.astype(float), 1, mode="edge")

    def at(row: int, column: int) -> Pixels:
        return padded[1 + row : 1 + row + shades.shape[0], 1 + column : 1 + column + shades.shape[1]]

    across = sum(w * (at(row, 1) - at(row, -1)) for row, w in ((-1, 1), (0, 2), (1, 1)))
    down = sum(w * (at(1, column) - at(-1, column)) for column, w in ((-1, 1), (0, 2), (1, 1)))
    found: Pixels = np.minimum(np.floor(np.hypot(across, down) / 4 + 0.5), top)
    return found


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_edges_are_sobels(kind: str) -> None:
    before = noise(60, 90)
    outcome = do("edges", saved(before, kind))
    assert outcome.result["mode"] == "L"
    assert abs(pixels(outcome) - sobel(before)).max() <= 1
    assert (pixels(outcome) != sobel(before)).mean() < 0.001


def test_edges_are_the_same_however_many_rows_are_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved(noise(60, 90))
    whole = pixels(do("edges", before))
    for count in (1, 90, 91, 7 * 90):
        monkeypatch.setattr(edges, "_PIXELS_AT_ONCE", count, raising=True)
        assert (pixels(do("edges", before)) == whole).all()


def test_a_step_from_black_to_white_is_white_and_an_even_image_black_to_its_rim() -> None:
    step = np.zeros((20, 20), dtype=np.uint8)
    step[:, 10:] = 255
    assert pixels(do("edges", saved(step)))[5].tolist() == [0] * 9 + [255, 255] + [0] * 9
    assert (pixels(do("edges", saved(np.full((20, 20, 3), 77, dtype=np.uint8)))) == 0).all()
    assert pixels(do("edges", saved(np.full((1, 1), 77, dtype=np.uint8)))).tolist() == [[0]]


def test_edges_of_colours_are_those_of_their_grey() -> None:
    before = noise(60, 90, 3)
    grey = np.floor(before @ np.array([0.299, 0.587, 0.114]) + 0.5)
    assert abs(pixels(do("edges", saved(before))) - sobel(grey)).max() <= 2


def test_edges_of_sixteen_bits_have_sixteen() -> None:
    before = noise(60, 90, high=65536, dtype=np.uint16)
    found = pixels(do("edges", saved(before)))
    assert found.dtype == np.uint16
    assert abs(found - sobel(before, 65_535)).max() <= 1


def test_what_is_clear_counts_as_white_for_edges() -> None:
    before = noise(60, 90, 4)
    before[..., 3] = 0
    outcome = do("edges", saved(before))
    assert (pixels(outcome) == 0).all()
    assert "transparency was dropped" in outcome.result["notes"][0]


def test_the_clear_places_of_a_palette_count_as_white_for_edges_too() -> None:
    image = Image.fromarray(noise(20, 30, high=4), "P")
    image.putpalette(noise(4 * 3).tolist())
    assert (pixels(do("edges", saved(image, transparency=bytes(4)))) == 0).all()
    data = saved(image, transparency=bytes([255, 128, 0, 64]))
    before = read(data, "RGBA").astype(float)
    laid = before[..., :3] * before[..., 3:] / 255 + 255 - before[..., 3:]
    assert abs(pixels(do("edges", data)) - sobel(laid @ np.array([0.299, 0.587, 0.114]))).max() <= 3


@pytest.mark.parametrize("operation", ["blur", "edges"])
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_every_frame_is_done(operation: str, kind: str) -> None:
    shades = [Image.fromarray(smooth(20, 30) // n) for n in (1, 2, 3)]
    outcome = do(operation, saved(shades[0], kind, save_all=True, append_images=shades[1:]))
    assert outcome.result["frames"] == 3
    first, second, third = frames(outcome.data or b"", "L")
    assert first.mean() > second.mean() > third.mean()


def test_edges_of_a_jpeg_need_its_lightness_alone() -> None:
    data = saved(smooth(60, 90), "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        image.draft("L", image.size)
        luma = np.asarray(image)
    outcome = do("edges", data, "outputs/x.png")
    assert abs(pixels(outcome) - sobel(luma)).max() <= 1
    assert opened(outcome).mode == "L"
