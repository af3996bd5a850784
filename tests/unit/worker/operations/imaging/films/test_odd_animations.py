"""Animations that are damaged, too large, or as their format allows and hardly anyone writes."""

import io
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging import limits
from jobfleet_worker.operations.imaging.decode import decode
from PIL import Image, ImageFile

from tests.apng_film import SIGNATURE, ApngPart, apng, chunk, chunks
from tests.gif_film import GifPart, gif, watch_gif
from tests.made_films import ANY, PALETTE, WATCH, as_apng, as_gif, as_webp, film, places, same
from tests.pictures import MAX_PIXELS, do
from tests.webp_film import WebpPart, webp


def count(frames: int) -> bytes:
    return chunk(b"acTL", struct.pack(">II", frames, 0))


def decoded(*_: object) -> None:
    """Stand in for what decodes, where nothing is to be."""
    raise AssertionError("a frame was decoded")


def renumbered(data: bytes, number: int, other: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of an APNG with another number in one that makes up its frames."""
    for name, body in chunks(data):
        told = name in (b"fcTL", b"fdAT") and body[:4] == struct.pack(">I", number)
        yield name, struct.pack(">I", other) + body[4:] if told else body


GOOD = as_apng(film(3), [50] * 3, 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (GOOD.replace(count(3), count(4)), "should have 4 frames, and 3 are"),
        (b"".join([SIGNATURE, *(chunk(*one) for one in renumbered(GOOD, 1, 7))]), "out of order"),
        (GOOD[: GOOD.rindex(b"fcTL") - 4], "should have 3 frames, and 2 are"),
        (GOOD[: GOOD.rindex(b"fdAT") + 9], "in the middle of its pixels"),
        (as_gif(film(3), [50] * 3, 0)[:-60], "truncated"),
        (as_webp(film(3), [50] * 3, 0)[:-60], "the file ends at byte"),
        (apng((14, 10), [ApngPart(film(1)[0]), ApngPart(film(1)[0], 1)]), "outside the picture"),
    ],
)
def test_an_animation_that_is_damaged_is_a_bad_job_that_says_how(data: bytes, words: str) -> None:
    with pytest.raises(BadJob, match=words) as caught:
        do("convert", data)
    assert caught.value.code == "broken-image"


def test_the_frames_of_an_animation_are_counted_before_they_are_drawn() -> None:
    small = np.zeros((1, 1), np.uint8)
    for data in (
        gif((1000, 1000), [GifPart(small)] * 2, PALETTE),
        apng((1000, 1000), [ApngPart(small[..., None])] * 2, default=np.zeros((1000, 1000, 1), np.uint8)),
        webp((1000, 1000), [WebpPart(np.zeros((1, 1, 3), np.uint8))] * 2),
    ):
        with pytest.raises(BadJob, match=r"[23],000,000 pixels"):
            do("convert", data)
    large = gif((4, 4), [GifPart(small), GifPart(small)], PALETTE)
    place = large.rindex(b",") + 5
    with pytest.raises(BadJob, match="9,000,001 pixels"):
        do("convert", large[:place] + struct.pack("<HH", 3000, 3000) + large[place + 4 :])


@pytest.mark.parametrize("kind", ["avif", "gif", "png", "webp"])
def test_an_animation_of_too_many_frames_is_refused_before_any_is_decoded(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = do("convert", as_webp(film(4), [50] * 4, 0), f"outputs/x.{kind}").data or b""
    assert len(decode(data, MAX_PIXELS).frames) == 4
    monkeypatch.setattr(limits, "MAX_FRAMES", 3)
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    with pytest.raises(BadJob, match="has 4 frames; this worker takes at most 3") as caught:
        decode(data, MAX_PIXELS)
    assert caught.value.code == "too-many-pixels"


def test_frames_larger_than_their_screen_are_counted_together_before_any_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = np.zeros((120, 120), np.uint8)
    small = np.zeros((1, 1), np.uint8)
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    with pytest.raises(BadJob, match="43,201 pixels") as caught:
        decode(gif((1, 1), [GifPart(small), *[GifPart(large)] * 3], PALETTE), 40_000)
    assert caught.value.code == "too-many-pixels"
    with pytest.raises(BadJob, match="outside the picture"):
        decode(apng((1, 1), [ApngPart(small[..., None]), ApngPart(large[..., None])]), 40_000)


def test_a_gif_of_the_first_version_and_one_that_no_block_controls_play_too() -> None:
    dice = np.random.default_rng(4)
    parts = [GifPart(places(dice, 5, 6), delay=None) for _ in range(3)]
    data = gif((6, 5), parts, PALETTE, version=b"87a")
    picture = decode(data, MAX_PIXELS)
    assert [frame.duration for frame in picture.frames] == [0, 0, 0]
    same(watch_gif(do("convert", data).data or b""), watch_gif(data))


def test_a_gif_without_any_palette_is_grey() -> None:
    parts = [GifPart(places(np.random.default_rng(seed), 5, 6, 200)) for seed in (1, 2)]
    for frame, part in zip(decode(gif((6, 5), parts, None), MAX_PIXELS).frames, parts, strict=True):
        assert (np.asarray(frame.image.convert("L")) == part.places).all()


def test_a_frame_without_pixels_changes_nothing_and_takes_its_time() -> None:
    dice = np.random.default_rng(4)
    empty = GifPart(np.zeros((0, 3), np.uint8), 1, 1, 40, 2)
    data = gif((6, 5), [GifPart(places(dice, 5, 6)), empty, GifPart(places(dice, 2, 2), 3, 3)], PALETTE)
    picture = decode(data, MAX_PIXELS)
    first, second, _ = (np.asarray(frame.image) for frame in picture.frames)
    assert (first == second).all()
    assert picture.frames[1].duration == 400


@pytest.mark.parametrize("method", range(8))
def test_every_number_of_a_disposal_has_a_meaning(method: int) -> None:
    """4 means 3, as early writers had it, and those that the format leaves open mean nothing."""
    dice = np.random.default_rng(4)
    parts = [GifPart(places(dice, 5, 6)), GifPart(places(dice, 3, 3), 1, 1, disposal=method)]
    known = {2: 2, 3: 3, 4: 3}.get(method, 0)
    same_as = [parts[0], GifPart(parts[1].places, 1, 1, disposal=known)]
    last = GifPart(places(dice, 1, 1))
    found = decode(gif((6, 5), [*parts, last], PALETTE), MAX_PIXELS).frames[2].image.convert("RGBA")
    assert (np.asarray(found) == watch_gif(gif((6, 5), [*same_as, last], PALETTE)).frames[2]).all()


@pytest.mark.parametrize("kind", ANY)
def test_damaged_animations_are_bad_jobs_or_play_and_never_anything_else(kind: str) -> None:
    dice = np.random.default_rng(11)
    for seed in range(40):
        data = bytearray(ANY[kind](seed % 8))
        for place in dice.integers(0, len(data), dice.integers(1, 5)):
            data[place] = dice.integers(0, 256)
        try:
            outcome = do("convert", bytes(data), f"outputs/x.{dice.choice([*WATCH])}")
            assert outcome.data
        except BadJob as problem:
            assert problem.code in (  # noqa: PT017
                "not-an-image", "broken-image", "too-many-pixels", "unsupported-mode", "trailing-data",
                "too-large-for-format",
            )  # fmt: skip
            assert "report" not in problem.message  # noqa: PT017


@pytest.mark.parametrize("place", [0, 1])
def test_what_strip_answers_plays_in_other_programs(place: int) -> None:
    """Browsers pass over a frame without pixels, at which others stop."""
    dice = np.random.default_rng(3)
    parts = [GifPart(places(dice, 5, 6)), GifPart(places(dice, 2, 2), 3, 3)]
    parts = [*parts[:place], GifPart(np.zeros((0, 3), np.uint8), 1, 1, 40, 2), *parts[place : 2 * place]]
    data = gif((6, 5), parts, PALETTE)
    stripped = do("strip", data).data or b""
    assert len(decode(stripped, MAX_PIXELS).frames) == len(decode(data, MAX_PIXELS).frames)
    with Image.open(io.BytesIO(stripped)) as image:
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            image.load()
