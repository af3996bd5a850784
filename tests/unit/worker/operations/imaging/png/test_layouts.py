"""Every layout of PNG, pixel by pixel, against pypng's reading of the same file."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import png as pypng
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run

from tests.png_files import (
    LAYOUTS,
    SIGNATURE,
    Samples,
    chunk,
    header,
    names_of,
    png,
    random_samples,
)  # fmt: skip

LIMITS = Limits(max_pixels=1_000_000, max_numbers=1)
SIZES = [(1, 1), (7, 5), (9, 8), (33, 3)]
PALETTE = np.random.default_rng(9).integers(0, 256, (256, 3), dtype=np.uint8)


def do(data: bytes, operation: str = "convert", output: str = "outputs/x.png", **parameters: Any) -> Outcome:
    declared = OPERATIONS[operation]
    return run(declared, declared.check(parameters), data, output, LIMITS)


def read(data: bytes) -> tuple[Samples, int]:
    """Return red, green, blue and alpha as pypng reads them, and their depth."""
    width, height, rows, info = pypng.Reader(bytes=data).asRGBA()
    pixels = np.array([list(row) for row in rows], dtype=np.uint16).reshape(height, width, 4)
    return pixels, info["bitdepth"]


def in_eight_bits(data: bytes) -> Samples:
    pixels, depth = read(data)
    return pixels >> 8 if depth == 16 else pixels * 255 // ((1 << depth) - 1)


def with_what_it_needs(colour: int, depth: int, *more: bytes) -> list[bytes]:
    palette = [chunk(b"PLTE", PALETTE[: 1 << depth].tobytes())] if colour == 3 else []
    return [*palette, *more]


@pytest.mark.parametrize("interlace", [False, True], ids=["in rows", "interlaced"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("colour", "depth"), LAYOUTS)
def test_every_layout_is_read_as_another_decoder_reads_it(
    colour: int, depth: int, size: tuple[int, int], interlace: bool
) -> None:
    data = png(
        random_samples(*size, depth, colour), depth, colour, with_what_it_needs(colour, depth),
        interlace=interlace,
    )  # fmt: skip
    outcome = do(data)
    assert outcome.data
    if (colour, depth) == (0, 16):
        assert (read(outcome.data)[0] == read(data)[0]).all()
    else:
        assert (in_eight_bits(outcome.data) == in_eight_bits(data)).all()
    reduced = depth == 16 and colour != 0
    assert outcome.result["notes"] == (["16 bits a channel were read as 8"] if reduced else [])


@pytest.mark.parametrize("interlace", [False, True], ids=["in rows", "interlaced"])
@pytest.mark.parametrize("matching", [True, False], ids=["of pixels", "of no pixel"])
@pytest.mark.parametrize(("colour", "depth"), [layout for layout in LAYOUTS if layout[0] in (0, 2)])
def test_a_clear_colour_is_compared_with_samples_as_they_stand_in_the_file(
    colour: int, depth: int, matching: bool, interlace: bool
) -> None:
    samples = random_samples(7, 5, depth, colour)
    samples[2, 3] = (1 << depth) * 2 // 3  # no shade that is 0 in every depth
    clear = samples[2, 3].copy()
    samples[4, 1] = clear
    # Near ones, that are the same once they are reduced to eight bits.
    samples[0, 0] = samples[0, 1] = clear ^ 1
    if not matching:
        samples[(samples == clear).all(axis=-1)] = clear ^ 1
    shades = struct.pack(f">{len(clear)}H", *clear.tolist())
    data = png(samples, depth, colour, [chunk(b"tRNS", shades)], interlace=interlace)
    outcome = do(data)
    assert outcome.data
    found = in_eight_bits(outcome.data)
    assert (found == in_eight_bits(data)).all()
    assert ((found[..., 3] == 0) == (samples == clear).all(axis=-1)).all()
    assert (found[..., 3] == 0).any() == matching


@pytest.mark.parametrize("places", [1, 3, 4, 9])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_may_have_fewer_transparent_places_than_colours(depth: int, places: int) -> None:
    count = min(places, 1 << depth)
    alphas = np.random.default_rng(places).integers(0, 256, count, dtype=np.uint8)
    data = png(
        random_samples(7, 5, depth, 3), depth, 3,
        with_what_it_needs(3, depth, chunk(b"tRNS", alphas.tobytes())),
    )  # fmt: skip
    outcome = do(data)
    assert outcome.data
    assert (read(outcome.data)[0] == read(data)[0]).all()
    assert outcome.result["notes"] == []


@pytest.mark.parametrize("count", [5, 300])
def test_alpha_of_places_that_the_palette_lacks_says_nothing(count: int) -> None:
    samples = random_samples(7, 5, 8, 3) % 3
    before = [chunk(b"PLTE", PALETTE[:3].tobytes()), chunk(b"tRNS", bytes([9, 8, 7, *[6] * (count - 3)]))]
    outcome = do(png(samples, 8, 3, before))
    assert outcome.data
    expected = np.concatenate([PALETTE[samples[..., 0]], np.array([9, 8, 7])[samples]], axis=-1)
    assert (read(outcome.data)[0] == expected).all()


def test_pixels_that_point_past_the_palette_are_black_and_it_is_said() -> None:
    samples = random_samples(7, 5, 4, 3) % 5
    outcome = do(png(samples, 4, 3, [chunk(b"PLTE", PALETTE[:3].tobytes())]))
    assert outcome.data
    assert "past the end of the palette" in outcome.result["notes"][0]
    colours = np.concatenate([PALETTE[:3], np.zeros((2, 3), dtype=np.uint8)])
    assert (read(outcome.data)[0][..., :3] == colours[samples[..., 0]]).all()


def test_bits_above_the_depth_of_a_clear_colour_count_for_nothing() -> None:
    samples = random_samples(7, 5, 8, 2)
    shades = struct.pack(">3H", *(0xAB00 | int(value) for value in samples[1, 1]))
    outcome = do(png(samples, 8, 2, [chunk(b"tRNS", shades)]))
    assert outcome.data
    assert read(outcome.data)[0][1, 1, 3] == 0


@pytest.mark.parametrize("colour", [4, 6])
def test_a_clear_colour_beside_an_alpha_channel_says_nothing(colour: int) -> None:
    data = png(random_samples(7, 5, 8, colour), 8, colour, [chunk(b"tRNS", bytes(6))])
    plain = png(random_samples(7, 5, 8, colour), 8, colour)
    assert do(data).data == do(plain).data


def test_transparency_behind_the_pixels_or_a_second_time_says_nothing() -> None:
    samples = random_samples(7, 5, 8, 2)
    shades = [chunk(b"tRNS", struct.pack(">3H", *map(int, samples[row, 0]))) for row in (1, 2)]
    data = png(samples, 8, 2)
    assert do(data[:-12] + shades[0] + data[-12:]).data == do(data).data
    assert do(png(samples, 8, 2, shades)).data == do(png(samples, 8, 2, shades[:1])).data


GREY_16 = random_samples(7, 5, 16, 0)
GREY_16_CLEAR = png(GREY_16, 16, 0, [chunk(b"tRNS", struct.pack(">H", int(GREY_16[2, 2, 0])))])
ON_IMAGES = {name for name, it in OPERATIONS.items() if it.takes == "image" and not it.part}
PARAMETERS: dict[str, dict[str, Any]] = {
    "resize": {"width": 4}, "rotate": {"degrees": 30}, "pipeline": {"steps": [{"operation": "edges"}]},
}  # fmt: skip


@pytest.mark.parametrize("operation", sorted(ON_IMAGES))
def test_sixteen_bit_grey_with_a_clear_shade_goes_through_every_operation(operation: str) -> None:
    outcome = do(GREY_16_CLEAR, operation, **PARAMETERS.get(operation, {}))
    if operation == "strip":  # its pixels are those that came
        assert outcome.data
        assert (read(outcome.data)[0] == read(GREY_16_CLEAR)[0]).all()
        return
    assert "16 bits a channel were read as 8, as some of the image is transparent" in outcome.result["notes"]
    if operation in ("convert", "greyscale", "threshold"):
        assert outcome.data
        assert (read(outcome.data)[0][..., 3] == (in_eight_bits(GREY_16_CLEAR)[..., 3])).all()
    if operation == "histogram":
        assert outcome.result["channels"]["alpha"]["counts"][0] == 1


TEXT = b"w\0\0" + zlib.compress(b"x" * 1_500_000)
INTERNATIONAL = b"w\0\1\0\0\0" + zlib.compress(b"x" * 1_500_000)
BOMB = b"w\0\0" + zlib.compress(bytes(30_000_000), 9)
# Texts in which Pillow looks for the orientation; the worker does in the second.
XMP = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"x" * 1_500_000)
RAW_PROFILE = b"Raw profile type exif\0\0" + zlib.compress(b"x" * 1_500_000)
UNHEARD = [
    pytest.param([chunk(b"zTXt", TEXT)], id="a long text"),
    pytest.param([chunk(b"zTXt", BOMB)], id="a bomb"),
    pytest.param([chunk(b"iTXt", INTERNATIONAL)], id="a long international text"),
    pytest.param([chunk(b"iTXt", XMP)], id="long XMP"),
    pytest.param([chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0x")], id="XMP"),
    pytest.param([chunk(b"zTXt", RAW_PROFILE)], id="long EXIF in a text"),
    pytest.param([chunk(b"zTXt", b"w\0\7rest")], id="unknown compression"),
    pytest.param([chunk(b"zTXt", b"Raw profile type exif\0\7rest")], id="EXIF in unknown compression"),
    pytest.param([chunk(b"tEXt", f"Key {n}\0text".encode()) for n in range(500)], id="500 texts"),
    pytest.param([chunk(b"tEXt", b"x" * 3_000_000)], id="a text without a keyword"),
    pytest.param([chunk(b"prVt", bytes(2_000_000)), chunk(b"zzZz")], id="private chunks"),
    pytest.param([chunk(b"hIST", b"1"), chunk(b"sPLT", b"")], id="chunks of palettes"),
]


@pytest.mark.parametrize("before", UNHEARD)
@pytest.mark.parametrize("behind", [False, True], ids=["before the pixels", "behind them"])
def test_what_is_no_picture_is_passed_over(before: list[bytes], behind: bool) -> None:
    data = png(random_samples(7, 5, 8, 2), 8, 2, [] if behind else before)
    if behind:
        data = data[:-12] + b"".join(before) + data[-12:]
    outcome = do(data)
    assert outcome.data
    assert (read(outcome.data)[0] == read(data)[0]).all()
    assert outcome.result["notes"] == []


def spoiled(whole: bytes) -> bytes:
    return whole[:-1] + bytes([whole[-1] ^ 1])


@pytest.mark.parametrize(
    ("bad", "note"),
    [
        (spoiled(chunk(b"tEXt", b"Title\0x")), "the chunk tEXt was dropped: its checksum is wrong"),
        (spoiled(chunk(b"tRNS", bytes(6))), "the transparency was dropped: its checksum is wrong"),
        (spoiled(chunk(b"eXIf", b"II*\0")), "the EXIF data was dropped: its checksum is wrong"),
        (chunk(b"eXIf", b"nonsense"), "the EXIF data could not be read and was dropped"),
        (chunk(b"tRNS", bytes(3)), "the transparency was dropped: it cannot be read"),
        (chunk(b"gAMA", bytes(3)), "the chunk gAMA was dropped: it cannot be read"),
        (chunk(b"cHRM", bytes(3)), "the chunk cHRM was dropped: it cannot be read"),
        (chunk(b"pHYs", bytes(3)), "the chunk pHYs was dropped: it cannot be read"),
        (chunk(b"sBIT", bytes(3)), "the chunk sBIT was dropped: it cannot be read"),
        (chunk(b"bKGD", bytes(3)), "the chunk bKGD was dropped: it cannot be read"),
        (chunk(b"iCCP", b"p\0\0junk"), "the colour profile was dropped: it cannot be read"),
        (chunk(b"iCCP", b"p"), "the colour profile was dropped: it cannot be read"),
        (
            chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(5_000_000))),
            "the colour profile was dropped: it cannot be read, or is longer than 4,194,304 bytes",
        ),
    ],
)
def test_what_is_damaged_beside_the_picture_is_dropped_and_said(bad: bytes, note: str) -> None:
    samples = random_samples(7, 5, 8, 2)
    outcome = do(png(samples, 8, 2, [bad]))
    assert outcome.data
    assert (read(outcome.data)[0][..., :3] == samples).all()
    assert [said[: len(note)] for said in outcome.result["notes"]] == [note]
    stripped = do(png(samples, 8, 2, [bad]), "strip").data
    assert stripped
    assert (read(stripped)[0][..., :3] == samples).all()
    assert bad[4:8] not in names_of(stripped)


def test_a_profile_of_more_than_a_mebibyte_goes_along() -> None:
    profile = bytearray(1_500_000)
    profile[16:20] = b"RGB "
    outcome = do(png(random_samples(2, 2, 8, 2), 8, 2, [chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))]))
    kept = dict(pypng.Reader(bytes=outcome.data).chunks())[b"iCCP"]
    assert zlib.decompress(kept.split(b"\0", 2)[2]) == profile


SAMPLES = random_samples(7, 5, 8, 2)
WHOLE = png(SAMPLES, 8, 2)
FIRST_PIXELS = WHOLE.index(b"IDAT")
HALF = chunk(b"IDAT", zlib.compress(bytes(66))) + chunk(b"IEND")
SPOILED = WHOLE[: FIRST_PIXELS + 10] + b"!" + WHOLE[FIRST_PIXELS + 11 :]
OF_PALETTE = random_samples(7, 5, 4, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (WHOLE[: FIRST_PIXELS + 20], "ends at byte 57, in the middle of its pixels"),
        (WHOLE[: FIRST_PIXELS - 4], "ends at byte 33, before its pixels"),
        (WHOLE[:33] + WHOLE[-12:], "no pixels"),
        (SPOILED, "checksum of its chunk IDAT at byte 33"),
        (SIGNATURE + header(7, 5, 8, 2) + HALF, "fewer pixels than its header"),
        (SIGNATURE + header(7, 5, 8, 2, 1) + HALF, "truncated"),
        (png(OF_PALETTE, 4, 3), r"its palette \(PLTE\) has 0 bytes"),
        (png(OF_PALETTE, 4, 3, [chunk(b"PLTE", bytes(4))]), r"its palette \(PLTE\) has 4 bytes"),
        (SIGNATURE + header(0, 5, 8, 2) + WHOLE[33:], "0 x 5 pixels"),
        (SIGNATURE + header(7, 5, 4, 2) + WHOLE[33:], "colour type 2 with 4 bits"),
        (SIGNATURE + header(7, 5, 8, 5) + WHOLE[33:], "colour type 5"),
        (SIGNATURE + header(7, 5, 8, 2, 2) + WHOLE[33:], "interlace 2"),
        (SIGNATURE + chunk(b"IHDR", b"short") + WHOLE[33:], "5 bytes in place of 13"),
        (SIGNATURE + WHOLE[33:], "begins with the chunk IDAT"),
        (SIGNATURE, "ends at byte 8, before its pixels"),
        (WHOLE.replace(b"\r\n", b"\n", 1), "transferred as text"),
        (WHOLE[:33] + b"\0\0\0\0\1\2\3\4" + WHOLE[33:], "in the place of a chunk's name"),
    ],
)  # fmt: skip
def test_a_damaged_picture_is_refused_by_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(BadJob, match=words) as refused:
        do(data)
    assert refused.value.code == "broken-image"


def test_a_picture_whose_end_alone_is_missing_is_read() -> None:
    assert do(WHOLE[:-12]).data == do(WHOLE).data


def test_pixels_in_parts_with_other_chunks_between_them_are_one_picture() -> None:
    second = WHOLE.index(b"IDAT", FIRST_PIXELS + 4) - 4
    for between in (chunk(b"tEXt", b"a\0b"), chunk(b"IDAT")):
        assert do(WHOLE[:second] + between + WHOLE[second:]).data == do(WHOLE).data


def test_black_rows_are_no_missing_ones() -> None:
    samples = SAMPLES.copy()
    samples[3:] = 0
    outcome = do(png(samples, 8, 2))
    assert outcome.data
    assert (read(outcome.data)[0][..., :3] == samples).all()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SIGNATURE + chunk(b"CgBI", bytes(4)) + WHOLE[8:], "iPhone programs .*pngcrush"),
        (WHOLE[:33] + chunk(b"NEWx", bytes(4)) + WHOLE[33:], "needs its chunk NEWx"),
    ],
)
def test_what_no_viewer_but_the_writers_own_can_show_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(BadJob, match=words) as refused:
        do(data)
    assert refused.value.code == "unsupported-mode"


def test_the_writer_of_these_tests_writes_what_it_is_given() -> None:
    """Or the decoders could agree on something else."""
    for colour, depth in LAYOUTS:
        for interlace in (False, True):
            samples = random_samples(9, 8, depth, colour)
            data = png(samples, depth, colour, with_what_it_needs(colour, depth), interlace=interlace)
            _, _, rows, _ = pypng.Reader(file=io.BytesIO(data)).read()
            assert (np.array([list(row) for row in rows]).reshape(samples.shape) == samples).all()
