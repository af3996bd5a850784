"""Resize and thumbnail against Lanczos from its definition, in numpy."""

import io
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.images.resize import new_size
from PIL import ExifTags, Image, ImageCms

from tests.pictures import MAX_PIXELS, Pixels, do, frames, noise, opened, pixels, saved, smooth


def lanczos(values: Pixels, count: int, start: float = 0, end: float | None = None) -> Pixels:
    """Resample the first axis to `count` places: sinc by sinc, three lobes."""
    step = ((len(values) if end is None else end) - start) / count
    wide = max(step, 1.0)
    centres = start + (np.arange(count) + 0.5) * step
    distances = (np.arange(len(values)) + 0.5 - centres[:, None]) / wide
    weights = np.where(abs(distances) < 3, np.sinc(distances) * np.sinc(distances / 3), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    found: Pixels = np.tensordot(weights, values.astype(float), axes=1)
    return found


def resized(values: Pixels, height: int, width: int, top: int = 255) -> Pixels:
    across = np.clip(lanczos(values.swapaxes(0, 1), width), 0, top).swapaxes(0, 1)
    return np.clip(lanczos(across, height), 0, top)


@pytest.mark.parametrize(("height", "width"), [(20, 30), (7, 90), (60, 9), (1, 1)])
@pytest.mark.parametrize("shape", [(60, 90), (60, 90, 3)])
def test_pixels_are_those_of_lanczos(shape: tuple[int, ...], height: int, width: int) -> None:
    before = noise(*shape)
    found = pixels(do("resize", saved(before), width=width, height=height, fit="exact"))
    assert found.shape[:2] == (height, width)
    assert abs(found - resized(before, height, width)).max() <= 1.5


def test_a_larger_image_is_made_only_when_asked_for() -> None:
    before = noise(20, 30, 3)
    outcome = do("resize", saved(before), width=60)
    assert (pixels(outcome) == before).all()
    assert "unchanged" in outcome.result["notes"][0]
    found = pixels(do("resize", saved(before), width=60, enlarge=True))
    assert found.shape == (40, 60, 3)
    assert abs(found - resized(before, 40, 60)).max() <= 1.5


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"width": 50}, (50, 25)), ({"height": 50}, (100, 50)), ({"width": 50, "height": 50}, (50, 25)),
        ({"width": 50, "height": 50, "fit": "fill"}, (50, 50)),
        ({"width": 50, "height": 40, "fit": "exact"}, (50, 40)),
        ({"width": 1}, (1, 1)), ({"width": 400}, (200, 100)), ({"width": 400, "enlarge": True}, (400, 200)),
        ({"width": 400, "height": 50, "fit": "fill"}, (200, 50)),
        ({"width": 400, "height": 50, "fit": "fill", "enlarge": True}, (400, 50)),
        ({"width": 400, "height": 50, "fit": "exact"}, (200, 50)), ({"width": 33, "fit": "fill"}, (33, 17)),
        ({"width": 400, "height": 400, "fit": "fill"}, (200, 100)),
    ],
)  # fmt: skip
def test_the_size_is_the_one_asked_for(asked: dict[str, Any], size: tuple[int, int]) -> None:
    assert new_size((200, 100), **asked) == size
    assert opened(do("resize", saved(noise(100, 200)), **asked)).size == size


def test_fill_is_cut_around_the_centre() -> None:
    before = smooth(60, 90)
    found = pixels(do("resize", saved(before), width=30, height=30, fit="fill"))
    middle = np.clip(lanczos(before.swapaxes(0, 1), 30, 15, 75), 0, 255).swapaxes(0, 1)
    assert abs(found - np.clip(lanczos(middle, 30), 0, 255)).max() <= 1.5


def test_sixteen_bits_stay_sixteen() -> None:
    before = noise(60, 90, high=65536, dtype=np.uint16)
    found = pixels(do("resize", saved(before), width=30))
    assert found.dtype == np.uint16
    assert abs(found - resized(before, 20, 30, 65_535)).max() <= 2


@pytest.mark.parametrize("operation", ["resize", "thumbnail"])
def test_colours_that_cannot_be_seen_do_not_come_through(operation: str) -> None:
    before = np.zeros((60, 90, 4), dtype=np.uint8)  # black where it is clear
    before[:, 45:] = (250, 200, 150, 255)
    found = pixels(do(operation, saved(before), width=31, height=31)).astype(int)
    partly = found[..., 3] > 20
    assert (found[..., 3] % 255 != 0).any()
    # Lanczos overshoots to the bright side; black would come through as half of each.
    off = found[partly][:, :3] - (250, 200, 150)
    assert -6 <= off.min() <= off.max() <= 20


def test_grey_with_alpha_is_mixed_by_what_can_be_seen_too() -> None:
    before = np.zeros((60, 90, 2), dtype=np.uint8)
    before[:, 45:] = (250, 255)
    found = pixels(do("resize", saved(Image.fromarray(before, "LA")), width=31)).astype(int)
    assert (found[found[..., 1] > 20][:, 0] >= 244).all()


@pytest.mark.parametrize("transparent", [None, 3])
def test_a_palette_becomes_colours_before_they_are_mixed(transparent: int | None) -> None:
    image = Image.fromarray((smooth(60, 90, 1)[..., 0] // 4).astype(np.uint8), "P")
    image.putpalette(np.random.default_rng(1).permutation(64 * 3).tolist())
    options = {} if transparent is None else {"transparency": transparent}
    data = saved(image, **options)
    with Image.open(io.BytesIO(data)) as again:
        before = np.asarray(again.convert("RGB"))
    outcome = do("resize", data, width=30)
    assert outcome.result["mode"] == ("RGB" if transparent is None else "RGBA")
    if transparent is None:
        assert abs(pixels(outcome) - resized(before, 20, 30)).max() <= 1.5


def test_single_bits_become_shades() -> None:
    bits = noise(60, 90, high=2).astype(bool)
    found = pixels(do("resize", saved(bits), width=30))
    assert abs(found - resized(bits * 255, 20, 30)).max() <= 1.5


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_every_frame_is_resized_and_keeps_its_time(kind: str) -> None:
    shades = [Image.new("RGB", (40, 20), colour) for colour in ("red", "lime", "blue")]
    options: dict[str, Any] = {} if kind == "TIFF" else {"duration": [100, 200, 300], "loop": 2}
    options |= {"lossless": True} if kind == "WEBP" else {}
    outcome = do(
        "resize", saved(shades[0], kind, save_all=True, append_images=shades[1:], **options), width=10
    )
    assert (outcome.result["frames"], outcome.result["width"], outcome.result["height"]) == (3, 10, 5)
    for found, shade in zip(frames(outcome.data or b"", "RGB"), shades, strict=True):
        assert abs(found[2, 5].astype(int) - shade.getpixel((5, 5))).max() <= 6
    if kind != "TIFF":
        assert opened(outcome).info["loop"] == 2


def test_an_image_is_upright_before_its_sides_are_counted() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Artist] = "A. Nonymous"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 90, ExifTags.Base.ExifImageHeight: 60}
    out = opened(do("resize", saved(smooth(60, 90), "JPEG", exif=exif.tobytes()), width=30))
    assert out.size == (30, 45)
    kept = out.getexif()
    assert kept.get(ExifTags.Base.Artist) == "A. Nonymous"
    assert ExifTags.Base.ExifImageWidth not in kept.get_ifd(ExifTags.IFD.Exif)


def test_the_size_that_exif_tells_goes_when_the_size_changes_and_the_rest_stays() -> None:
    exif = Image.Exif()
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 90, ExifTags.Base.FNumber: 2.0}
    data = saved(smooth(60, 90), "JPEG", exif=exif.tobytes())
    for operation, parameters, there in (("resize", {"width": 30}, False), ("blur", {}, True)):
        block = opened(do(operation, data, **parameters)).getexif().get_ifd(ExifTags.IFD.Exif)  # type: ignore[arg-type]
        assert (ExifTags.Base.ExifImageWidth in block) == there
        assert block[ExifTags.Base.FNumber] == 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_colour_profile_stays_where_the_colours_stay(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(smooth(60, 90), kind, icc_profile=profile)
    for operation, parameters in (("resize", {"width": 9}), ("thumbnail", {"width": 9}), ("blur", {}),
                                  ("rotate", {"degrees": 30}), ("convert", {}), ("strip", {})):  # fmt: skip
        assert opened(do(operation, data, **parameters)).info["icc_profile"] == profile, operation  # type: ignore[arg-type]
    outcome = do("convert", data, format="bmp")
    assert "BMP holds no colour profile: it was dropped" in outcome.result["notes"]


def test_a_profile_for_other_colours_than_those_read_is_dropped_and_the_sender_told() -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"CMYK"
    data = saved(Image.fromarray(smooth(60, 90)).convert("CMYK"), "JPEG", icc_profile=bytes(profile))
    outcome = do("resize", data, width=30)
    assert "icc_profile" not in opened(outcome).info
    assert "the colour profile was dropped: it is for other colours" in outcome.result["notes"]


@pytest.mark.parametrize(
    ("operation", "asked", "words"),
    [
        (
            "resize",
            {"width": 100_000, "height": 100_000, "fit": "exact", "enlarge": True},
            "100,000 x 100,000",
        ),
        ("resize", {"width": 1_000_000, "enlarge": True}, "1,000,000 x 666,667"),
        ("resize", {"width": 1225, "enlarge": True}, "1,225 x 817"),
        ("rotate", {"degrees": 45.0}, "1,203 x 1,203"),
    ],
)
def test_what_would_become_too_large_is_refused_before_memory_is_taken(
    operation: str, asked: dict[str, Any], words: str
) -> None:
    side = (1000, 700) if operation == "rotate" else (90, 60)
    data = saved(Image.new("L", side))
    with pytest.raises(BadJob) as caught:
        do(operation, data, **asked)
    assert caught.value.code == "too-many-pixels"
    assert words in caught.value.message
    assert f"at most {MAX_PIXELS:,}" in caught.value.message


def test_the_limit_counts_all_frames_that_go_out() -> None:
    shades = [Image.new("L", (100, 100), shade) for shade in range(8)]
    data = saved(shades[0], "GIF", save_all=True, append_images=shades[1:])
    with pytest.raises(BadJob, match="with all frames 1,280,000 pixels"):
        do("resize", data, width=400, enlarge=True)
    assert opened(do("resize", data, width=350, enlarge=True)).size == (350, 350)


def test_a_size_that_no_file_of_the_format_holds_is_a_bad_job() -> None:
    with pytest.raises(BadJob, match="WEBP holds at most 16,383"):
        do("resize", saved(noise(4, 4)), "outputs/x.webp", width=20_000, height=4, fit="exact", enlarge=True)


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"fit": "fill"}, {"width": 0}, {"width": 1.5}, {"width": 10, "fit": "crop"}, {"height": -1},
        {"width": 10**9}, {"width": 10, "enlarge": "yes"},
    ],
)  # fmt: skip
def test_a_resize_that_makes_no_sense_is_a_bad_job(asked: dict[str, Any]) -> None:
    with pytest.raises(BadJob) as caught:
        OPERATIONS["resize"].check(asked)
    assert caught.value.code == "bad-parameter"


def test_a_thumbnail_lies_within_its_box_and_says_nothing_of_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (52.0, 30.0, 0.0)}
    data = saved(smooth(600, 900), "JPEG", exif=exif.tobytes(), comment=b"a secret")
    out = do("thumbnail", data)
    assert opened(out).size == (171, 256)
    assert dict(opened(out).getexif()) == {}
    assert b"secret" not in (out.data or b"")
    assert opened(do("thumbnail", data, width=30, height=600)).size == (30, 45)
    small = saved(smooth(20, 30), "JPEG", exif=exif.tobytes())
    assert opened(do("thumbnail", small)).size == (20, 30)
    assert dict(opened(do("thumbnail", small)).getexif()) == {}
