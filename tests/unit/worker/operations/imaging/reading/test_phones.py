"""Files laid out as phones of three makers write them, and what of them is used."""

import numpy as np
import pytest
from jobfleet_worker.operations.imaging.decode import decode
from PIL import ExifTags, Image, ImageCms

from tests.heif_files import (
    ALPHA,
    DEPTH_MAP,
    GAIN_MAP,
    Part,
    auxiliary,
    avif,
    box,
    exif_part,
    file_of,
    grid,
    heic,
    part_of,
    size,
)  # fmt: skip
from tests.pictures import Pixels, do, noise, opened, pixels, smooth

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TILE = 64


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = orientation, "Maker"
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ExifImageWidth: 100, ExifTags.Base.FNumber: 1.8}
    return exif.tobytes().removeprefix(b"Exif\0\0")


def iphone(before: Pixels) -> bytes:
    """Hidden tiles in a grid that is turned, with a profile, a thumbnail, a depth map and a gain map."""
    height, width = before.shape[:2]
    rows, columns = -(-height // TILE), -(-width // TILE)
    whole = np.zeros((rows * TILE, columns * TILE, 3), dtype=np.uint8)
    whole[:height, :width] = before
    tiles = [
        part_of(heic(Image.fromarray(whole[y : y + TILE, x : x + TILE])), hidden=True)
        for y in range(0, rows * TILE, TILE)
        for x in range(0, columns * TILE, TILE)
    ]
    shown = [size(width, height), box(b"irot", b"\3"), box(b"colr", b"prof", PROFILE)]
    small = part_of(heic(Image.fromarray(before).resize((16, 16))))
    beside = part_of(heic(Image.new("L", (32, 32), 7)))
    parts = [
        Part(b"grid", grid(columns, rows, width, height), shown),
        *tiles,
        small,
        Part(beside.kind, beside.content, [*beside.properties, auxiliary(DEPTH_MAP)]),
        Part(beside.kind, beside.content, [*beside.properties, auxiliary(GAIN_MAP)]),
        exif_part(exif_of(6)),
    ]
    first = len(tiles) + 2
    references = [
        (b"dimg", 1, range(2, first)), (b"thmb", first, [1]), (b"auxl", first + 1, [1]),
        (b"auxl", first + 2, [1]), (b"cdsc", first + 3, [1]),
    ]  # fmt: skip
    return file_of(parts, references)


def test_an_iphones_tiles_are_one_picture_upright_with_its_profile_and_exif() -> None:
    before = noise(100, 150, 3)
    data = iphone(before)
    picture = decode(data, 15_000)
    assert np.array_equal(np.asarray(picture.frames[0].image), np.rot90(before, -1))
    assert picture.icc_profile == PROFILE
    assert picture.notes == (
        "the gain map for HDR screens was dropped",
        "the depth map beside the picture was dropped",
    )
    outcome = do("convert", data, "outputs/x.jpg")
    exif = opened(outcome).getexif()
    assert exif.get(ExifTags.Base.Orientation) is None
    assert exif[ExifTags.Base.Make] == "Maker"
    # The size that it tells is that of the picture on its side.
    assert dict(exif.get_ifd(ExifTags.IFD.Exif)) == {ExifTags.Base.FNumber: 1.8}
    assert opened(outcome).info["icc_profile"] == PROFILE


def test_an_iphones_picture_loses_all_but_its_pixels_and_profile_without_being_coded_anew() -> None:
    before = noise(100, 150, 3)
    data = iphone(before)
    outcome = do("strip", data)
    bare = outcome.data or b""
    assert outcome.content_type == "image/heic"
    assert np.array_equal(pixels(outcome), np.rot90(before, -1))
    assert opened(outcome).info["icc_profile"] == PROFILE
    assert b"Maker" not in bare
    assert GAIN_MAP not in bare
    assert len(bare) < len(data)
    assert decode(bare, 15_000).notes == ()
    # Doing it again finds nothing to take.
    assert do("strip", bare).data == bare


def samsung(before: Pixels) -> bytes:
    """One picture that is turned, its thumbnail, and a film in a box behind it."""
    picture, small = (part_of(heic(Image.fromarray(one))) for one in (before, before[::4, ::4]))
    turned = Part(picture.kind, picture.content, [*picture.properties, box(b"irot", b"\1")])
    parts = [turned, small, exif_part(exif_of(8))]
    film = box(b"ftyp", b"mp42", bytes(4), b"mp42") + box(b"mdat", bytes(400))
    return file_of(parts, [(b"thmb", 2, [1]), (b"cdsc", 3, [1])]) + box(b"mpvd", film)


def test_a_samsungs_film_is_dropped_and_its_picture_turned_once() -> None:
    before = noise(40, 60, 3)
    picture = decode(samsung(before), 2_400)
    assert np.array_equal(np.asarray(picture.frames[0].image), np.rot90(before))
    assert picture.notes == ("the film behind the picture was dropped",)


def pixel(before: Pixels) -> bytes:
    """An AVIF with a gain map as ISO 21496-1 has it: an item made of the picture and the map."""
    parts = [
        part_of(avif(Image.fromarray(before))),
        part_of(avif(Image.new("L", (20, 15), 90)), hidden=True),
        Part(b"tmap", bytes(62), [size(60, 40)]),
        exif_part(exif_of(1)),
    ]
    return file_of(parts, [(b"dimg", 3, [1, 2]), (b"cdsc", 4, [1])], brand=b"avif")


def test_a_pixels_gain_map_is_dropped() -> None:
    before = noise(40, 60, 3)
    picture = decode(pixel(before), 2_400)
    assert abs(np.asarray(picture.frames[0].image).astype(int) - before).mean() <= 1
    assert picture.notes == ("the gain map for HDR screens was dropped",)
    assert b"Maker" in picture.exif
    bare = do("strip", pixel(before)).data or b""
    assert np.array_equal(
        np.asarray(decode(bare, 2_400).frames[0].image), np.asarray(picture.frames[0].image)
    )
    assert b"Maker" not in bare
    assert b"tmap" not in bare


@pytest.mark.parametrize("primary", [1, 2])
def test_of_several_pictures_the_primary_one_is_used(primary: int) -> None:
    shades = [Image.new("RGB", (30, 20), (shade, 0, 0)) for shade in (50, 200)]
    picture = decode(file_of([part_of(heic(one)) for one in shades], primary=primary), 600)
    assert np.asarray(picture.frames[0].image)[0, 0, 0] == (50, 200)[primary - 1]
    assert picture.notes == ("only the main picture of several was used",)


def test_a_film_that_begins_behind_a_picture_is_dropped() -> None:
    film = box(b"ftyp", b"isom", bytes(4)) + box(b"mdat", bytes(99))
    for write in (heic, avif):
        data = write(Image.fromarray(noise(20, 30, 3)))
        assert decode(data + film, 600).notes == ("the film behind the picture was dropped",)
        assert decode(data + bytes(999), 600).notes == ()


def test_a_heic_under_a_jpegs_name_is_read_and_written_as_the_name_asks() -> None:
    out = do("greyscale", heic(Image.fromarray(noise(20, 30, 3))), "outputs/photo.jpg")
    assert out.result["format"] == "JPEG"
    assert out.content_type == "image/jpeg"


def test_a_grid_whose_tiles_lie_in_the_wrong_order_is_put_together_as_it_says() -> None:
    tiles = [Image.new("RGB", (TILE, TILE), (40 * number, 0, 0)) for number in range(4)]
    parts = [Part(b"grid", grid(2, 2, 2 * TILE, 2 * TILE), [size(2 * TILE, 2 * TILE)])]
    parts += [part_of(heic(tile), hidden=True) for tile in tiles]
    found = np.asarray(decode(file_of(parts, [(b"dimg", 1, [5, 3, 4, 2])]), 20_000).frames[0].image)
    assert [int(found[y, x, 0]) for y in (0, 100) for x in (0, 100)] == [120, 40, 80, 0]


def test_the_transparency_of_tiles_is_read_and_stays_when_everything_else_goes() -> None:
    """Each tile has its alpha plane, and one of them is that of a thumbnail too."""
    before = smooth(TILE, 2 * TILE, 4)
    halves = [before[:, :TILE], before[:, TILE:]]
    colours = [part_of(avif(Image.fromarray(half[..., :3].copy())), hidden=True) for half in halves]
    alphas = [part_of(avif(Image.fromarray(half[..., 3].copy())), hidden=True) for half in halves]
    clear = [Part(one.kind, one.content, [*one.properties, auxiliary(ALPHA)], hidden=True) for one in alphas]
    whole = Part(b"grid", grid(2, 1, 2 * TILE, TILE), [size(2 * TILE, TILE)])
    references = [
        (b"dimg", 1, [2, 3]), (b"auxl", 4, [6, 2]), (b"auxl", 5, [3]), (b"thmb", 6, [1]), (b"cdsc", 7, [1]),
    ]  # fmt: skip
    parts = [whole, *colours, *clear, colours[0], exif_part(exif_of(1))]
    data = file_of(parts, references, brand=b"avif")
    seen = np.asarray(decode(data, 10_000).frames[0].image)
    assert seen.shape == before.shape
    assert abs(seen.astype(int) - before).mean() < 2
    bare = do("strip", data).data or b""
    assert len(bare) < len(data) - len(colours[0].content)
    assert np.array_equal(np.asarray(decode(bare, 10_000).frames[0].image), seen)
    assert do("strip", bare).data == bare
