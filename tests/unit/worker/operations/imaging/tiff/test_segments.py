"""Strips and tiles: those that are missing, too many, too short, or named in another way."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.picture import Picture

from tests.unit.worker.operations.imaging.tiff.files import (
    BLACK_IS_ZERO,
    DEFLATE,
    LZMA,
    LZW,
    WHITE_IS_ZERO,
    Layout,
    Page,
    assembled,
    page,
    tiff,
)


def read(data: bytes) -> Picture:
    return decode(data, 100_000)


def strips(**tags: Any) -> bytes:
    """A picture of four strips, with some tags made otherwise."""
    named = {int(name[1:]): value for name, value in tags.items()}
    return tiff(np.full((8, 6), 9, np.uint8), Layout(BLACK_IS_ZERO, rows=2, tags=named))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (strips(t273=(4, [8, 20]), t279=(4, [12, 12])), "has 2 of the 4 strips that its picture needs"),
        (
            strips(t273=(4, [8, 20, 32, 10**6])),
            "number 4 of its 4 strips ends at byte 1,000,012: it is cut off",
        ),
        (
            strips(t279=(4, [12, 12, 5, 12])),
            "has 5 bytes in part 3 of 4 of its picture; the pixels there need 12",
        ),
        (strips(t279=(4, [12, 12])), "says of 2 of 4 parts how long they are"),
        (
            tiff(
                np.zeros((8, 6), np.uint8), Layout(BLACK_IS_ZERO, compression=DEFLATE, tags={257: 9, 278: 9})
            ),
            "the picture in the TIFF file .a TIFF of 8-bit grey samples. is damaged",
        ),
        (
            tiff(np.zeros((8, 6), np.uint16), Layout(WHITE_IS_ZERO, compression=LZW, tags={257: 9, 278: 9})),
            "the picture in the TIFF file .a TIFF of 16-bit grey samples. is damaged",
        ),
        (
            tiff(np.zeros((8, 6), np.uint16), Layout(WHITE_IS_ZERO, compression=LZMA, tags={257: 9, 278: 9})),
            "LZMA data holds 96 of 108 bytes",
        ),
        (strips(t257=0), "its picture is 6 x 0 pixels"),
        (strips(t273=None), "has 0 of the 4"),
        (
            tiff(np.zeros((8, 6), np.uint8), Layout(BLACK_IS_ZERO, compression=DEFLATE, tags={279: None})),
            "says of 0 of 1",
        ),
        (
            tiff(np.zeros((8, 6), np.uint8), Layout(BLACK_IS_ZERO, tile=(16, 16), tags={323: 0})),
            "its tiles are 16 x 0",
        ),
        (
            tiff(np.zeros((1, 1), np.uint8), Layout(BLACK_IS_ZERO, tags={322: 65_535, 323: 65_535})),
            "its tiles are 65,535 x 65,535 pixels, its picture 1 x 1",
        ),
        (strips(t273=(5, [8, 1] * 4)), "has 0 of the 4"),
        (b"II*\0\x08\0\0\0", "it is cut off"),
        (b"II*\0\0\0\0\0" + bytes(20), "holds no picture"),
    ],
)
def test_a_picture_that_is_not_all_there_is_damage_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(BadJob, match=words) as caught:
        read(data)
    assert caught.value.code == "broken-image"


@pytest.mark.parametrize("tags", [{"t279": None}, {"t279": (4, [0] * 4)}, {"t279": (4, [40] * 4)}])
def test_an_uncompressed_picture_needs_no_word_on_how_long_its_strips_are(tags: Mapping[str, Any]) -> None:
    seen = read(strips(**tags))
    assert (seen.frames[0].image.getextrema(), seen.notes) == ((9, 9), ())


def test_strips_that_the_picture_does_not_need_are_left_out_and_the_sender_is_told() -> None:
    seen = read(strips(t273=(4, [8, 20, 32, 44, 60]), t279=(4, [12] * 5)))
    assert seen.frames[0].image.getextrema() == (9, 9)
    assert "the TIFF file has 5 strips, and its picture needs 4: the rest were left out" in seen.reading


def test_tiles_that_are_named_as_strips_are_tiles() -> None:
    samples = np.random.default_rng(4).integers(0, 256, (20, 30), np.uint8)
    layout = Layout(BLACK_IS_ZERO, tile=(16, 16))
    tiled = page(samples, layout)
    places = [8 + 256 * number for number in range(4)]
    named = {324: None, 325: None, 273: (4, places), 279: (4, [256] * 4)}
    seen = read(assembled([Page({**tiled.tags, **named}, tiled.segments)]))
    assert np.array_equal(np.asarray(seen.frames[0].image), samples)


@pytest.mark.parametrize("rows", [0, (9, [2**32 - 1]), 2**32 - 1, 1_000, None])
def test_rows_of_strips_that_are_none_or_more_than_there_are_mean_all(rows: Any) -> None:
    data = tiff(np.full((8, 6), 9, np.uint8), Layout(BLACK_IS_ZERO, tags={278: rows}))
    assert read(data).frames[0].image.getextrema() == (9, 9)


def test_tiles_that_the_file_leaves_out_are_black_and_the_sender_is_told() -> None:
    samples = np.full((16, 32), 200, np.uint8)
    layout = Layout(BLACK_IS_ZERO, tile=(16, 16), tags={324: (4, [8, 0]), 325: (4, [256, 0])})
    seen = read(tiff(samples, layout))
    image = seen.frames[0].image
    assert (image.crop((0, 0, 16, 16)).getextrema(), image.crop((16, 0, 32, 16)).getextrema()) == (
        (200, 200),
        (0, 0),
    )
    assert "parts of the picture that the TIFF file leaves out are black" in seen.reading
