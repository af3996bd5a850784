"""EXIF's own directories in TIFF files: what a photo says of its exposure and its place."""

import io

import pytest
from PIL import ExifTags, Image

from tests.pictures import do, frames, noise, pixels, saved

WHEN = {int(ExifTags.Base.DateTimeOriginal): "2020:01:02 03:04:05", int(ExifTags.Base.FNumber): 2.8}
WHERE = {1: "N", 2: (51.0, 30.0, 0.5), 3: "E", 4: (7.0, 27.0, 1.25)}
BLOCKS = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)


def exif(*, blocks: tuple[int, ...]) -> bytes:
    """Return EXIF data with an artist and these directories."""
    made = Image.Exif()
    made[ExifTags.Base.Artist] = "A. Nonymous"
    for tag in blocks:
        made[tag] = WHEN if tag == ExifTags.IFD.Exif else WHERE
    return made.tobytes()


@pytest.mark.parametrize("blocks", [BLOCKS[:1], BLOCKS[1:], BLOCKS])
def test_a_photo_keeps_its_exposure_and_its_place_as_tiff(blocks: tuple[int, ...]) -> None:
    photo = saved(noise(20, 30, 3), "JPEG", exif=exif(blocks=blocks))

    made = do("convert", photo, "outputs/x.tif")

    with Image.open(io.BytesIO(made.data or b"")) as image:
        found = image.getexif()
        assert found[ExifTags.Base.Artist] == "A. Nonymous"
        assert image.tag_v2[259] == 5  # LZW, as ever
        for tag in BLOCKS:
            there = WHEN if tag == ExifTags.IFD.Exif else WHERE
            assert found.get_ifd(tag) == (there if tag in blocks else {})
    assert (pixels(made) == pixels(do("convert", photo, "outputs/x.png"))).all()


def test_the_pages_behind_the_first_stay_where_they_are() -> None:
    pages = [Image.fromarray(noise(8, 9, 3)), Image.fromarray(noise(5, 4))]
    film = saved(pages[0], "WEBP", exif=exif(blocks=(ExifTags.IFD.Exif,)), lossless=True, save_all=True,
                 append_images=[Image.fromarray(noise(8, 9, 3)[::-1].copy())])  # fmt: skip

    made = do("convert", film, "outputs/x.tif")

    assert [page.tolist() for page in frames(made.data or b"")] == [page.tolist() for page in frames(film)]
