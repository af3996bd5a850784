"""EXIF data: what of them decides over a picture, and what of them goes along."""

from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from tests.pictures import do, noise, opened, saved


@pytest.mark.parametrize("artist", [None, "A. Nonymous"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_what_only_xmp_says_of_the_orientation_turns_nothing(kind: str, artist: str | None) -> None:
    """Browsers do not read it, and whoever sent the picture saw it so. TIFF has a test of its own."""
    told = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    exif = Image.Exif()
    if artist:
        exif[ExifTags.Base.Artist] = artist
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", told.decode())
    more: dict[str, Any] = {"pnginfo": text} if kind == "PNG" else {"xmp": told}
    data = saved(noise(20, 30, 3), kind, **more, **({"exif": exif.tobytes()} if artist else {}))
    assert told in data
    for operation in ("convert", "strip"):
        outcome = do(operation, data, "outputs/x.png")
        assert opened(outcome).size == (30, 20)
        assert not any("turned" in note for note in outcome.result["notes"])


def of_camera(index: str) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.FNumber: 2.8, ExifTags.Base.ColorSpace: 0xFFFF,
        ExifTags.IFD.Interop: {1: index, 2: b"0100", 4096: "Mark of a file's format"},
    }  # fmt: skip
    return exif.tobytes()


@pytest.mark.parametrize("change", [{"operation": "convert"}, {"operation": "resize", "width": 10}])
@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "avif", "heic"])
def test_a_cameras_word_on_its_colours_goes_along_alone(kind: str, change: dict[str, Any]) -> None:
    """ColorSpace only says that they are not sRGB's."""
    data = saved(noise(20, 300, 3), "JPEG", exif=of_camera("R03"))
    outcome = do(data=data, output=f"outputs/x.{kind}", **change)
    assert b"Mark" not in (outcome.data or b"")
    exif = opened(outcome).getexif()
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] == 0xFFFF
    assert dict(exif.get_ifd(ExifTags.IFD.Interop)) == {1: "R03"}


@pytest.mark.parametrize("index", ["THM", "a word of anyone's"])
def test_what_else_stands_in_that_place_does_not(index: str) -> None:
    data = saved(noise(20, 30, 3), "JPEG", exif=of_camera(index))
    exif = opened(do("convert", data, "outputs/x.jpg")).getexif()
    assert ExifTags.IFD.Interop not in exif.get_ifd(ExifTags.IFD.Exif)
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FNumber] == pytest.approx(2.8)


@pytest.mark.parametrize("place", [0, 8, 26, 0xFFFFFFF0])
def test_a_damaged_place_of_it_costs_nothing_else(place: int) -> None:
    right = of_camera("R03")
    at = right.index(b"\xa0\x05\0\4") + 8
    data = saved(noise(20, 30, 3), "JPEG", exif=right[:at] + place.to_bytes(4) + right[at + 4 :])
    outcome = do("convert", data, "outputs/x.jpg")
    found = opened(outcome).getexif().get_ifd(ExifTags.IFD.Exif)
    assert found[ExifTags.Base.FNumber] == pytest.approx(2.8)
    assert ExifTags.IFD.Interop not in found
    assert outcome.result["notes"] == []


@pytest.mark.parametrize("dpi", [{}, {"dpi": (72, 72)}])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_exif_data_that_are_none_are_dropped_with_a_word(kind: str, dpi: dict[str, Any]) -> None:
    """Of a JPEG without a resolution, Pillow has tried them by then, and goes on as if there were none."""
    data = saved(noise(20, 30, 3), kind, exif=b"Exif\0\0" + b"no TIFF at all", **dpi)
    notes = do("convert", data, "outputs/x.jpg").result["notes"]
    assert notes == ["the EXIF data could not be read and was dropped"]
