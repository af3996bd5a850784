"""HEIC and AVIF are read right: colours, depths, transparency, turns and cuts."""

import io
import struct
import sys
from typing import Any

import numpy as np
import pillow_heif
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.picture import Picture
from PIL import ExifTags, Image, ImageCms

from tests.heif_files import ALPHA, LOSSLESS, Part, auxiliary, avif, box, file_of, full, heic, part_of, size
from tests.pictures import Pixels, noise, smooth

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SIDES = (21, 34)  # rows and columns, one odd


def read(data: bytes) -> tuple[Picture, Pixels]:
    picture = decode(data, 1_000_000)
    return picture, np.asarray(picture.frames[0].image)


def near(found: Pixels, expected: Pixels, mean: float) -> bool:
    return found.shape == expected.shape and bool(abs(found.astype(int) - expected).mean() <= mean)


@pytest.mark.parametrize(
    ("write", "mode"),
    [(heic, "L"), (heic, "LA"), (heic, "RGB"), (heic, "RGBA"), (avif, "L"), (avif, "RGB"), (avif, "RGBA")],
)
def test_pixels_are_those_that_were_written(write: Any, mode: str) -> None:
    channels = len(mode)
    before = noise(*SIDES, channels) if channels > 1 else noise(*SIDES)
    picture, found = read(write(Image.fromarray(before)))
    assert picture.frames[0].image.mode == mode
    assert (picture.format, picture.notes, picture.reading) == (write.__name__.upper(), (), ())
    assert np.array_equal(found, before) if write is heic or channels < 3 else near(found, before, 1)


@pytest.mark.parametrize("write", [heic, avif])
def test_grey_with_an_alpha_plane_stays_grey(write: Any) -> None:
    before = noise(*SIDES, 2)
    grey, alpha = (part_of(write(Image.fromarray(before[..., number]))) for number in (0, 1))
    alpha = Part(alpha.kind, alpha.content, [*alpha.properties, auxiliary(ALPHA)])
    brand = b"avif" if write is avif else b"heic"
    picture, found = read(file_of([grey, alpha], [(b"auxl", 2, [1])], brand=brand))
    assert picture.frames[0].image.mode == "LA"
    assert np.array_equal(found, before)


@pytest.mark.parametrize("colours", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("extent", ["full", "limited"])
@pytest.mark.parametrize("write", [heic, avif])
def test_colours_are_right_at_each_resolution_and_range(write: Any, extent: str, colours: str) -> None:
    before = smooth(*SIDES)
    ranges: dict[str, Any] = (
        {"range": extent} if write is avif else {"full_range_flag": int(extent == "full")}
    )
    _, found = read(write(Image.fromarray(before), quality=95, subsampling=colours, **ranges))
    assert near(found, before, 4)


@pytest.mark.parametrize("matrix", [0, 1, 5, 6, 9])
def test_colours_are_right_by_each_matrix(matrix: int) -> None:
    before = smooth(*SIDES)
    _, found = read(heic(Image.fromarray(before), quality=95, chroma=444, matrix_coefficients=matrix))
    assert near(found, before, 2)


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("mode", ["RGB;16", "RGBA;16", "LA;16"])
def test_more_bits_are_read_as_8_and_the_sender_is_told(
    mode: str, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    channels = mode.index(";")
    before = noise(*SIDES, channels)
    out = io.BytesIO()
    wide = (before.astype("<u2") * 257).tobytes()
    pillow_heif.from_bytes(mode, (SIDES[1], SIDES[0]), wide).save(
        out, quality=-1, chroma=444, matrix_coefficients=0
    )
    picture, found = read(out.getvalue())
    assert picture.reading == (f"{bits} bits a channel were read as 8",)
    assert near(found.reshape(before.shape), before, 1)


@pytest.mark.parametrize("bits", [10, 12])
def test_grey_of_more_bits_keeps_them(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    before = noise(*SIDES, high=65_536, dtype=np.uint16)
    before[0, :2] = 0, 65_535
    out = io.BytesIO()
    pillow_heif.from_bytes("L;16", (SIDES[1], SIDES[0]), before.tobytes()).save(out, quality=-1)
    picture, found = read(out.getvalue())
    assert (picture.frames[0].image.mode, picture.reading) == ("I;16", ())
    assert found[0, :2].tolist() == [0, 65_535]
    assert abs(found.astype(int) - before).max() <= 2 ** (16 - bits)


def test_premultiplied_colours_become_straight() -> None:
    alpha = np.full(SIDES, 128, dtype=np.uint8)
    colours = np.dstack([np.full(SIDES, value, dtype=np.uint8) for value in (100, 50, 0)] + [alpha])
    file = pillow_heif.from_bytes("RGBa", (SIDES[1], SIDES[0]), colours.tobytes())
    out = io.BytesIO()
    file.save(out, **LOSSLESS)
    _, found = read(out.getvalue())
    assert abs(found[3, 3].astype(int) - [199, 100, 0, 128]).max() <= 1


def turned(data: bytes, *properties: bytes) -> bytes:
    """A file whose picture has further properties."""
    part = part_of(data)
    return file_of([Part(part.kind, part.content, [*part.properties, *properties])], brand=data[8:12])


TURNS = {
    0: lambda a: a,
    1: lambda a: np.rot90(a, 1),
    2: lambda a: np.rot90(a, 2),
    3: lambda a: np.rot90(a, 3),
}


@pytest.mark.parametrize("write", [heic, avif])
@pytest.mark.parametrize("angle", TURNS)
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_picture_is_turned_and_mirrored_once_whatever_its_exif_says(
    write: Any, angle: int, axis: int | None, orientation: int
) -> None:
    before = np.zeros((32, 64), dtype=np.uint8)
    before[:16, :24], before[:16, 40:] = 250, 120
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = orientation, "A. Nonymous"
    part = part_of(write(Image.fromarray(before)))
    steps = [box(b"irot", bytes([angle])), *([] if axis is None else [box(b"imir", bytes([axis]))])]
    data = file_of(
        [
            Part(part.kind, part.content, [*part.properties, *steps]),
            Part(b"Exif", bytes(4) + exif.tobytes().removeprefix(b"Exif\0\0")),
        ],
        [(b"cdsc", 2, [1])],
        brand=b"avif" if write is avif else b"heic",
    )
    picture, found = read(data)
    # ISO/IEC 23008-12: irot turns anticlockwise, imir swaps top and bottom by 0, left and right by 1.
    expected = TURNS[angle](before)
    if axis is not None:
        expected = np.flipud(expected) if axis == 0 else np.fliplr(expected)
    assert near(found, expected, 1)
    kept = Image.Exif()
    kept.load(picture.exif)
    assert dict(kept) == {ExifTags.Base.Artist: "A. Nonymous"}
    assert (picture.notes, picture.as_stored) == ((), True)


@pytest.mark.parametrize("write", [heic, avif])
def test_what_the_file_cuts_off_is_not_seen(write: Any) -> None:
    before = noise(32, 64)
    # 20 x 10 pixels, the centre of which lies 4 to the right and 3 above that of the picture.
    cut = struct.pack(">IIIIiIiI", 20, 1, 10, 1, 4, 1, -3, 1)
    _, found = read(turned(write(Image.fromarray(before)), box(b"clap", cut), box(b"irot", b"\1")))
    assert np.array_equal(found, np.rot90(before[8:18, 26:46]))


@pytest.mark.parametrize("write", [heic, avif])
def test_a_profile_stays(write: Any) -> None:
    image = Image.fromarray(smooth(*SIDES))
    image.info["icc_profile"] = SRGB
    picture, _ = read(write(image))
    assert picture.icc_profile == SRGB


@pytest.mark.parametrize("write", [heic, avif])
def test_colours_told_by_numbers_get_a_profile_that_says_the_same(write: Any) -> None:
    part = part_of(write(Image.fromarray(smooth(*SIDES))))
    rest = [one for one in part.properties if one[4:8] != b"colr"]
    # H.273: the primaries of Display P3, sRGB's curve; the matrix stays.
    matrix = 0 if write is heic else 6
    colours = box(b"colr", b"nclx", struct.pack(">HHHB", 12, 13, matrix, 0x80))
    brand = b"avif" if write is avif else b"heic"
    picture, _ = read(file_of([Part(part.kind, part.content, [*rest, colours])], brand=brand))
    assert picture.icc_profile is not None
    assert b"D\0i\0s\0p\0l\0a\0y\0 \0P\x003" in picture.icc_profile


def test_an_hdr_picture_is_read_and_the_sender_is_told() -> None:
    part = part_of(heic(Image.fromarray(smooth(*SIDES))))
    rest = [one for one in part.properties if one[4:8] != b"colr"]
    colours = box(b"colr", b"nclx", struct.pack(">HHHB", 9, 16, 0, 0x80))
    picture, _ = read(file_of([Part(part.kind, part.content, [*rest, colours])]))
    assert picture.reading == ("the picture is for HDR screens: elsewhere its colours look pale",)
    assert picture.icc_profile is None


@pytest.mark.parametrize("write", [heic, avif])
@pytest.mark.parametrize("damaged", [b"XX*\0\0\0\0\x08", b"", b"MM\0*\xff\xff\xff\xff"])
def test_damaged_exif_costs_only_the_exif(write: Any, damaged: bytes) -> None:
    part = part_of(write(Image.fromarray(noise(*SIDES))))
    brand = b"avif" if write is avif else b"heic"
    data = file_of([part, Part(b"Exif", bytes(4) + damaged)], [(b"cdsc", 2, [1])], brand=brand)
    picture, _ = read(data)
    assert picture.frames[0].image.size == (SIDES[1], SIDES[0])
    assert picture.exif == b""


def test_an_animation_has_its_frames_and_times() -> None:
    frames = [Image.new("L", (20, 10), shade) for shade in (10, 120, 240)]
    out = io.BytesIO()
    frames[0].save(
        out, "AVIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], quality=100
    )
    picture = decode(out.getvalue(), 600)
    assert [frame.duration for frame in picture.frames] == [100, 200, 300]
    assert [frame.image.getpixel((5, 5)) for frame in picture.frames] == [10, 120, 240]
    assert picture.notes == ()
    # Whatever the still picture beside it tells.
    small = out.getvalue().replace(size(20, 10), size(2, 1))
    for data in (out.getvalue(), small):
        with pytest.raises(BadJob, match="600 pixels"):
            decode(data, 599)


@pytest.mark.parametrize("write", [heic, avif])
def test_of_a_still_picture_beside_a_sequence_the_sender_is_told(write: Any) -> None:
    picture, _ = read(write(Image.fromarray(noise(*SIDES))) + box(b"moov", full(b"mvhd", bytes(96))))
    assert picture.notes == ("only the still picture was used: the file holds a sequence, too",)


@pytest.mark.parametrize("write", [heic, avif])
def test_a_file_is_read_by_what_it_is_whatever_its_brand(write: Any) -> None:
    part = part_of(write(Image.fromarray(noise(*SIDES))))
    for brand in (b"mif1", b"miaf", b"MiHE", b"heix", b"MA1B"):
        assert read(file_of([part], brand=brand))[0].format == write.__name__.upper()


def test_the_brand_is_found_behind_a_length_of_64_bits() -> None:
    part = part_of(avif(Image.fromarray(noise(*SIDES))))
    plain = file_of([part], brand=b"MA1B")
    # As long as it was: it has no further brands, and the bytes of the picture stay in their place.
    long = struct.pack(">I4sQ4s4x", 1, b"ftyp", 24, b"MA1B") + plain[24:]
    assert np.array_equal(read(long)[1], read(plain)[1])


def test_a_missing_size_is_no_way_around_the_limit() -> None:
    part = part_of(heic(Image.fromarray(noise(*SIDES))))
    rest = [one for one in part.properties if one[4:8] != b"ispe"]
    with pytest.raises(BadJob):
        decode(file_of([Part(part.kind, part.content, [*rest, size(0, 0)])]), 10)


def test_a_decoder_that_is_not_there_is_the_workers_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in, as the library is installed wherever tests run: Python refuses to import what is None."""
    data = heic(Image.fromarray(noise(*SIDES)))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImportError, match="pillow_heif"):
        decode(data, 10_000)


def test_a_heic_that_is_coded_larger_than_it_tells_is_not_decoded() -> None:
    part = part_of(heic(Image.new("RGB", (1_200, 1_200)), quality=1))
    rest = [one for one in part.properties if one[4:8] not in (b"ispe", b"clap")]
    with pytest.raises(BadJob, match="exceeds the maximum image size"):
        decode(file_of([Part(part.kind, part.content, [*rest, size(64, 64)])]), 10_000)


def test_a_damaged_name_in_a_decoder_s_words_is_shown_in_print() -> None:
    data = heic(Image.fromarray(noise(*SIDES, 4)))
    with pytest.raises(BadJob, match=r"'au\\x04C'") as refused:
        decode(data.replace(b"auxC", b"au\x04C"), 1_000_000)
    assert refused.value.message.isprintable()
