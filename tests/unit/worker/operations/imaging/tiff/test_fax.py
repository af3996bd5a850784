"""Fax pictures are read as they are, and none that stops early is taken for the whole."""

import io
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.picture import Picture
from PIL import Image

from tests.unit.worker.operations.imaging.tiff.files import (
    BLACK_IS_ZERO,
    WHITE_IS_ZERO,
    Page,
    assembled,
)

HEIGHT, WIDTH = 64, 75
FAX = ["tiff_ccitt", "group3", "group4"]


def read(data: bytes) -> Picture:
    return decode(data, 100_000)


def saved(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "TIFF", **options)
    return file.getvalue()


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "zstd", "lzma", "packbits"])
@pytest.mark.parametrize("photometric", [WHITE_IS_ZERO, BLACK_IS_ZERO])
def test_what_fax_machines_and_libtiff_write_is_read(compression: str, photometric: int) -> None:
    bits = np.random.default_rng(3).integers(0, 2, (40, 37)).astype(bool)
    image = Image.fromarray(bits)
    # Pillow turns the bits around for white that is zero.
    data = saved(image, compression=compression, tiffinfo={262: photometric})
    assert Image.open(io.BytesIO(data)).tag_v2[262] == photometric  # type: ignore[attr-defined]
    assert np.array_equal(np.asarray(read(data).frames[0].image), bits)


def fax(compression: str, options: int = 0) -> tuple[Image.Image, dict[int, Any], bytes]:
    """A picture of lines, its tags, and its one strip."""
    image = Image.fromarray(np.random.default_rng(3).integers(0, 2, (HEIGHT, WIDTH)).astype(bool))
    data = saved(image, compression=compression, strip_size=2**16, tiffinfo={292: options} if options else {})
    tags = Image.open(io.BytesIO(data)).tag_v2  # type: ignore[attr-defined]
    kept = {tag: tags[tag] for tag in (256, 257, 259, 262, 277, 278, 292) if tag in tags}
    assert len(tags[273]) == 1
    return image, {**kept, 258: 1}, data[tags[273][0] :][: tags[279][0]]


@pytest.mark.parametrize("compression", FAX)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_fax_data_that_stops_early_is_damage(
    compression: str, part: float, filled: bool, backwards: bool
) -> None:
    for options in (0, 1) if compression == "group3" else (0,):
        _, tags, strip = fax(compression, options=options)
        cut = strip[: int(len(strip) * part)]
        if filled:  # as an interrupted transfer leaves it
            cut = cut.ljust(len(strip), b"\0")
        if backwards:
            tags[266], cut = 2, bits_turned(cut)
        with pytest.raises(BadJob) as caught:
            read(assembled([Page(tags, [cut])]))
        assert caught.value.code == "broken-image"


@pytest.mark.parametrize("compression", FAX)
@pytest.mark.parametrize("filled", [0, 1, 500])
@pytest.mark.parametrize("backwards", [False, True])
def test_whole_fax_data_is_read_whatever_fills_it_up(compression: str, filled: int, backwards: bool) -> None:
    for options, shade in ((0, None), (0, 0), (0, 1), *([(1, None)] if compression == "group3" else [])):
        image, tags, strip = fax(compression, options=options)
        if shade is not None:  # ends with lines of one shade, whose codes are of few bits
            image.paste(shade, (0, 30, WIDTH, HEIGHT))
            data = saved(image, compression=compression, strip_size=2**16)
            where = Image.open(io.BytesIO(data)).tag_v2  # type: ignore[attr-defined]
            strip = data[where[273][0] :][: where[279][0]]
        strip += bytes(filled)
        if backwards:
            tags[266], strip = 2, bits_turned(strip)
        for orientation in (1, 6):
            seen = read(assembled([Page({**tags, 274: orientation}, [strip])])).frames[0].image
            expected = image if orientation == 1 else image.transpose(Image.Transpose.ROTATE_270)
            assert seen.tobytes() == expected.tobytes(), (options, shade, orientation)


@pytest.mark.parametrize("compression", FAX)
@pytest.mark.parametrize("options", [0, 1, 4, 5])
def test_no_whole_fax_is_taken_for_one_that_stops(compression: str, options: int) -> None:
    # Narrow ones end in codes that look like the end of a line.
    dice = np.random.default_rng(8)
    for width in (1, 2, 3, 4, 7, 8, 19, 29, 45, 130):
        for share in (0, 0.01, 0.02, 0.5, 1):
            image = Image.fromarray(dice.random((17, width)) < share)
            told = {292: options} if options and compression == "group3" else {}
            data = saved(image, compression=compression, strip_size=8 * ((width + 7) // 8), tiffinfo=told)
            seen = read(data).frames[0].image
            assert seen.tobytes() == image.tobytes(), (width, share)


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_a_fax_of_fewer_lines_than_it_says_is_damage_although_it_says_that_it_ends(compression: str) -> None:
    # libtiff would show what memory held before.
    _, tags, strip = fax(compression)
    ended = strip if compression == "group4" else strip + b"\x00\x10\x01" * 3
    with pytest.raises(BadJob, match="fax data ends before its picture does"):
        read(assembled([Page({**tags, 257: HEIGHT + 1, 278: HEIGHT + 1}, [ended])]))


def bits_turned(data: bytes) -> bytes:
    return np.packbits(np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")).tobytes()
