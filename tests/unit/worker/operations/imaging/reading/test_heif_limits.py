"""HEIC and AVIF that claim or hold too much are refused before anything is decoded."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.heif.av1_size import coded_size
from jobfleet_worker.operations.imaging.heif.read_header import read_header
from jobfleet_worker.operations.imaging.reading import heif
from PIL import Image

from tests.heif_files import (
    ALPHA,
    GAIN_MAP,
    Part,
    auxiliary,
    avif,
    box,
    exif_part,
    file_of,
    full,
    grid,
    heic,
    part_of,
    size,
)  # fmt: skip
from tests.pictures import noise

SMALL = Image.fromarray(noise(64, 64, 3))
LIMIT = 10_000


@pytest.fixture(autouse=True)
def nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a decoder is asked: what these tests send must not come that far."""

    def decoded(*_: object) -> None:
        raise AssertionError("it was handed to a decoder")

    monkeypatch.setattr(heif, "_heic", decoded)
    monkeypatch.setattr(heif, "_avif", decoded)


def sized(part: Part, width: int, height: int, *more: bytes) -> Part:
    """The same picture under another size."""
    rest = [one for one in part.properties if one[4:8] not in (b"ispe", b"clap")]
    return Part(part.kind, part.content, [*rest, size(width, height), *more])


def claims(write: Callable[[Image.Image], bytes]) -> bytes:
    brand = b"avif" if write is avif else b"heic"
    return file_of([sized(part_of(write(SMALL)), 60_000, 60_000)], brand=brand)


def tile_again_and_again() -> bytes:
    tile = part_of(heic(SMALL))
    parts = [Part(b"grid", grid(256, 256, 64, 64), [size(64, 64)]), tile]
    return file_of(parts, [(b"dimg", 1, [2] * 60_000)])


def grids_of_grids() -> bytes:
    layers = [Part(b"grid", grid(8, 8, 64, 64), [size(64, 64)]) for _ in range(4)]
    references = [(b"dimg", number, [number + 1] * 64) for number in range(1, 5)]
    return file_of([*layers, part_of(heic(SMALL))], references)


def large_alpha() -> bytes:
    alpha = part_of(heic(Image.new("L", (64, 64))))
    parts = [part_of(heic(SMALL)), sized(alpha, 60_000, 60_000, auxiliary(ALPHA))]
    return file_of(parts, [(b"auxl", 2, [1])])


def large_alpha_of_a_tile() -> bytes:
    alpha = part_of(heic(Image.new("L", (64, 64))))
    tiles = [Part(b"grid", grid(1, 1, 64, 64), [size(64, 64)]), part_of(heic(SMALL))]
    parts = [*tiles, sized(alpha, 60_000, 60_000, auxiliary(ALPHA))]
    return file_of(parts, [(b"dimg", 1, [2]), (b"auxl", 3, [2])])


def coded_larger_than_told() -> bytes:
    part = part_of(avif(Image.new("RGB", (1_000, 1_000)), quality=1))
    return file_of([sized(part, 64, 64)], brand=b"avif")


@pytest.mark.parametrize(
    ("data", "pixels"),
    [
        (claims(heic), "3,600,000,000"), (claims(avif), "3,600,000,000"),
        (tile_again_and_again(), "245,760,000"), (grids_of_grids(), "68,719,476,736"),
        (large_alpha(), "3,600,000,000"), (large_alpha_of_a_tile(), "3,600,000,000"),
        (coded_larger_than_told(), "1,000,000"),
    ],
    ids=["heic", "avif", "tiles", "grids", "alpha", "alpha of a tile", "coded"],
)  # fmt: skip
def test_too_many_pixels_are_counted_wherever_they_hide(data: bytes, pixels: str) -> None:
    with pytest.raises(
        BadJob, match=rf"has {pixels} pixels; .* at most 10,000 \(worker_max_pixels\)"
    ) as caught:
        decode(data, LIMIT)
    assert caught.value.code == "too-many-pixels"


def made_of_itself() -> bytes:
    return file_of([Part(b"grid", grid(1, 1, 64, 64), [size(64, 64)])], [(b"dimg", 1, [1])])


def without_a_part() -> bytes:
    return file_of([Part(b"grid", grid(1, 1, 64, 64), [size(64, 64)])], [(b"dimg", 1, [9])])


def without_its_data() -> bytes:
    part = part_of(heic(SMALL))
    return file_of([part])[: -8 - len(part.content)]


def without_a_kind() -> bytes:
    entry = full(b"infe", b"\0\1", version=2)
    return box(b"ftyp", b"heic") + full(b"meta", full(b"iinf", b"\0\1", entry))


def many_items() -> bytes:
    return file_of([part_of(heic(SMALL)), *(Part(b"mime", b"") for _ in range(4_100))])


def long_description() -> bytes:
    return file_of([sized(part_of(heic(SMALL)), 64, 64, box(b"free", bytes(5_000_000)))])


def places(sizes: int, *of_items: bytes) -> bytes:
    """Return a file whose items lie as told, by numbers of these `sizes`."""
    items = range(1, len(of_items) + 1)
    kinds = [full(b"infe", struct.pack(">HH4s", item, 0, b"hvc1") + b"\0", version=2) for item in items]
    told = b"".join(struct.pack(">HH", item, 0) + one for item, one in zip(items, of_items, strict=True))
    return box(b"ftyp", b"heic") + full(
        b"meta",
        full(b"pitm", b"\0\1"),
        full(b"iloc", struct.pack(">HH", sizes, len(of_items)), told),
        full(b"iinf", struct.pack(">H", len(of_items)), *kinds),
    )


def places_that_cost_nothing() -> bytes:
    return places(0, *[struct.pack(">H", 4_000)] * 3)


def the_same_bytes_again_and_again() -> bytes:
    return places(0x0400, struct.pack(">H40I", 40, *[50] * 40))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (without_a_part(), "part 9 of the picture is missing"),
        (many_items(), "it has 4,101 parts, and at most 4,000"),
        (long_description(), "its description is longer"),
        (heic(SMALL)[:-10], "the file ends before its part 'mdat'"),
        (heic(SMALL)[:200], "the file ends before its part 'meta'"),
        (avif(SMALL)[:-10], "the file ends before its part 'mdat'"),
        (without_its_data(), "ends before its picture does"),
        (box(b"ftyp", b"heic") + b"\0\0\0\3meta", "the file ends before its part 'meta'"),
        (without_a_kind(), "ends in the midst"),
        (places_that_cost_nothing(), "lie in more than 8,000 places"),
        (the_same_bytes_again_and_again(), "part 1 should have 2,000 bytes, but the whole file has"),
    ],
    ids=[
        "missing", "items", "long", "cut", "short", "cut-avif", "no-data", "length", "entry", "places",
        "again",
    ],
)  # fmt: skip
def test_damaged_descriptions_are_bad_jobs_that_say_why(data: bytes, why: str) -> None:
    with pytest.raises(BadJob, match=why) as caught:
        decode(data, LIMIT)
    assert caught.value.code == "broken-image"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (b"avc1", r"H\.264 \(AVCI\)"), (b"vvc1", r"H\.266 \(VVC\)"), (b"unci", "uncompressed samples"),
        (b"j2k1", "JPEG 2000"), (b"jpeg", "JPEG"), (b"xyz1", "xyz1"),
    ],
)  # fmt: skip
def test_other_codings_are_refused_by_name(kind: bytes, name: str) -> None:
    part = part_of(heic(SMALL))
    with pytest.raises(
        BadJob, match=rf"a HEIF image coded as {name}; save it as HEIC, AVIF, JPEG or PNG"
    ) as caught:
        decode(file_of([Part(kind, part.content, part.properties)], brand=b"mif1"), LIMIT)
    assert caught.value.code == "not-an-image"


def test_files_without_a_picture_are_refused_by_what_they_hold() -> None:
    head = box(b"ftyp", b"hevc", bytes(4), b"msf1")
    with pytest.raises(BadJob, match="a HEIF sequence without a still picture"):
        decode(head + box(b"moov", bytes(40)), LIMIT)
    with pytest.raises(BadJob, match=r"a file of the kind b'abcd' without a picture"):
        decode(box(b"ftyp", b"abcd"), LIMIT)
    for data in (file_of([part_of(heic(SMALL))], primary=7), made_of_itself()):
        with pytest.raises(BadJob, match="without a picture"):
            decode(data, LIMIT)


def test_what_lies_beside_the_picture_does_not_count() -> None:
    beside = part_of(heic(Image.new("L", (64, 64))))
    parts = [
        part_of(heic(SMALL)), sized(beside, 60_000, 60_000, auxiliary(GAIN_MAP)), exif_part(b"MM\0*"),
    ]  # fmt: skip
    with pytest.raises(BadJob, match="handed to a decoder"):  # as `nothing_is_decoded` says
        decode(file_of(parts, [(b"auxl", 2, [1])]), LIMIT)


@pytest.mark.parametrize("sides", [(1, 1), (33, 77), (5_000, 3)])
@pytest.mark.parametrize("animated", [False, True])
def test_the_size_of_an_av1_picture_is_read_from_its_own_header(
    sides: tuple[int, int], animated: bool
) -> None:
    more = {"save_all": True, "append_images": [Image.new("RGB", sides, "red")]} if animated else {}
    header = read_header(avif(Image.new("RGB", sides), quality=1, **more))
    picture = header.contents(header.primary)
    assert coded_size(picture) == sides
    assert coded_size(b"") is None
    for length in range(1, 8):
        try:
            assert coded_size(picture[:length]) in (None, sides)
        except ValueError as problem:
            assert "in the midst" in str(problem)  # noqa: PT017


def test_bytes_that_are_wrong_are_bad_jobs_and_never_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    dice = np.random.default_rng(7)
    for whole in (
        heic(SMALL),
        avif(SMALL),
        file_of([part_of(heic(SMALL)), exif_part(b"MM\0*")], [(b"cdsc", 2, [1])]),
    ):
        start = whole.index(b"mdat")
        for _ in range(150):
            data = bytearray(whole)
            for place in dice.integers(0, start, 3):
                data[place] = dice.integers(0, 256)
            try:
                assert decode(bytes(data), LIMIT).frames
            except BadJob as problem:
                assert problem.code in (  # noqa: PT017
                    "not-an-image", "broken-image", "too-many-pixels", "trailing-data"
                )  # fmt: skip
