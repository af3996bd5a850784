"""Which pictures of a TIFF file are used, and that no part of one is taken for the whole."""

import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tifffile
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.picture import Picture
from jobfleet_worker.operations.imaging.tiff import directory

from tests.unit.worker.operations.imaging.tiff.files import (
    BLACK_IS_ZERO,
    DEFLATE,
    MASK,
    RGB,
    WHITE_IS_ZERO,
    Layout,
    Page,
    assembled,
    page,
)

REDUCED, FULL, PAGE, MASK_PAGE = 1, 0, 2, 4
SUBFILE_TYPE, MAKE, DNG_VERSION, CFA = 254, 271, 50_706, 32_803


def read(data: bytes) -> Picture:
    return decode(data, 100_000)


def grey(width: int, height: int, shade: int, **below: Any) -> Page:
    """A page of one shade; `tags` and `below` are those of `Page`."""
    layout = Layout(BLACK_IS_ZERO, tags=below.get("tags", {}))
    made = page(np.full((height, width), shade, np.uint8), layout)
    return Page(made.tags, made.segments, below.get("below", ()))


def of_type(kind: int, width: int, height: int, shade: int, **more: Any) -> Page:
    return grey(width, height, shade, tags={SUBFILE_TYPE: kind, **more.pop("tags", {})}, **more)


def sizes(picture: Picture) -> list[tuple[int, int]]:
    return [frame.image.size for frame in picture.frames]


RAW_PICTURE = of_type(FULL, 64, 48, 3, tags={262: CFA})


@pytest.mark.parametrize(
    ("tags", "below", "name"),
    [
        ({MAKE: "NIKON CORPORATION"}, RAW_PICTURE, "Nikon NEF"),
        ({MAKE: "SONY"}, of_type(FULL, 64, 48, 3, tags={259: 32_767}), "Sony ARW"),
        ({MAKE: "Canon", DNG_VERSION: (1, [1, 4, 0, 0])}, RAW_PICTURE, "DNG"),
        (
            {MAKE: "Apple", DNG_VERSION: (1, [1, 4, 0, 0])},
            of_type(FULL, 64, 48, 3, tags={262: 34_892}),
            "DNG",
        ),
        ({MAKE: "Google", DNG_VERSION: (1, [1, 6, 0, 0])}, of_type(FULL, 64, 48, 3), "DNG"),
        ({MAKE: "Some maker"}, RAW_PICTURE, "TIFF/EP"),
        ({}, RAW_PICTURE, "TIFF/EP"),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_a_cameras_raw_file_is_refused_as_one_and_its_preview_never_used(
    tags: Mapping[int, Any], below: Page, name: str, order: str
) -> None:
    preview = of_type(REDUCED, 16, 12, 200, tags=tags, below=[of_type(REDUCED, 32, 24, 100), below])
    with pytest.raises(
        BadJob, match=rf"camera's raw file \({name}\).*develop it to JPEG or TIFF first"
    ) as caught:
        read(assembled([preview], order=order))
    assert caught.value.code == "not-an-image"


@pytest.mark.parametrize(
    ("pages", "name"),
    [
        ([grey(64, 48, 3, tags={262: CFA, MAKE: "PENTAX"})], "Pentax PEF"),
        ([grey(16, 12, 3), grey(64, 48, 3, tags={259: 65_535, 262: CFA})], "TIFF/EP"),
    ],
)
def test_a_sensors_pixels_are_raw_wherever_they_lie(pages: list[Page], name: str) -> None:
    with pytest.raises(BadJob, match=rf"camera's raw file \({name}\)"):
        read(assembled(pages))


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"IIU\0\x18\0\0\0", "Panasonic RW2"), (b"IIRO\x08\0\0\0", "Olympus ORF"),
        (b"IIRS\x08\0\0\0", "Olympus ORF"),
        (b"MMOR\0\0\0\x08", "Olympus ORF"), (b"II*\0\x10\0\0\0CR\2\0\0\0\0\0", "Canon CR2"),
        (b"II*\0\x10\0\0\0IIIIwaR\0", "Phase One IIQ"),
    ],
)  # fmt: skip
def test_raw_files_that_say_so_at_their_start_are_refused_as_such(start: bytes, name: str) -> None:
    with pytest.raises(BadJob, match=rf"camera's raw file \({name}\)"):
        read(start + bytes(200))


def test_what_a_raw_converter_wrote_is_a_picture_although_it_names_the_camera() -> None:
    data = assembled([of_type(FULL, 40, 30, 90, tags={MAKE: "NIKON", DNG_VERSION: (1, [1, 4, 0, 0])})])
    assert sizes(read(data)) == [(40, 30)]


def test_a_preview_of_a_picture_that_lies_below_it_is_not_taken_for_the_picture() -> None:
    for kind in (REDUCED, FULL):  # what it says of itself does not matter
        data = assembled([of_type(kind, 16, 12, 200, below=[of_type(FULL, 64, 48, 3)])])
        with pytest.raises(BadJob, match=r"first picture is a preview .*save the picture itself") as caught:
            read(data)
        assert caught.value.code == "unsupported-mode"


def test_smaller_copies_and_masks_are_left_out_and_the_sender_is_told() -> None:
    picture = of_type(FULL, 40, 30, 7, below=[of_type(REDUCED, 20, 15, 8)])
    copies = [of_type(REDUCED, 20, 15, 9), of_type(REDUCED | PAGE, 10, 8, 10), grey(5, 4, 2, tags={255: 2})]
    mask = of_type(MASK_PAGE, 40, 30, 1, tags={262: MASK})
    for order in ([picture, *copies, mask], [copies[0], picture, mask, *copies[1:]]):
        seen = read(assembled(order))
        assert sizes(seen) == [(40, 30)]
        assert seen.frames[0].image.getpixel((0, 0)) == 7
        assert "smaller copies of the picture that the file holds were left out: 3" in seen.notes
        assert "smaller copies of the picture that the file holds were left out: 1" in seen.notes
        assert "transparency masks that the file holds were left out: 1" in seen.notes


def test_the_thumbnail_that_exif_puts_behind_a_picture_is_left_out_and_the_sender_is_told() -> None:
    thumbnail = Page({259: 6, 513: 8, 514: 100})
    seen = read(assembled([grey(40, 30, 7), thumbnail]))
    assert sizes(seen) == [(40, 30)]
    assert seen.notes == ("smaller copies of the picture that the file holds were left out: 1",)


@pytest.mark.parametrize("kinds", [(REDUCED, REDUCED), (PAGE, PAGE), (REDUCED,), (FULL, REDUCED)])
def test_pages_that_only_say_that_they_are_copies_are_used(kinds: tuple[int, ...]) -> None:
    seen = read(assembled([of_type(kind, 20, 20, 50 + kind) for kind in kinds]))
    assert (sizes(seen), seen.notes) == ([(20, 20)] * len(kinds), ())


def test_pages_of_any_layout_and_size_are_all_used_in_their_order() -> None:
    dice = np.random.default_rng(2)
    drawn = [
        (Layout(RGB), dice.integers(0, 256, (4, 5, 3), np.uint8)),
        (Layout(WHITE_IS_ZERO), dice.integers(0, 2**16, (3, 7), np.uint16)),
        (Layout(BLACK_IS_ZERO, compression=DEFLATE), dice.integers(0, 256, (6, 2), np.uint8)),
        (Layout(RGB, planar=2), dice.integers(0, 256, (2, 2, 3), np.uint8)),
    ]
    for order, big in (("<", False), (">", False), ("<", True), (">", True)):
        pages = [page(samples, replace(layout, order=order)) for layout, samples in drawn]
        seen = read(assembled(pages, order=order, big=big))
        meant = [drawn[0][1], 65_535 - drawn[1][1], drawn[2][1], drawn[3][1]]
        for frame, expected in zip(seen.frames, meant, strict=True):
            assert np.array_equal(np.asarray(frame.image), expected), (order, big)


def test_a_page_that_cannot_be_read_is_named() -> None:
    odd = page(np.zeros((3, 3), np.float32), Layout(BLACK_IS_ZERO))
    with pytest.raises(BadJob, match=r"page 2 of 3: the input is a TIFF of 32-bit float grey samples"):
        read(assembled([grey(3, 3, 1), odd, grey(3, 3, 1)]))


@pytest.mark.parametrize("back_to", [0, 1])
def test_pages_in_a_circle_are_used_once_and_the_sender_is_told(back_to: int) -> None:
    data = bytearray(assembled([grey(4, 4, 1), grey(5, 5, 2)]))
    first = struct.unpack_from("<I", data, 4)[0]
    place = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
    second = struct.unpack_from("<I", data, place)[0]
    last = second + 2 + 12 * struct.unpack_from("<H", data, second)[0]
    struct.pack_into("<I", data, last, (first, second)[back_to])
    seen = read(bytes(data))
    assert sizes(seen) == [(4, 4), (5, 5)]
    assert any("lead back to one of them" in note for note in seen.notes)


def test_directories_below_that_lead_in_circles_or_nowhere_end() -> None:
    data = bytearray(assembled([grey(8, 8, 1, below=[grey(4, 4, 2, tags={330: (4, [0, 0])})])]))
    first = struct.unpack_from("<I", data, 4)[0]
    place = data.rindex(struct.pack("<HHI", 330, 4, 1), 0) + 8
    below = struct.unpack_from("<I", data, place)[0]
    circle = data.index(struct.pack("<HHI", 330, 4, 2), below) + 8
    struct.pack_into("<II", data, struct.unpack_from("<I", data, circle)[0], first, 2**32 - 2)
    seen = read(bytes(data))
    assert sizes(seen) == [(8, 8)]
    assert seen.notes == ("smaller copies of the picture that the file holds were left out: 1",)


def test_a_page_behind_the_end_of_the_file_is_damage() -> None:
    whole = assembled([grey(4, 4, 1), grey(30, 30, 2)])
    with pytest.raises(BadJob, match="it is cut off") as caught:
        read(whole[:-20])
    assert caught.value.code == "broken-image"


def test_more_pages_than_anyone_sends_are_refused_before_they_are_read() -> None:
    one = struct.pack("<HHHII", 1, 256, 3, 1, 1)
    size = len(one) + 4
    data = b"II*\0\x08\0\0\0" + b"".join(one + struct.pack("<I", 8 + size * (n + 1)) for n in range(10_001))
    with pytest.raises(BadJob, match="more than 10,000 pages") as caught:
        read(data + one + bytes(4))
    assert caught.value.code == "too-many-pixels"


@pytest.mark.parametrize(
    ("tags", "note"),
    [
        ({270: "ImageJ=1.53t\nimages=40\nslices=40\n"}, "only 1 of 40 images of a stack"),
        ({33_629: (4, [0] * 30)}, "only 1 of 30 images of a stack"),
        ({270: '{"shape": [5, 2, 4, 4], "truncated": true}'}, "only 1 of 10 images of a stack"),
        ({37_724: b"Adobe Photoshop Document Data Block\0"}, "Photoshop's layers were left out"),
    ],
)
def test_pictures_that_no_directory_names_are_missed_aloud(tags: Mapping[int, Any], note: str) -> None:
    seen = read(assembled([grey(4, 4, 1, tags=tags)]))
    assert any(note in said for said in seen.notes)
    assert b"ImageJ" not in seen.exif


def test_a_stack_that_tifffile_writes_without_pages_is_missed_aloud() -> None:
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((6, 4, 5), np.uint8), truncate=True, photometric="minisblack")
    assert any("only 1 of 6 images" in note for note in read(file.getvalue()).notes)
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((6, 4, 5), np.uint8), photometric="minisblack")
    assert not any("images of a stack" in note for note in read(file.getvalue()).notes)


def test_a_volume_is_refused_as_one() -> None:
    with pytest.raises(BadJob, match=r"a TIFF of a volume, 4 images deep, .* save its images as pages first"):
        read(assembled([grey(4, 4, 1, tags={32_997: 4})]))


def test_pages_that_name_the_same_bytes_again_and_again_are_refused_before_those_are_read() -> None:
    data = bytearray(b"II*\0").ljust(2**23 + 8, b"\0")
    many = [struct.pack("<HHHIIHHIIHHIII", 3, 256, 3, 1, 1, 257, 3, 1, 1, 700, 1, 2**23, 8, 0)] * 100
    size, start = len(many[0]), len(data)
    struct.pack_into("<I", data, 4, start)
    for number, one in enumerate(many[:-1]):
        data += one[:-4] + struct.pack("<I", start + size * (number + 1))
    with pytest.raises(BadJob, match=r"name 838,861,\d+ bytes beside their pixels") as caught:
        read(bytes(data) + many[-1])
    assert caught.value.code == "broken-image"


@pytest.mark.parametrize(("pages", "tags", "most"), [(1, 4_001, "4,000"), (130, 4_000, "500,000")])
def test_directories_of_too_many_tags_are_refused_before_all_are_read(
    pages: int, tags: int, most: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They overlap, so that a small file has many: each begins four bytes behind the last."""
    counts = (struct.pack("<HH", tags, 0) * pages).ljust(12 * tags + 2, b"\0")
    following = struct.pack(f"<{pages}I", *(8 + 4 * number for number in range(1, pages)), 0)
    data = b"II*\0" + struct.pack("<I", 8) + counts + following
    places: list[int] = []
    own = directory.read_directory

    def noted(form: Any, at: int) -> Any:
        places.append(at)
        return own(form, at)

    monkeypatch.setattr(directory, "read_directory", noted)
    with pytest.raises(BadJob, match=f"{most}") as caught:
        read(data)
    assert caught.value.code == "broken-image"
    assert places == [8 + 4 * number for number in range(min(pages, 125))]


def test_the_pixels_of_all_pages_are_counted_before_one_is_decoded() -> None:
    with pytest.raises(BadJob, match="has 200,000 pixels") as caught:
        read(assembled([grey(4, 4, 1, tags={256: 400, 257: 250}), grey(4, 4, 1, tags={256: 250, 257: 400})]))
    assert caught.value.code == "too-many-pixels"
