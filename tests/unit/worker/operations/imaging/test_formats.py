"""What comes in and what goes out: formats, frames, EXIF, and files that are not what they say."""

import io
import struct
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from PIL import ExifTags, Image, ImageCms

LIMITS = Limits(max_pixels=200_000, max_numbers=1)
PHOTO = Image.effect_noise((60, 40), 70).convert("RGB")


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def do(data: bytes, output: str = "outputs/x", operation: str = "greyscale") -> Outcome:
    declared = OPERATIONS[operation]
    return run(declared, declared.check({}), data, output, LIMITS)


def opened(outcome: Outcome) -> Image.Image:
    image = Image.open(io.BytesIO(outcome.data or b""))
    image.load()
    return image


@pytest.mark.parametrize("operation", ["greyscale", "threshold", "blackwhite"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"])
def test_the_inputs_format_is_kept_where_the_name_asks_for_no_other(kind: str, operation: str) -> None:
    outcome = do(saved(PHOTO, kind), "outputs/without-an-ending", operation)
    assert opened(outcome).format == outcome.result["format"] == kind
    assert (outcome.result["width"], outcome.result["height"]) == (60, 40)
    assert opened(outcome).mode == outcome.result["mode"] or kind == "GIF"


@pytest.mark.parametrize(
    ("ending", "kind", "content_type"),
    [
        ("jpg", "JPEG", "image/jpeg"),
        ("JPEG", "JPEG", "image/jpeg"),
        ("png", "PNG", "image/png"),
        ("gif", "GIF", "image/gif"),
        ("tif", "TIFF", "image/tiff"),
        ("webp", "WEBP", "image/webp"),
        ("bmp", "BMP", "image/bmp"),
        ("pgm", "PPM", "image/x-portable-anymap"),
        ("txt", "PNG", "image/png"),
    ],
)
def test_the_outputs_name_says_which_format_is_written(ending: str, kind: str, content_type: str) -> None:
    outcome = do(saved(PHOTO, "PNG"), f"outputs/a.b.{ending}")
    assert (outcome.result["format"], outcome.content_type) == (kind, content_type)
    assert opened(outcome).format == kind


@pytest.mark.parametrize("ending", ["jpg", "bmp", "ppm"])
def test_what_a_format_cannot_hold_is_laid_on_white_and_said(ending: str) -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    outcome = do(saved(clear, "PNG"), f"outputs/x.{ending}", "threshold")
    assert opened(outcome).getpixel((0, 0)) == (255, 255, 255)
    assert any("laid on white" in note for note in outcome.result["notes"])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("operation", ["greyscale", "threshold"])
def test_an_image_comes_out_upright_and_says_so_no_more(kind: str, orientation: int, operation: str) -> None:
    upright = np.zeros((32, 48), dtype=np.uint8)
    upright[:16, :16] = 250  # the upper left corner is bright
    upright[16:, 32:] = 130
    # What a camera stores so that a viewer's turn makes it upright: the turns undone.
    undo = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(np.transpose(a), 2),
        8: lambda a: np.rot90(a, 3),
    }
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](upright))).convert("RGB")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "A. Nonymous"
    lossless = {"lossless": True} if kind == "WEBP" else {}
    out = opened(do(saved(stored, kind, exif=exif.tobytes(), **lossless), operation=operation))
    assert out.size == (48, 32)
    pixels = np.asarray(out.convert("L")).astype(int)
    expected = upright.astype(int) if operation == "greyscale" else np.where(upright <= 125, 0, 254)
    assert abs(pixels - expected).mean() < 4
    assert out.getexif().get(ExifTags.Base.Orientation, 1) == 1
    assert out.getexif().get(ExifTags.Base.Artist) == "A. Nonymous"


@pytest.mark.parametrize("ending", ["gif", "bmp", "ppm"])
def test_a_format_without_exif_loses_it_and_it_is_said(ending: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "A. Nonymous"
    data, note = (
        saved(PHOTO, "JPEG", exif=exif.tobytes()),
        f"{ending.upper()} holds no EXIF data: it was dropped",
    )
    assert note in do(data, f"outputs/x.{ending}").result["notes"]
    assert note not in do(data, f"outputs/x.{ending}", "strip").result["notes"]
    assert note not in do(saved(PHOTO, "JPEG"), f"outputs/x.{ending}").result["notes"]


def test_unreadable_exif_costs_only_the_exif() -> None:
    data = saved(PHOTO, "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert opened(do(data)).size == (60, 40)


def test_a_colour_profile_goes_when_the_colours_go_and_stays_when_they_stay() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG"):
        data = saved(PHOTO, kind, icc_profile=profile)
        gone, kept = do(data), do(data, operation="threshold")
        assert "icc_profile" not in opened(gone).info
        assert any("colour profile" in note for note in gone.result["notes"])
        assert opened(kept).info["icc_profile"] == profile


@pytest.mark.parametrize("operation", ["greyscale", "threshold", "blackwhite"])
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_every_frame_of_an_animation_is_changed_and_keeps_its_time(kind: str, operation: str) -> None:
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (250, 250, 10)]
    frames = [Image.new("RGB", (20, 10), colour) for colour in colours]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = saved(
        frames[0],
        kind,
        save_all=True,
        append_images=frames[1:],
        duration=[100, 200, 300, 400],
        loop=3,
        **lossless,
    )
    outcome = do(data, operation=operation)
    image = opened(outcome)
    # Two neighbours that have become the same may be one frame with the sum of their times.
    durations, shades = [], []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
        durations.append(image.info["duration"])
        shades.append(image.convert("RGB").getpixel((5, 5)))
    assert sum(durations) == 1000
    assert image.info["loop"] == 3
    for shade in shades:
        values = shade if isinstance(shade, tuple) else ()
        if operation == "threshold":
            assert set(values) <= {0, 254}
        else:
            assert max(values) - min(values) <= 2  # WebP is lossy here
    if operation == "threshold":
        assert durations == [100, 200, 300, 400]
        assert shades == [tuple(0 if value <= 125 else 254 for value in colour) for colour in colours]


def test_a_transparent_animation_shows_no_frame_through_another() -> None:
    frames = []
    for left in (0, 10):
        frame = Image.new("RGBA", (20, 10), (0, 0, 0, 0))
        frame.paste((200, 30, 30, 255), (left, 0, left + 10, 10))
        frames.append(frame)
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, disposal=2)
    image = opened(do(data, operation="threshold"))
    image.seek(1)
    second = image.convert("RGBA")
    assert second.getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert second.getpixel((15, 5)) == (254, 0, 0, 255)


def test_pages_of_a_tiff_are_all_changed_whatever_their_sizes() -> None:
    pages = [PHOTO, PHOTO.resize((10, 20))]
    outcome = do(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    image = opened(outcome)
    assert outcome.result["frames"] == 2
    image.seek(1)
    assert (image.size, image.mode) == ((10, 20), "L")


def test_a_format_with_one_frame_gets_the_first_and_the_sender_is_told() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    outcome = do(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), "outputs/x.png.jpg")
    assert outcome.result["frames"] == 1
    assert any("first of 2" in note for note in outcome.result["notes"])


def test_a_threshold_in_jpeg_is_near_the_two_values_and_the_sender_is_told() -> None:
    outcome = do(saved(PHOTO, "PNG"), "outputs/x.jpg", "threshold")
    pixels = np.asarray(opened(outcome)).astype(int)
    assert np.minimum(pixels, abs(pixels - 254)).mean() < 8
    assert any("lossy" in note for note in outcome.result["notes"])


def png_of(width: int, height: int) -> bytes:
    """A few hundred bytes that claim to be a picture of any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 999))
        + chunk(b"IEND", b"")
    )


def gif_that_grows() -> bytes:
    """An animation of 8 x 8 whose second frame has 60,000 pixels a side."""
    frames = [Image.new("L", (8, 8), shade) for shade in (1, 2)]
    data = bytearray(saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2))
    second = data.index(b",", data.index(b",") + 1)
    data[second + 5 : second + 9] = struct.pack("<HH", 60_000, 60_000)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-an-image"),
        (b"just some words", "not-an-image"),
        (b"%PDF-1.7\n", "not-an-image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not-an-image"),
        (saved(PHOTO, "JPEG")[:600], "broken-image"),
        (saved(PHOTO, "PNG")[:300], "broken-image"),
        (saved(PHOTO, "GIF")[:900], "broken-image"),
        (saved(PHOTO, "TIFF")[:-3000], "broken-image"),
        (saved(PHOTO, "WEBP")[:300], "broken-image"),
        (saved(PHOTO, "BMP")[:300], "broken-image"),
        (saved(PHOTO, "ICO"), "not-an-image"),
        (saved(PHOTO, "TGA"), "not-an-image"),
        (png_of(60_000, 60_000), "too-many-pixels"),
        (png_of(500, 401), "too-many-pixels"),
        (gif_that_grows(), "too-many-pixels"),
        (saved(Image.new("F", (4, 4)), "TIFF"), "unsupported-mode"),
        (saved(Image.new("I", (4, 4), 2**20), "TIFF"), "unsupported-mode"),
    ],
)
def test_what_no_worker_can_use_is_a_bad_job_with_its_code(data: bytes, code: str) -> None:
    with pytest.raises(BadJob) as caught:
        do(data)
    assert caught.value.code == code
    assert caught.value.message


def test_the_pixel_limit_counts_all_frames() -> None:
    frames = [Image.new("L", (200, 150), shade) for shade in range(8)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(BadJob) as caught:
        do(data)
    assert "240,000 pixels" in caught.value.message
    with pytest.raises(BadJob, match=r"has 3,600,000,000 pixels; .* at most 200,000 \(worker_max_pixels\)"):
        do(png_of(60_000, 60_000))
    pages = saved(
        Image.new("L", (200, 500)), "TIFF", save_all=True, append_images=[Image.new("L", (200, 501))]
    )
    with pytest.raises(BadJob, match="200,200 pixels"):
        do(pages)


def test_pillows_warnings_do_not_leak() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(BadJob):
            do(png_of(500, 500))
        # An EXIF entry that points behind the file's end, of which Pillow warns.
        entry = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0\x50\0\0\0\x00\x10\0\0\0\0\0\0"
        do(saved(PHOTO, "JPEG", exif=entry))
    assert heard == []


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_the_pixel_limit_is_the_worker_s_own_and_not_left_to_whoever_opens_images_next(kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30)).save(out, kind)
    before = Image.MAX_IMAGE_PIXELS
    decode(out.getvalue(), 2_000)
    with pytest.raises(BadJob):
        decode(out.getvalue(), 100)
    assert before == Image.MAX_IMAGE_PIXELS


def test_damaged_files_are_bad_jobs_or_pictures_and_never_anything_else() -> None:
    dice = np.random.default_rng(11)
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        whole = saved(PHOTO, kind)
        for _ in range(40):
            data = bytearray(whole)
            for place in dice.integers(0, len(data), dice.integers(1, 30)):
                data[place] = dice.integers(0, 256)
            try:
                do(bytes(data), operation="threshold")
            except BadJob as problem:
                assert problem.code in ("not-an-image", "broken-image", "too-many-pixels", "unsupported-mode")  # noqa: PT017
