"""JPEG files written by hand, whose colours are known without a decoder; and those that are not read."""

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

from tests.jpeg_files import JFIF, Channel, adobe, jpeg, lossless

LIMITS = Limits(max_pixels=1_000_000, max_numbers=1)
Values = NDArray[np.integer]
SAMPLINGS = {
    "4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2), "4:4:0": (1, 2), "4:1:1": (4, 1), "4:1:0": (4, 2),
}  # fmt: skip


def do(data: bytes, operation: str = "convert", output: str = "outputs/x.png", **parameters: Any) -> Outcome:
    declared = OPERATIONS[operation]
    return run(declared, declared.check(parameters), data, output, LIMITS)


def pixels(outcome: Outcome) -> Values:
    with Image.open(io.BytesIO(outcome.data or b"")) as image:
        return np.asarray(image).astype(int)


def values(rows: int, columns: int, seed: int) -> Values:
    return np.random.default_rng(seed).integers(20, 236, (rows, columns))


def in_three(across: int, down: int, names: tuple[int, ...] = (1, 2, 3)) -> list[Channel]:
    """Return 3 x 2 units, of which each block of luma has its value, and each unit its two of chroma."""
    luma = Channel(names[0], across, down, values(2 * down, 3 * across, 1))
    return [luma, *(Channel(name, 1, 1, values(2, 3, name)) for name in names[1:])]


def spread(channels: list[Channel]) -> Values:
    """Return each channel's values at the places of the first one's blocks."""
    down, across = channels[0].down, channels[0].across
    rest = [np.kron(c.values, np.ones((down, across), dtype=int)) for c in channels[1:]]
    return np.stack([channels[0].values, *rest], axis=-1)


def rgb_of(luma_and_chroma: Values) -> Values:
    """Return colours by ITU-T T.871, 7."""
    luma, blue, red = np.moveaxis(luma_and_chroma.astype(float), -1, 0)
    colours = [
        luma + 1.402 * (red - 128),
        luma - 0.344136 * (blue - 128) - 0.714136 * (red - 128),
        luma + 1.772 * (blue - 128),
    ]
    return np.clip(np.round(np.stack(colours, axis=-1)), 0, 255).astype(int)


def middles(found: Values, channels: list[Channel]) -> Values:
    """Return the pixels in the middle of each unit, where chroma that is smoothed has its own value."""
    high, wide = channels[0].down * 8, channels[0].across * 8
    return found[high // 2 - 1 :: high, wide // 2 - 1 :: wide]


@pytest.mark.parametrize("apart", [False, True], ids=["one scan", "a scan each"])
@pytest.mark.parametrize("restart", [0, 1, 2])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_colours_are_those_that_were_written(sampling: str, restart: int, apart: bool) -> None:
    channels = in_three(*SAMPLINGS[sampling])
    found = pixels(do(jpeg(channels, restart=restart, apart=apart)))
    expected = rgb_of(spread(channels))
    in_middle = middles(found, channels)
    rows, columns = channels[0].down, channels[0].across
    place = ((rows * 8 // 2 - 1) // 8, (columns * 8 // 2 - 1) // 8)
    assert abs(in_middle - expected[place[0] :: rows, place[1] :: columns]).max() <= 2


RGB = [Channel(name, 1, 1, values(2, 3, name)) for name in (82, 71, 66)]
NUMBERED = [Channel(number, 1, 1, channel.values) for number, channel in enumerate(RGB, 1)]
YCC = in_three(1, 1)
IN_RGB, IN_YCC = spread(RGB), rgb_of(spread(YCC))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(jpeg(YCC), IN_YCC, id="JFIF"),
        pytest.param(jpeg(YCC, b""), IN_YCC, id="nothing said"),
        pytest.param(jpeg(YCC, adobe(1)), IN_YCC, id="Adobe's word"),
        pytest.param(jpeg(YCC, b"\xff\xe1\0\x08Exif\0\0"), IN_YCC, id="Exif in front"),
        pytest.param(jpeg(YCC, b"\xff\xe0\0\x07JFIF\0" + JFIF), IN_YCC, id="short JFIF"),
        pytest.param(jpeg(YCC, b"\xff\xee\0\x07Adobe" + JFIF), IN_YCC, id="short Adobe"),
        pytest.param(jpeg(YCC, b"\xff\xe2\0\x0eICC_PROFILE\0" + JFIF), IN_YCC, id="short profile"),
        pytest.param(jpeg(YCC, frame=0xC1), IN_YCC, id="extended"),
        pytest.param(jpeg(NUMBERED, adobe(0)), IN_RGB, id="Adobe's RGB"),
        pytest.param(jpeg(RGB, b""), IN_RGB, id="channels called R, G and B"),
    ],
)
def test_what_the_channels_are_is_heeded(data: bytes, expected: Values) -> None:
    assert abs(pixels(do(data))[4::8, 4::8] - expected).max() <= 2
    # Where luma and chroma make no colour that there is, the luma is as it stands in the file.
    luma = IN_RGB @ np.array([0.299, 0.587, 0.114]) if expected is IN_RGB else spread(YCC)[..., 0]
    assert abs(pixels(do(data, "greyscale"))[4::8, 4::8] - luma).max() <= 2


@pytest.mark.parametrize("before", [JFIF, b"", adobe(0)])
def test_grey_stays_grey(before: bytes) -> None:
    channel = Channel(1, 1, 1, values(2, 3, 7))
    outcome = do(jpeg([channel], before))
    assert outcome.result["mode"] == "L"
    assert (pixels(outcome)[4::8, 4::8] == channel.values).all()


FOUR = [Channel(name, 1, 1, values(2, 3, name)) for name in (1, 2, 3, 4)]


def on_paper(inks: Values) -> Values:
    """Return the colours of cyan, magenta, yellow and black; 255 is none of it, as Adobe writes them."""
    return np.round(inks[..., :3] * inks[..., 3:] / 255).astype(int)


def test_cmyk_is_read_the_way_round_that_adobe_writes_it() -> None:
    outcome = do(jpeg(FOUR, adobe(0)))
    assert abs(pixels(outcome)[4::8, 4::8] - on_paper(spread(FOUR))).max() <= 2
    assert "CMYK was converted to RGB" in outcome.result["notes"]


def test_ycck_is_cmyk_in_other_channels() -> None:
    outcome = do(jpeg(FOUR, adobe(2)))
    found = spread(FOUR)
    # Adobe's inks are the other way round than the colours that the first three channels give.
    inks = np.concatenate([255 - rgb_of(found[..., :3]), found[..., 3:]], axis=-1)
    assert abs(pixels(outcome)[4::8, 4::8] - on_paper(inks)).max() <= 2
    assert "CMYK was converted to RGB" in outcome.result["notes"]


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 1}, {"optimize": True}])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_how_it_is_coded_changes_no_pixel(options: dict[str, Any], subsampling: int) -> None:
    image = Image.fromarray(np.random.default_rng(4).integers(0, 256, (19, 23, 3), dtype=np.uint8))
    plain, other = io.BytesIO(), io.BytesIO()
    image.save(plain, "JPEG", subsampling=subsampling)
    image.save(other, "JPEG", subsampling=subsampling, **options)
    assert plain.getvalue() != other.getvalue()
    assert do(other.getvalue()).data == do(plain.getvalue()).data


def test_lossless_jpeg_is_read() -> None:
    shades = np.random.default_rng(5).integers(0, 256, (9, 7))
    assert (pixels(do(lossless(shades))) == shades).all()


GREY = [Channel(1, 1, 1, values(1, 1, 1))]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (jpeg(GREY, frame=0xC1, precision=12), "has 12 bits a channel"),
        (jpeg(GREY, frame=0xC3, precision=16), "has 16 bits a channel"),
        *[(jpeg(GREY, frame=frame), "hierarchical") for frame in (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF)],
        (jpeg(GREY, frame=0xCB), "lossless with arithmetic coding"),
        (jpeg(GREY, frame=0xF7), "JPEG-LS"),
        (jpeg(FOUR[:2]), "has 2 channels"),
        (jpeg(GREY, size=(8, 0)), "height behind its pixels"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(data: bytes, words: str) -> None:
    with pytest.raises(BadJob, match=words) as refused:
        do(data)
    assert refused.value.code == "unsupported-mode"


def test_two_starts_are_refused_by_name() -> None:
    with pytest.raises(BadJob, match="two SOI"):
        do(b"\xff\xd8" + jpeg(GREY))


def photo(width: int = 40, height: int = 30, **options: Any) -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
def test_a_lost_end_mark_costs_no_pixels_and_is_said(progressive: bool) -> None:
    whole = photo(progressive=progressive)
    for cut in (1, 2):
        outcome = do(whole[:-cut])
        assert outcome.data == do(whole).data
        assert "no end mark (EOI)" in outcome.result["notes"][0]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("cut", [8, 20, 40, 300])
def test_lost_pixels_are_refused(cut: int, progressive: bool) -> None:
    with pytest.raises(BadJob, match="truncated") as refused:
        do(photo(progressive=progressive)[:-cut])
    assert refused.value.code == "broken-image"


@pytest.mark.parametrize("progressive", [False, True])
def test_whatever_is_cut_off_no_pixel_is_another(progressive: bool) -> None:
    """The last bytes of the coded data may be padding."""
    whole = photo(progressive=progressive)
    read = 0
    for cut in range(1, 60):
        try:
            found = do(whole[:-cut])
        except BadJob:
            continue
        assert found.data == do(whole).data
        read += 1
    assert 2 <= read <= 6


@pytest.mark.parametrize("operation", ["convert", "greyscale"])
@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("cut", [400, 900, 2_000])
def test_pixels_that_are_lost_in_front_of_an_end_mark_are_refused(
    cut: int, subsampling: int, operation: str
) -> None:
    with pytest.raises(BadJob, match="pixels end before the picture"):
        do(photo(80, 64, subsampling=subsampling)[:-cut] + b"\xff\xd9", operation)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr"])
def test_lost_pixels_are_found_whatever_the_channels_are(mode: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, len(Image.new(mode, (1, 1)).getbands())))
    out = io.BytesIO()
    Image.frombytes(mode, (64, 64), noise.astype(np.uint8).tobytes()).save(out, "JPEG", quality=90)
    whole = out.getvalue()
    assert do(whole).data
    with pytest.raises(BadJob, match="pixels end before the picture"):
        do(whole[: len(whole) // 2] + b"\xff\xd9")


@pytest.mark.parametrize("shade", range(110, 147, 4))
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}])
def test_a_picture_that_ends_in_grey_lacks_nothing(shade: int, options: dict[str, Any]) -> None:
    pixels = np.full((30, 40, 3), shade, dtype=np.uint8)
    pixels[:10] = np.random.default_rng(3).integers(0, 256, (10, 40, 3))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **options)
    assert do(out.getvalue()).result["notes"] == []


def parts_of(profile: bytes, count: int, claimed: int) -> bytes:
    size = -(-len(profile) // count)
    parts = [profile[place : place + size] for place in range(0, len(profile), size)]
    return b"".join(
        b"\xff\xe2" + struct.pack(">H", len(part) + 16) + b"ICC_PROFILE\0" + bytes([number, claimed]) + part
        for number, part in enumerate(parts, 1)
    )


@pytest.mark.parametrize("count", [1, 3])
def test_a_profile_goes_along_whole_or_it_is_said(count: int) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    outcome = do(jpeg(YCC, parts_of(profile, count, count)))
    with Image.open(io.BytesIO(outcome.data or b"")) as image:
        assert image.info["icc_profile"] == profile
    outcome = do(jpeg(YCC, parts_of(profile, count, count + 1)))
    assert outcome.result["notes"] == ["the colour profile was dropped: it cannot be read"]
