"""Samples in every layout come out as the values they are, or the layout is refused by its name."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.picture import Picture

from tests.unit.worker.operations.imaging.tiff.files import (
    BLACK_IS_ZERO,
    CMYK,
    DEFLATE,
    LZMA,
    LZW,
    NONE,
    OLD_DEFLATE,
    PACKBITS,
    RGB,
    WHITE_IS_ZERO,
    Array,
    Layout,
    tiff,
)
from tests.unit.worker.operations.imaging.tiff.meanings import ASSOCIATED, UNASSOCIATED, colours_of, meant

HEIGHT, WIDTH = 11, 21  # odd, so that rows end within a byte, and strips and tiles within the picture
PHOTOMETRICS = (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK)
EXTRAS: tuple[tuple[int, ...], ...] = ((), (0,), (ASSOCIATED,), (UNASSOCIATED,))
# How bytes reach the samples. Each is paired with every meaning of samples below.
WAYS = (
    Layout(0),
    Layout(0, order=">", rows=4, compression=LZW, predictor=2),
    Layout(0, planar=2, rows=3),
    Layout(0, order=">", planar=2, tile=(16, 16), compression=DEFLATE, predictor=2),
    Layout(0, big=True, tile=(16, 16), compression=PACKBITS, fill_order=2),
)
# Those that depend on no meaning: each with two kinds of samples.
MORE_WAYS = tuple(
    replace(way, compression=compression, predictor=predictor, fill_order=fill_order)
    for way, (compression, predictor), fill_order in itertools.product(
        (Layout(0, rows=5), Layout(0, order=">", big=True, rows=1)),
        ((NONE, 1), (LZW, 1), (LZW, 2), (DEFLATE, 1), (OLD_DEFLATE, 2), (PACKBITS, 1), (LZMA, 1), (LZMA, 2)),
        (1, 2),
    )
)  # fmt: skip


def read(data: bytes) -> Picture:
    return decode(data, 100_000)


def dice(layout: Layout, channels: int) -> Array:
    bits = layout.bits or 8
    drawn = np.random.default_rng(5).integers(0, 2**bits, (HEIGHT, WIDTH, channels), dtype=np.uint64)
    kind = next(f"u{size}" for size in (1, 2, 4, 8) if bits <= 8 * size)
    return drawn.astype(kind)


def ways(photometric: int) -> Iterator[Layout]:
    for extras, bits, way in itertools.product(EXTRAS, (1, 2, 4, 8, 12, 16), WAYS):
        predictor = way.predictor if bits in (8, 16) else 1
        yield replace(way, photometric=photometric, extras=extras, bits=bits, predictor=predictor)


def assert_read_as_meant(samples: Array, layout: Layout) -> None:
    image = read(tiff(samples, layout)).frames[0].image
    expected = meant(samples, layout)
    got = np.asarray(image).astype(np.int64).reshape(expected.shape)
    if image.mode == "1":
        got = got * 255
    off = abs(got - expected)
    if layout.extras == (ASSOCIATED,):  # what is not seen has no colour
        off = off * (expected[..., -1:] > 0)
    assert off.max() <= 1, (layout, image.mode, off.max())


@pytest.mark.parametrize("photometric", PHOTOMETRICS)
def test_samples_of_every_depth_with_any_transparency_are_read_as_they_are_meant(photometric: int) -> None:
    for layout in ways(photometric):
        channels = colours_of(photometric) + len(layout.extras)
        assert_read_as_meant(dice(layout, channels), layout)


@pytest.mark.parametrize(("photometric", "bits"), [(RGB, 8), (WHITE_IS_ZERO, 16)])
def test_every_compression_predictor_byte_order_and_bit_order_leads_to_the_same(
    photometric: int, bits: int
) -> None:
    for way in MORE_WAYS:
        layout = replace(way, photometric=photometric, bits=bits)
        assert_read_as_meant(dice(layout, colours_of(photometric)), layout)


@pytest.mark.parametrize("bits", [3, 5, 7, 9, 10, 14, 15])
def test_depths_that_few_write_are_scaled_to_those_that_all_read(bits: int) -> None:
    for photometric, order in itertools.product((WHITE_IS_ZERO, RGB), "<>"):
        layout = Layout(photometric, bits=bits, order=order)
        assert_read_as_meant(dice(layout, colours_of(photometric)), layout)


@pytest.mark.parametrize("photometric", PHOTOMETRICS)
def test_a_second_reader_finds_the_same_samples_in_these_files(photometric: int) -> None:
    # Of packed bits it reads only those of one bit, and LZW not at all.
    for layout in ways(photometric):
        if layout.bits not in (1, 8, 16) or layout.compression == LZW:
            continue
        channels = colours_of(photometric) + len(layout.extras)
        samples = dice(layout, channels)
        seen = tifffile.imread(io.BytesIO(tiff(samples, layout)))
        if layout.planar == 2 and channels > 1:
            seen = np.moveaxis(seen, 0, 2)
        assert np.array_equal(seen.reshape(samples.shape), samples), layout


@pytest.mark.parametrize("order", "<>")
def test_files_that_tifffile_writes_are_read_as_it_reads_them(order: str) -> None:
    for channels, photometric in ((1, "minisblack"), (1, "miniswhite"), (3, "rgb"), (4, "rgb")):
        for kind in ("u1", "u2"):
            samples = (
                np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH, channels)).astype(kind).squeeze()
            )
            for options in ({}, {"compression": "zlib", "predictor": True}, {"tile": (16, 16)}):
                file = io.BytesIO()
                tifffile.imwrite(file, samples, photometric=photometric, byteorder=order, **options)
                image = read(file.getvalue()).frames[0].image
                seen = tifffile.imread(io.BytesIO(file.getvalue())).astype(np.int64)
                if photometric == "miniswhite":
                    seen = np.iinfo(kind).max - seen
                if kind == "u2" and channels > 1:
                    seen = seen >> 8
                assert np.array_equal(np.asarray(image), seen), (photometric, kind, options)


def test_the_sender_hears_of_every_depth_that_was_changed_and_of_every_channel_left_out() -> None:
    told = [
        (Layout(RGB, bits=16), "16 bits a channel were read as 8"),
        (Layout(BLACK_IS_ZERO, bits=16, extras=(2,)), "16 bits a channel were read as 8"),
        (Layout(BLACK_IS_ZERO, bits=12), "12 bits a channel were scaled to 16"),
        (Layout(RGB, bits=8, extras=(0,)), "channels beside the colours were left out: 1"),
        (Layout(RGB, bits=8, extras=(2, 0, 0)), "channels beside the colours were left out: 2"),
        (Layout(CMYK, bits=8), "CMYK was converted to RGB"),
    ]
    for layout, note in told:
        channels = colours_of(layout.photometric) + len(layout.extras)
        assert list(read(tiff(dice(layout, channels), layout)).reading) == [note]
    for layout in (
        Layout(WHITE_IS_ZERO, bits=16),
        Layout(RGB, bits=8, extras=(1,)),
        Layout(BLACK_IS_ZERO, bits=2),
    ):
        channels = colours_of(layout.photometric) + len(layout.extras)
        assert read(tiff(dice(layout, channels), layout)).reading == ()


def test_a_fourth_channel_without_a_name_is_transparency_and_the_sender_is_told() -> None:
    samples = dice(Layout(RGB), 4)
    picture = read(tiff(samples, Layout(RGB)))
    assert np.array_equal(np.asarray(picture.frames[0].image), samples)
    assert "read as transparency" in picture.reading[0]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "u4", "i8", "u8"])
def test_whole_numbers_of_other_kinds_are_read_as_they_are_if_they_fit_and_refused_if_not(
    kind: str, order: str
) -> None:
    most = 127 if kind == "i1" else 32_767 if kind == "i2" else 65_535
    samples = np.random.default_rng(1).integers(0, most + 1, (HEIGHT, WIDTH)).astype(kind)
    layout = Layout(BLACK_IS_ZERO, order=order, rows=4)
    picture = read(tiff(samples, layout))
    assert np.array_equal(np.asarray(picture.frames[0].image), samples)
    assert f"the values of {8 * samples.itemsize}-bit samples were used as they are" in picture.reading[0]
    samples[5, 5] = -1 if kind[0] == "i" else 65_536
    name = f"{8 * samples.itemsize}-bit {'signed ' if kind[0] == 'i' else ''}grey samples, some of which are "
    with pytest.raises(BadJob, match=name + ("negative" if kind[0] == "i" else "above 65,535")) as caught:
        read(tiff(samples, layout))
    assert caught.value.code == "unsupported-mode"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("f2", "16-bit float"), ("f4", "32-bit float"), ("f8", "64-bit float"), ("c8", "64-bit complex float")],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_samples_that_have_no_white_are_refused_by_their_name(kind: str, name: str, channels: int) -> None:
    samples = np.zeros((4, 4, channels), kind)
    what = {1: "grey", 3: "RGB"}[channels]
    photometric = {1: BLACK_IS_ZERO, 3: RGB}[channels]
    for order in "<>":
        # numpy knows no bytes of a half complex number the other way round that would differ here
        data = tiff(samples, Layout(photometric, order=order))
        with pytest.raises(BadJob, match=f"a TIFF of {name} {what} samples, .* scale its values") as caught:
            read(data)
        assert caught.value.code == "unsupported-mode"


@pytest.mark.parametrize(
    ("layout", "channels", "words"),
    [
        (Layout(BLACK_IS_ZERO), 3, "grey samples with 3 channels and no word on their colours"),
        (Layout(RGB), 2, "RGB samples with 2 channels"),
        (Layout(BLACK_IS_ZERO), 40, "grey samples with 40 channels"),
        (Layout(RGB, bits=32), 3, "32-bit RGB samples"),
        (Layout(RGB, tags={258: [5, 6, 5]}), 3, "whose channels differ .BITS: 5, 6, 5"),
        (Layout(RGB, tags={339: [1, 2, 1]}), 3, "whose channels differ .SAMPLE_FORMAT: 1, 2, 1"),
        (Layout(CMYK, tags={332: 2}), 4, "separate inks"),
        (Layout(32_844), 1, "LogL "),
        (Layout(32_845), 3, "LogLuv "),
        (Layout(10), 3, "ITULab "),
        (Layout(77), 1, "unknown colour space"),
        (Layout(6, planar=2, tags={530: [1, 1]}), 3, "YCbCr samples"),
        (Layout(BLACK_IS_ZERO, tags={259: 6}), 1, "old-style JPEG compression"),
        (Layout(BLACK_IS_ZERO, tags={259: 34_712}), 1, "JPEG 2000 compression"),
        (Layout(BLACK_IS_ZERO, tags={259: 50_001}), 1, "WebP compression"),
        (Layout(BLACK_IS_ZERO, tags={259: 34_887}), 1, "LERC compression"),
        (Layout(BLACK_IS_ZERO, tags={259: 12_345}), 1, "an unknown compression .12345"),
        (Layout(BLACK_IS_ZERO, tags={259: 8, 317: 3}), 1, "predictor 3"),
    ],
)
def test_other_layouts_are_refused_by_their_name_with_the_way_out(
    layout: Layout, channels: int, words: str
) -> None:
    with pytest.raises(BadJob, match=f"the input is a TIFF .*{words}.* first") as caught:
        read(tiff(np.zeros((4, 4, channels), np.uint32 if layout.bits == 32 else np.uint8), layout))
    assert caught.value.code == "unsupported-mode"
