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
