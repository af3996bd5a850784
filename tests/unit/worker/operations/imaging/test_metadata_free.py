"""Convert and strip: formats, qualities, and files without what they say beside their pixels."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.image_formats import FORMATS, fitting_name
from jobfleet_worker.operations.imaging.bare.file import bare_file
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from tests.pictures import do, frames, noise, opened, pixels, read, saved, smooth

SECRET = b"52.5200 N 13.4050 E"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def told(orientation: int = 1) -> bytes:
    """EXIF data that say where, who and how."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = SECRET.decode()
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (52.0, 31.0, 12.0)}
    return exif.tobytes()


def talkative(kind: str, **more: Any) -> bytes:
    """An image's file with everything in it that its format has a place for."""
    options: dict[str, Any] = {"exif": told(), "icc_profile": PROFILE, "dpi": (300, 300), **more}
    if kind == "JPEG":
        options |= {"comment": SECRET, "xmp": b"<x>" + SECRET, "progressive": True, "quality": 80}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", SECRET.decode(), zip=True)
        text.add_text("Zipped", SECRET.decode(), zip=True)
        text.add(b"seCr", SECRET)
        options |= {"pnginfo": text}
    if kind == "WEBP":
        options |= {"xmp": b"<x>" + SECRET, "quality": 80}
    if kind == "GIF":
        options = {"comment": SECRET}
    if kind == "TIFF":
        options |= {"description": SECRET.decode()}
    return saved(Image.fromarray(smooth(60, 90)), kind, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_strip_takes_what_the_file_says_and_leaves_the_pixels_as_they_are(kind: str) -> None:
    data = talkative(kind)
    assert SECRET in data
    outcome = do("strip", data)
    assert outcome.data
    out = opened(outcome)
    assert (out.format, outcome.result["notes"]) == (kind, [])
    assert SECRET not in outcome.data
    assert not {"exif", "xmp", "comment", "Comment", "Zipped", "XML:com.adobe.xmp"} & set(out.info)
    assert set(out.getexif()) <= {*range(254, 285), 296, 338, 339, 34675}  # TIFF's own: how the pixels lie
    assert (read(outcome.data, "RGBA") == read(data, "RGBA")).all()
    if kind != "GIF":
        assert out.info["icc_profile"] == PROFILE
    if kind == "WEBP":
        assert outcome.data[12:16] == b"VP8X"
        assert outcome.data[20] & 0b1100 == 0, "the head tells of EXIF or XMP that are gone"
    if kind in ("JPEG", "PNG", "TIFF"):
        assert round(out.info["dpi"][0]) == 300


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_strip_turns_the_image_upright_before_it_forgets_how_to(kind: str) -> None:
    lossless = {"lossless": True} if kind == "WEBP" else {}
    outcome = do("strip", saved(smooth(60, 90), kind, exif=told(6), **lossless))
    assert opened(outcome).size == (60, 90)
    assert SECRET not in (outcome.data or b"")
    assert opened(outcome).getexif().get(ExifTags.Base.Orientation, 1) == 1
    off = abs(pixels(outcome).astype(int) - np.rot90(smooth(60, 90), -1))
    assert off.mean() < 4 if kind == "JPEG" else off.max() == 0


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_strip_of_an_animation_keeps_frames_times_and_loops(kind: str) -> None:
    shades = [Image.fromarray(np.roll(smooth(20, 30), n, 1)) for n in (0, 5, 9)]
    more: dict[str, Any] = {"comment": SECRET} if kind == "GIF" else {"exif": told()}
    data = saved(
        shades[0], kind, save_all=True, append_images=shades[1:], duration=[100, 200, 300], loop=4, **more
    )
    outcome = do("strip", data)
    assert outcome.data
    assert SECRET not in outcome.data
    before, after = frames(data), frames(outcome.data)
    assert len(before) == len(after) == outcome.result["frames"] == 3
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    assert opened(outcome).info["loop"] == 4
    with Image.open(io.BytesIO(outcome.data)) as image:
        image.seek(2)
        image.load()
        assert image.info["duration"] == 300


def test_strip_keeps_the_bits_that_reading_would_lose() -> None:
    """Sixteen bits a channel in colour, which Pillow neither writes nor reads."""
    before = noise(4, 5, 3, high=65536, dtype=np.uint16)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in before)
    head, body = (
        chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 4, 16, 2, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(rows)),
    )
    start, end = b"\x89PNG\r\n\x1a\n", chunk(b"IEND", b"")
    outcome = do("strip", start + head + chunk(b"tEXt", b"Comment\0" + SECRET) + body + end)
    assert outcome.data == start + head + body + end
    assert outcome.result["notes"] == []
    assert do("strip", outcome.data, "outputs/x.tif").result["notes"] == ["16 bits a channel were read as 8"]


def test_strip_drops_what_stands_behind_the_image_too() -> None:
    film = b"\0\0\0\x18ftypmp42" + SECRET
    outcome = do("strip", talkative("JPEG") + film)
    assert SECRET not in (outcome.data or b"")
    assert outcome.result["notes"] == ["the film behind the picture was dropped"]


def test_strip_to_another_format_is_written_anew() -> None:
    data = talkative("JPEG")
    outcome = do("strip", data, "outputs/x.png")
    assert opened(outcome).format == "PNG"
    assert SECRET not in (outcome.data or b"")
    assert (pixels(outcome) == read(data)).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_cut_short_or_muddled_is_never_walked_for_ever(kind: str) -> None:
    whole = talkative(kind)
    dice = np.random.default_rng(3)
    for _ in range(300):
        data = bytearray(whole[: dice.integers(8, len(whole) + 1)])
        for place in dice.integers(0, len(data), dice.integers(0, 6)):
            data[place] = dice.integers(0, 256)
        bare = bare_file(bytes(data), kind)
        assert bare is None or len(bare) <= len(data) + 8
        try:
            do("strip", bytes(data))
        except BadJob as problem:
            assert problem.message  # noqa: PT017


@pytest.mark.parametrize("kind", FORMATS)
def test_convert_writes_the_format_asked_for_whatever_the_name(kind: str) -> None:
    before = smooth(60, 90)
    outcome = do("convert", saved(before), "outputs/x.png", format=kind)
    assert opened(outcome).format == outcome.result["format"] == kind.upper()
    assert outcome.content_type == {"heic": "image/heic", "avif": "image/avif"}.get(
        kind, Image.MIME.get(kind.upper())
    )
    assert any("the name's ending asks for PNG" in note for note in outcome.result["notes"]) == (
        kind != "png"
    )
    off = abs(np.asarray(opened(outcome).convert("RGB")).astype(int) - before)
    assert off.max() == 0 if kind in ("png", "tiff", "bmp", "ppm") else off.mean() < 8


def test_convert_goes_by_the_name_where_no_format_is_asked_for() -> None:
    data = saved(smooth(60, 90))
    assert opened(do("convert", data, "outputs/x.webp")).format == "WEBP"
    assert opened(do("convert", data, "outputs/x")).format == "PNG"


@pytest.mark.parametrize("kind", ["jpeg", "webp", "heic", "avif"])
def test_a_lower_quality_makes_a_smaller_file(kind: str) -> None:
    data = saved(noise(60, 90, 3))
    sizes = [
        len(do("convert", data, format=kind, quality=quality).data or b"") for quality in (1, 40, 80, 95, 100)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 3
    assert len(do("convert", data, format=kind).data or b"") == sizes[3]


def test_a_quality_that_says_nothing_is_told() -> None:
    outcome = do("convert", saved(smooth(6, 9)), format="png", quality=50)
    assert outcome.result["notes"] == [
        "PNG is written without loss: the quality asked for says nothing there"
    ]


def test_convert_keeps_sixteen_bits_alpha_metadata_and_frames_where_the_format_can() -> None:
    deep = noise(20, 30, high=65536, dtype=np.uint16)
    assert (pixels(do("convert", saved(deep), format="tiff")) == deep).all()
    clear = noise(20, 30, 4)
    assert (pixels(do("convert", saved(clear), format="tiff")) == clear).all()
    assert (
        opened(do("convert", talkative("JPEG"), format="webp")).getexif()[ExifTags.Base.Artist]
        == SECRET.decode()
    )
    shades = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime")]
    film = saved(shades[0], "GIF", save_all=True, append_images=shades[1:], duration=50)
    assert do("convert", film, format="webp").result["frames"] == 2
    assert any("first of 2" in note for note in do("convert", film, format="jpeg").result["notes"])


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("kind", ["tiff", "jpeg", "png", "webp"])
def test_what_the_camera_wrote_goes_into_every_format_that_holds_it(kind: str, pages: int) -> None:
    """Into a TIFF too: Pillow's own way ends in an error of libtiff's for every photo with such blocks."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "A. Nonymous"
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.FNumber: 2.8, ExifTags.Base.ISOSpeedRatings: 400, ExifTags.Base.ExifVersion: b"0232",
        ExifTags.Base.DateTimeOriginal: "2024:05:01 10:00:00", ExifTags.Base.UserComment: b"ASCII\0\0\0hello",
    }  # fmt: skip
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (52.0, 31.0, 12.5), 3: "E", 4: (13.0, 24.0, 0.0)}
    photo = Image.fromarray(smooth(60, 90))
    more = [photo.resize((9, 9))] * (pages - 1)
    source = "TIFF" if pages > 1 else "JPEG"
    several = {"save_all": True, "append_images": more} if more else {}
    data = saved(photo, source, exif=exif.tobytes(), **several)
    before = Image.open(io.BytesIO(data)).getexif()
    outcome = do("convert", data, format=kind)
    after = opened(outcome).getexif()
    assert after[ExifTags.Base.Artist] == "A. Nonymous"
    for block in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        assert len(before.get_ifd(block)) >= 4
        assert dict(after.get_ifd(block)) == dict(before.get_ifd(block))
    if kind == "tiff":
        assert [frame.shape for frame in frames(outcome.data or b"")] == [(60, 90, 4)] + [(9, 9, 4)] * (
            pages - 1
        )
        assert (frames(outcome.data or b"")[0] == frames(data)[0]).all()


@pytest.mark.parametrize(
    ("name", "asked", "fitting"),
    [
        ("a.png", "jpeg", "a.jpg"), ("a.JPEG", "jpeg", "a.JPEG"),
        ("a.b", "png", "a.b.png"), ("a", "gif", "a.gif"),
        ("a.png", None, "a.png"),
        ("holiday.2024.tif", "webp", "holiday.2024.webp"), (".png", "gif", ".png.gif"),
    ],
)  # fmt: skip
def test_a_name_gets_the_ending_of_the_format_asked_for(name: str, asked: str | None, fitting: str) -> None:
    assert fitting_name(name, {"format": asked}) == fitting
