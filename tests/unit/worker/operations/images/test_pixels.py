"""Every image operation against an implementation from its definition, in numpy, on exact formats."""

import io
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.images.threshold import threshold
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from numpy.typing import NDArray
from PIL import Image

LIMITS = Limits(max_pixels=1_000_000, max_numbers=1)
Pixels = NDArray[np.integer[Any]]


def noise(*shape: int, high: int = 256, dtype: type = np.uint8) -> Pixels:
    return np.random.default_rng(5).integers(0, high, shape).astype(dtype)


def saved(pixels: Pixels, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def do(operation: str, data: bytes, output: str = "outputs/x", **parameters: int) -> tuple[Outcome, Pixels]:
    declared = OPERATIONS[operation]
    outcome = run(declared, declared.check(parameters), data, output, LIMITS)
    assert outcome.data
    with Image.open(io.BytesIO(outcome.data)) as image:
        return outcome, np.asarray(image)


def grey(pixels: Pixels) -> Pixels:
    weighted = pixels[..., :3].astype(float) @ np.array([0.299, 0.587, 0.114])
    return np.floor(weighted + 0.5).astype(np.uint8)


def two_valued(pixels: Pixels, level: int = 125, low: int = 0, high: int = 254) -> Pixels:
    return np.where(pixels <= level, low, high).astype(np.uint8)


def sure(pixels: Pixels, level: int = 125) -> NDArray[np.bool_]:
    """Where rounding cannot decide on which side of the level a shade lies."""
    weighted = pixels[..., :3].astype(float) @ np.array([0.299, 0.587, 0.114])
    sure: NDArray[np.bool_] = abs(weighted - level - 0.5) > 0.01
    return sure


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_greyscale_weighs_red_green_and_blue(kind: str) -> None:
    pixels = noise(50, 70, 3)
    outcome, found = do("greyscale", saved(pixels, kind))
    assert (outcome.result["format"], outcome.result["mode"]) == (kind, "L")
    assert found.shape == (50, 70)
    # Halves may fall either way.
    assert abs(found.astype(int) - grey(pixels)).max() <= 1
    assert (found != grey(pixels)).mean() < 0.001


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
@pytest.mark.parametrize(("level", "low", "high"), [(125, 0, 254), (0, 255, 0), (255, 3, 9), (7, 7, 7)])
def test_threshold_gives_each_channel_its_two_values(kind: str, level: int, low: int, high: int) -> None:
    pixels = noise(40, 60, 3)
    _, found = do("threshold", saved(pixels, kind), level=level, low=low, high=high)
    assert (found == two_valued(pixels, level, low, high)).all()


def test_at_most_the_level_is_low_and_above_it_is_high() -> None:
    _, found = do("threshold", saved(np.array([[124, 125, 126]], dtype=np.uint8)))
    assert found.tolist() == [[0, 0, 254]]


def test_blackwhite_is_greyscale_and_then_threshold_in_one_channel() -> None:
    pixels = noise(50, 70, 3)
    outcome, found = do("blackwhite", saved(pixels), level=100, low=10, high=200)
    assert outcome.result["mode"] == "L"
    expected = two_valued(grey(pixels), 100, 10, 200)
    assert (found == expected)[sure(pixels, 100)].all()


def test_blackwhite_of_a_jpeg_agrees_with_its_decoded_colours() -> None:
    data = saved(noise(64, 64, 3), "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        decoded = np.asarray(image.convert("RGB"))
    _, found = do("blackwhite", data, "outputs/x.png")
    assert (found == two_valued(grey(decoded)))[sure(decoded)].all()


@pytest.mark.parametrize("name", ["outputs/x.png", "outputs/x.tif", "outputs/x.webp"])
def test_alpha_is_left_alone(name: str) -> None:
    pixels = noise(30, 40, 4)
    _, found = do("threshold", saved(pixels), name)
    assert (found[..., 3] == pixels[..., 3]).all()
    assert (found[..., :3] == two_valued(pixels[..., :3])).all()


def test_greyscale_keeps_alpha() -> None:
    pixels = noise(30, 40, 4)
    outcome, found = do("greyscale", saved(pixels))
    assert outcome.result["mode"] == "LA"
    assert abs(found[..., 0].astype(int) - grey(pixels)).max() <= 1
    assert (found[..., 1] == pixels[..., 3]).all()


def test_blackwhite_drops_alpha_and_says_so() -> None:
    pixels = noise(30, 40, 4)
    outcome, found = do("blackwhite", saved(pixels))
    assert (found == two_valued(grey(pixels)))[sure(pixels)].all()
    assert "transparency was dropped" in outcome.result["notes"][0]


def test_sixteen_bit_grey_stays_as_it_is_when_made_grey() -> None:
    pixels = noise(30, 40, high=65536, dtype=np.uint16)
    outcome, found = do("greyscale", saved(pixels))
    assert found.dtype == np.uint16
    assert (found == pixels).all()
    assert "grey already" in outcome.result["notes"][0]


@pytest.mark.parametrize("operation", ["threshold", "blackwhite"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_judged_by_its_upper_eight_bits(operation: str, kind: str) -> None:
    pixels = noise(30, 40, high=65536, dtype=np.uint16)
    outcome, found = do(operation, saved(pixels, kind))
    assert (found == two_valued(pixels >> 8)).all()
    assert "16 bits a channel were scaled to 8" in outcome.result["notes"]


@pytest.mark.parametrize("transparent", [None, 3, bytes(range(64))], ids=["opaque", "one place", "places"])
def test_threshold_of_a_palette_image_is_exact_and_keeps_its_transparency(
    transparent: int | bytes | None,
) -> None:
    image = Image.fromarray(noise(30, 40, high=64), "P")
    image.putpalette(noise(64 * 3).tolist())
    data = io.BytesIO()
    image.save(data, "PNG", **({} if transparent is None else {"transparency": transparent}))
    with Image.open(data) as again:
        before = np.asarray(again.convert("RGBA"))
    outcome, _ = do("threshold", data.getvalue())
    assert outcome.result["mode"] == "P"
    with Image.open(io.BytesIO(outcome.data or b"")) as again:
        after = np.asarray(again.convert("RGBA"))
    assert (after[..., :3] == two_valued(before[..., :3])).all()
    assert (after[..., 3] == before[..., 3]).all()


def test_a_colour_that_stands_for_transparent_becomes_alpha_before_colours_move() -> None:
    pixels = noise(20, 20, 3)
    pixels[:5] = (10, 20, 30)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", transparency=(10, 20, 30))
    _, found = do("threshold", data.getvalue())
    assert (found[:5, :, 3] == 0).all()
    assert (found[5:, :, 3] == 255).all()


def test_cmyk_is_made_red_green_and_blue_first_and_the_sender_is_told() -> None:
    data = io.BytesIO()
    Image.fromarray(noise(32, 32, 3)).convert("CMYK").save(data, "JPEG", quality=95)
    with Image.open(data) as image:
        decoded = np.asarray(image.convert("RGB"))
    outcome, found = do("threshold", data.getvalue(), "outputs/x.png")
    assert (found == two_valued(decoded)).all()
    assert "CMYK was converted to RGB" in outcome.result["notes"]


def test_one_bit_images_become_two_other_shades_and_stay_when_made_grey() -> None:
    data = io.BytesIO()
    bits = noise(20, 20, high=2).astype(bool)
    Image.fromarray(bits).save(data, "PNG")
    _, found = do("threshold", data.getvalue(), low=5, high=6)
    assert (found == np.where(bits, 6, 5)).all()
    outcome, found = do("greyscale", data.getvalue())
    assert outcome.result["mode"] == "1"
    assert (found == bits).all()


@pytest.mark.parametrize("operation", ["greyscale", "threshold", "blackwhite"])
def test_a_gif_holds_the_same_pixels_as_a_png(operation: str) -> None:
    data = saved(noise(30, 40, 3))
    _, png = do(operation, data, "outputs/x.png")
    outcome, _ = do(operation, data, "outputs/x.gif")
    with Image.open(io.BytesIO(outcome.data or b"")) as image:
        gif = np.asarray(image.convert("RGB"))
    assert (gif == (png if png.ndim == 3 else png[..., None])).all()


def test_a_gif_rounds_alpha_to_all_or_nothing_and_keeps_the_colours_that_are_seen() -> None:
    pixels = noise(30, 40, 4)
    outcome, _ = do("threshold", saved(pixels), "outputs/x.gif")
    with Image.open(io.BytesIO(outcome.data or b"")) as image:
        gif = np.asarray(image.convert("RGBA"))
    assert ((gif[..., 3] == 255) == (pixels[..., 3] >= 128)).all()
    seen = gif[..., 3] == 255
    assert (gif[seen][:, :3] == two_valued(pixels[seen][:, :3])).all()


def test_a_grey_jpeg_is_near_the_grey_of_its_colours() -> None:
    rows, columns = np.mgrid[0:256, 0:256]
    pixels = np.stack([rows, columns, (rows + columns) // 2], axis=-1).astype(np.uint8)
    data = saved(pixels, "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        decoded = np.asarray(image)
    outcome, found = do("greyscale", data, "outputs/x.png")
    assert abs(found.astype(int) - grey(decoded)).mean() < 1
    assert outcome.result["notes"] == []


@pytest.mark.parametrize("name", ["level", "low", "high"])
@pytest.mark.parametrize("value", [-1, 256])
def test_a_parameter_out_of_range_is_a_bad_job(name: str, value: int) -> None:
    with pytest.raises(BadJob, match=name):
        threshold(Image.new("L", (1, 1)), **{name: value})
