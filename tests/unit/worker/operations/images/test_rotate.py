"""Rotate against numpy: quarter turns to the last bit, others at what they must show."""

import io
import math
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.images.rotate import new_size
from PIL import ExifTags, Image

from tests.pictures import Pixels, do, frames, noise, opened, pixels, read, saved, smooth


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (20, 30, 4)])
@pytest.mark.parametrize(
    ("degrees", "turns"), [(0, 0), (90, 1), (180, 2), (-90, 3), (270, 3), (360, 0), (-360, 0)]
)
def test_a_quarter_turn_goes_clockwise_and_changes_no_pixel(
    shape: tuple[int, ...], degrees: float, turns: int
) -> None:
    before = noise(*shape)
    outcome = do("rotate", saved(before), degrees=degrees)
    assert (pixels(outcome) == np.rot90(before, -turns)).all()
    assert ("unchanged" in "".join(outcome.result["notes"])) == (turns == 0)


def test_a_quarter_turn_keeps_sixteen_bits_single_bits_and_palettes() -> None:
    deep = noise(20, 30, high=65536, dtype=np.uint16)
    assert (pixels(do("rotate", saved(deep), degrees=90)) == np.rot90(deep, -1)).all()
    bits = noise(20, 30, high=2).astype(bool)
    assert (pixels(do("rotate", saved(bits), degrees=90)) == np.rot90(bits, -1)).all()
    image = Image.fromarray(noise(20, 30, high=64), "P")
    image.putpalette(noise(64 * 3).tolist())
    outcome = do("rotate", data := saved(image, transparency=3), degrees=90)
    assert outcome.result["mode"] == "P"
    assert (read(outcome.data or b"", "RGBA") == np.rot90(read(data, "RGBA"), -1)).all()


def turned(before: Pixels, degrees: float, size: tuple[int, int], ground: float) -> Pixels:
    """Look each pixel up where it came from, mixing the four around it; outside is the ground."""
    height, width = before.shape[:2]
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    x, y = columns + 0.5 - size[0] / 2, rows + 0.5 - size[1] / 2
    angle = math.radians(degrees)
    source_x = x * math.cos(angle) + y * math.sin(angle) + width / 2 - 0.5
    source_y = y * math.cos(angle) - x * math.sin(angle) + height / 2 - 0.5
    padded = np.pad(
        before.astype(float), [(2, 2), (2, 2)] + [(0, 0)] * (before.ndim - 2), constant_values=ground
    )
    left = np.clip(np.floor(source_x).astype(int), -2, width)
    top = np.clip(np.floor(source_y).astype(int), -2, height)
    across = np.clip(source_x - left, 0, 1)
    down = np.clip(source_y - top, 0, 1)
    if before.ndim == 3:
        across, down = across[..., None], down[..., None]
    at = lambda row, column: padded[row + 2, column + 2]  # noqa: E731
    found: Pixels = (at(top, left) * (1 - across) + at(top, left + 1) * across) * (1 - down) + (
        at(top + 1, left) * (1 - across) + at(top + 1, left + 1) * across
    ) * down
    return found


@pytest.mark.parametrize("degrees", [30, -30, 1.5, 135, 200])
@pytest.mark.parametrize(("background", "ground"), [(None, 255), ("black", 0)])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_angles_show_all_of_the_image_on_the_background(
    degrees: float, background: str | None, ground: int, channels: int
) -> None:
    before = smooth(50, 80, channels).squeeze()
    found = pixels(do("rotate", saved(before), degrees=degrees, background=background))
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    assert abs(found.shape[1] - (80 * cosine + 50 * sine)) <= 1
    assert abs(found.shape[0] - (80 * sine + 50 * cosine)) <= 1
    expected = turned(before, degrees, (found.shape[1], found.shape[0]), ground)
    # Bicubic is sharper than the mixing of four; the two differ at the edges only.
    assert abs(found - expected).mean() < 1.5
    assert np.percentile(abs(found - expected), 95) < 8


def test_sixteen_bits_stay_sixteen_at_any_angle() -> None:
    before = smooth(50, 80, 1)[..., 0].astype(np.uint16) * 257
    found = pixels(do("rotate", saved(before), degrees=30))
    assert found.dtype == np.uint16
    expected = turned(before, 30, (found.shape[1], found.shape[0]), 65_535)
    assert abs(found - expected).mean() < 1.5 * 257
    assert found[0, 0] == 65_535
    assert pixels(do("rotate", saved(before), degrees=30, background="#804020"))[0, 0] == 79 * 257
    with pytest.raises(BadJob, match="16-bit grey holds none"):
        do("rotate", saved(before), degrees=30, background="transparent")


def test_corners_are_clear_where_the_image_has_transparency_and_edges_have_no_dark_fringe() -> None:
    before = np.full((50, 80, 4), (250, 200, 150, 255), dtype=np.uint8)
    found = pixels(do("rotate", saved(before), degrees=30)).astype(int)
    assert found[0, 0, 3] == 0
    partly = (found[..., 3] > 20) & (found[..., 3] < 255)
    assert partly.any()
    assert abs(found[partly][:, :3] - (250, 200, 150)).max() <= 8


@pytest.mark.parametrize(
    ("mode", "background", "mode_after", "corner"),
    [
        ("RGB", "transparent", "RGBA", (0, 0, 0, 0)), ("L", "transparent", "LA", (0, 0)),
        ("L", "#ff0000", "RGB", (255, 0, 0)), ("LA", "#ff0000", "RGBA", (255, 0, 0, 255)),
        ("L", "#808080", "L", 128), ("LA", "white", "LA", (255, 255)), ("1", None, "L", 255),
        ("RGBA", "#010203", "RGBA", (1, 2, 3, 255)), ("P", "#010203", "RGB", (1, 2, 3)),
    ],
)  # fmt: skip
def test_the_image_gets_a_mode_that_holds_its_background(
    mode: str, background: str | None, mode_after: str, corner: Any
) -> None:
    outcome = do(
        "rotate", saved(Image.new("RGB", (40, 30), "gray").convert(mode)), degrees=45, background=background
    )
    assert (outcome.result["mode"], opened(outcome).getpixel((0, 0))) == (mode_after, corner)


def test_what_exif_says_is_carried_out_first() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    before = smooth(40, 60)
    outcome = do("rotate", saved(before, "PNG", exif=exif.tobytes()), degrees=90)
    assert (pixels(outcome) == np.rot90(before, 2)).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF"])
def test_every_frame_is_turned(kind: str) -> None:
    shades = [Image.new("RGB", (40, 20), colour) for colour in ("red", "lime", "blue")]
    outcome = do("rotate", saved(shades[0], kind, save_all=True, append_images=shades[1:]), degrees=30)
    found = frames(outcome.data or b"", "RGB")
    assert [frame[frame.shape[0] // 2, frame.shape[1] // 2].tolist() for frame in found] == [
        [255, 0, 0], [0, 255, 0], [0, 0, 255]
    ]  # fmt: skip
    assert all((frame[0, 0] == 255).all() for frame in found)


@pytest.mark.parametrize("degrees", [0, 1e-9, 89.9999999, 90, 45, 359.5])
def test_the_size_told_beforehand_is_the_size(degrees: float) -> None:
    assert opened(do("rotate", saved(noise(31, 47)), degrees=degrees)).size == new_size(
        (47, 31), degrees=degrees
    )


@pytest.mark.parametrize(
    "asked",
    [{}, {"degrees": 361}, {"degrees": float("nan")}, {"degrees": "90"},
     {"degrees": 1, "background": "reddish"},
     {"degrees": 1, "background": "#12345"}, {"degrees": 1, "background": "hsl(0,0%,0%)"}],
)  # fmt: skip
def test_a_turn_that_makes_no_sense_is_a_bad_job(asked: dict[str, Any]) -> None:
    with pytest.raises(BadJob) as caught:
        OPERATIONS["rotate"].check(asked)
    assert caught.value.code == "bad-parameter"


def test_a_jpeg_comes_out_upright_and_turned() -> None:
    found = opened(do("rotate", saved(smooth(40, 60), "JPEG"), degrees=90))
    assert found.size == (40, 60)
    with Image.open(io.BytesIO(saved(smooth(40, 60), "JPEG"))) as image:
        assert abs(np.asarray(found).astype(int) - np.rot90(np.asarray(image), -1)).mean() < 2
