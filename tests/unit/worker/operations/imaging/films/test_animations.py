"""Animations play after a job as before: frames, times, plays, against a viewer made by hand."""

import struct

import numpy as np
import pytest
from jobfleet_worker.operations.imaging.decode import decode
from jobfleet_worker.operations.imaging.palette import to_palette
from PIL import Image

from tests.apng_film import SIGNATURE, ApngPart, apng, chunk, packed, watch_apng
from tests.films import Watched, seen
from tests.gif_film import GifPart, gif, watch_gif
from tests.made_films import (
    ANY,
    AS,
    PALETTE,
    WATCH,
    as_apng,
    as_gif,
    film,
    places,
    same,
    same_frames,
)
from tests.pictures import MAX_PIXELS, Pixels, do, frames, saved
from tests.webp_film import watch_webp


@pytest.mark.parametrize("kind", ANY)
@pytest.mark.parametrize("seed", range(25))
def test_every_frame_is_read_as_a_viewer_shows_it(kind: str, seed: int) -> None:
    data = ANY[kind](seed)
    shown, picture = WATCH[kind](data), decode(data, MAX_PIXELS)
    assert picture.plays == shown.plays
    assert np.allclose([frame.duration or 0 for frame in picture.frames], shown.times)
    # Where colours mix, rounding may differ by one, and then over one another again.
    off = 0 if kind == "gif" else 3
    for frame, expected in zip(picture.frames, shown.frames, strict=True):
        found = np.asarray(frame.image.convert("RGBA"))
        clearly = expected[..., 3] > 40  # of what is hardly seen, the colour is lost in eight bits
        assert abs(found[..., 3].astype(int) - expected[..., 3]).max() <= off
        assert abs(found.astype(int) - expected)[clearly].max(initial=0) <= off


@pytest.mark.parametrize("clear", [True, False])
@pytest.mark.parametrize("plays", [0, 1, 2, 3, 300])
@pytest.mark.parametrize("to", AS)
@pytest.mark.parametrize("kind", AS)
def test_it_plays_the_same_in_every_other_format(kind: str, to: str, plays: int, clear: bool) -> None:
    frames, times = film(clear=clear), [100, 20, 0, 1230]
    outcome = do("rotate", AS[kind](frames, times, plays), f"outputs/x.{to}", degrees=0)
    shown = WATCH[to](outcome.data or b"")
    if to == "webp":  # lossy, as no one asked for exact values
        assert (shown.plays, shown.merged.times) == (plays, [float(time) for time in times])
    else:
        same(shown, Watched([seen(frame) for frame in frames], [float(t) for t in times], plays))
        assert len(shown.frames) == outcome.result["frames"] == 4
    assert outcome.result["notes"] == ["a whole turn leaves the image unchanged"]


@pytest.mark.parametrize("kind", AS)
@pytest.mark.parametrize("to", AS)
def test_an_operation_changes_every_frame_and_nothing_of_the_time(kind: str, to: str) -> None:
    frames, times = film(), [100, 20, 60, 1230]
    data = AS[kind](frames, times, 3)
    turned = WATCH[to](do("rotate", data, f"outputs/x.{to}", degrees=90).data or b"")
    same(turned, Watched([seen(np.rot90(f, -1)) for f in frames], [*map(float, times)], 3),
         off=255 if to == "webp" else 0)  # fmt: skip
    grey = WATCH[to](do("threshold", data, f"outputs/x.{to}").data or b"")
    expected = [f.copy() for f in frames]
    for frame in expected:
        frame[..., :3] = np.where(frame[..., :3] <= 125, 0, 254)
    same(grey, Watched([seen(f) for f in expected], [*map(float, times)], 3))
    small = WATCH[to](do("resize", data, f"outputs/x.{to}", width=7).data or b"")
    assert (small.plays, sum(small.times), len(small.frames)) == (3, 1410, 4)
    assert {frame.shape for frame in small.frames} == {(5, 7, 4)}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["gif", "png"])
def test_any_animation_comes_out_of_its_own_format_as_it_went_in(kind: str, seed: int) -> None:
    """Each frame a whole, though the files hold parts: with its own palette, cleared, taken back, mixed."""
    data = ANY[kind](seed)
    before, outcome = WATCH[kind](data), do("convert", data, f"outputs/x.{kind}")
    after = WATCH[kind](outcome.data or b"")
    assert outcome.result["notes"] in ([], ["the picture for viewers that show no animation was dropped"])
    assert len(after.frames) == len(before.frames)
    assert after.plays == before.plays
    assert np.allclose(after.times, before.times)
    if kind == "gif":
        same_frames(after.frames, before.frames)


def test_a_gif_that_says_nothing_of_repeats_plays_once_and_one_that_says_n_once_more() -> None:
    part = [GifPart(places(np.random.default_rng(seed), 4, 4)) for seed in (1, 2)]
    for repeats, plays in ((None, 1), (0, 0), (1, 2), (2, 3), (65_535, 65_536)):
        assert decode(gif((4, 4), part, PALETTE, repeats=repeats), MAX_PIXELS).plays == plays


def test_more_plays_than_a_format_counts_are_said() -> None:
    data = as_gif(film(), [50] * 4, 65_536)
    outcome = do("convert", data, "outputs/x.webp")
    assert watch_webp(outcome.data or b"").plays == 65_535
    assert outcome.result["notes"] == ["WEBP counts 65,535 plays at most: the animation had 65,536"]


def test_what_is_disposed_to_background_is_clear_whatever_the_background() -> None:
    square = np.full((10, 10), 3, np.uint8)
    parts = [GifPart(square, 2, 2, 10, 2), GifPart(square[:2, :2], 0, 0, 10)]
    outcome = do("convert", gif((20, 20), parts, PALETTE, background=7), "outputs/x.png")
    second = watch_apng(outcome.data or b"").frames[1]
    assert (second[..., 3] > 0).sum() == 4


@pytest.mark.parametrize("operation", ["convert", "threshold", "strip"])
def test_a_still_gif_smaller_than_its_screen_leaves_the_rest_clear(operation: str) -> None:
    data = gif((9, 7), [GifPart(places(np.random.default_rng(1), 3, 4), 2, 1)], PALETTE)
    for ending in ("gif", "png"):
        outcome = do(operation, data, f"outputs/x.{ending}")
        shown = decode(outcome.data or b"", MAX_PIXELS).frames[0].image.convert("RGBA")
        assert shown.size == (9, 7)
        assert (np.asarray(shown)[..., 3] > 0).sum() == 12


def test_a_first_frame_larger_than_its_screen_makes_it_larger_and_a_later_one_is_cut() -> None:
    dice = np.random.default_rng(1)
    parts = [
        GifPart(places(dice, 6, 8)),
        GifPart(places(dice, 5, 5), 5, 4),
        GifPart(places(dice, 2, 2), 30, 30),
    ]
    data = gif((3, 3), parts, PALETTE)
    outcome = do("convert", data)
    same(watch_gif(outcome.data or b""), watch_gif(data))
    assert outcome.result["width"], outcome.result["height"] == (8, 6)
    assert outcome.result["notes"] == [
        "what the animation draws outside its screen was left out, as browsers do"
    ]


def test_colours_of_each_frame_stay_exact_where_the_whole_has_more_than_a_palette() -> None:
    """Stripes, each with 250 colours of its own, as GIFs with all colours are made."""
    dice = np.random.default_rng(2)
    parts = []
    for row in range(4):
        palette = dice.integers(0, 256, (256, 3))
        parts.append(GifPart(places(dice, 8, 40, 250), 0, 8 * row, 5, palette=palette))
    data = gif((40, 32), parts, None)
    outcome = do("convert", data)
    assert outcome.result["notes"] == []
    same(watch_gif(outcome.data or b""), watch_gif(data))


def test_colours_that_have_to_go_are_said() -> None:
    frames = np.random.default_rng(2).integers(0, 256, (2, 30, 30, 3)).astype(np.uint8)
    outcome = do("convert", as_apng(list(frames), [50, 50], 0), "outputs/x.gif")
    assert outcome.result["notes"] == ["the colours were reduced to 256, as GIF holds no more"]
    still = do("convert", saved(frames[0]), "outputs/x.gif")
    assert still.result["notes"] == outcome.result["notes"]
    assert len(to_palette(Image.fromarray(frames[0]))[0].getpalette() or []) == 3 * 256
    clear = np.dstack([frames[0], np.full((30, 30), 255, np.uint8)])
    clear[0, 0, 3] = 0
    still = do("convert", saved(clear), "outputs/x.gif")
    assert still.result["notes"] == [
        "the colours were reduced to 255, as GIF holds no more beside transparency"
    ]


@pytest.mark.parametrize(("colours", "clear"), [(2, False), (255, True), (256, False)])
def test_a_gif_holds_as_many_colours_as_it_has_places_exactly(colours: int, clear: bool) -> None:
    dice = np.random.default_rng(colours)
    palette = np.unique(dice.integers(0, 256, (400, 3)), axis=0)[:colours].astype(np.uint8)
    frame = palette[np.arange(20 * 30).reshape(20, 30) % colours]
    if clear:  # what is not seen has colours too, which need no place
        frame = np.dstack([frame, np.full((20, 30), 255, np.uint8)])
        frame[:, 25:] = 0
        frame[:5, 25:, 0] = 77
    for data in (saved(frame), as_apng([frame, frame[::-1]], [50, 50], 0)):
        outcome = do("convert", data, "outputs/x.gif")
        shown = decode(outcome.data or b"", MAX_PIXELS).frames[0].image.convert("RGBA")
        expected = frame if clear else np.dstack([frame, np.full((20, 30), 255, np.uint8)])
        assert (seen(np.asarray(shown)) == seen(expected)).all()
        assert outcome.result["notes"] == []


def test_partial_transparency_goes_from_a_gif_and_is_said() -> None:
    frame = film()[0]
    frame[0, :, 3], frame[1, :, 3] = 127, 128
    outcome = do("convert", as_apng([frame, film()[1]], [50, 50], 0), "outputs/x.gif")
    shown = watch_gif(outcome.data or b"").frames[0]
    assert not shown[0, :, 3].any()
    assert shown[1, :, 3].all()
    assert outcome.result["notes"] == ["GIF holds no partial transparency: it was rounded to all or nothing"]


def test_pages_become_frames_that_can_be_read_and_frames_become_pages_and_both_are_said() -> None:
    outcome = do("convert", as_gif(film(3), [50] * 3, 1), "outputs/x.tif")
    assert outcome.result["frames"] == 3
    assert outcome.result["notes"] == ["TIFF holds no times: the frames became pages"]
    back = do("convert", outcome.data or b"", "outputs/x.gif")
    shown = watch_gif(back.data or b"")
    assert (shown.times, shown.plays) == ([1000] * 3, 0)
    same_frames(shown.frames, [seen(frame) for frame in film(3)])
    assert back.result["notes"] == [
        "the pages became an animation: each is shown for 1 s, and it plays for ever"
    ]


def test_the_picture_for_viewers_without_animation_is_no_frame() -> None:
    frames = film(3)
    parts = [ApngPart(frame) for frame in frames]
    data = apng((14, 10), parts, plays=2, default=255 - frames[0])
    for operation in ("convert", "strip"):
        outcome = do(operation, data)
        same(watch_apng(outcome.data or b""), Watched([seen(f) for f in frames], [100.0] * 3, 2))
        assert outcome.result["notes"] == ["the picture for viewers that show no animation was dropped"]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_an_apng_of_few_bits_and_a_palette_keeps_both(depth: int) -> None:
    palette = PALETTE[: min(2**depth, 16)]
    dice = np.random.default_rng(depth)
    rows = [places(dice, 4, 8, len(palette)) for _ in range(3)]

    def squeezed(values: Pixels) -> Pixels:
        bits = np.unpackbits(values[..., None], axis=2)[..., 8 - depth :]
        found: Pixels = np.packbits(bits.reshape(4, -1), axis=1)
        return found[..., None]

    control = [struct.pack(">5I2H2B", 2 * n - (n > 0), 8, 4, 0, 0, 1, 10, 0, 0) for n in range(3)]
    data = b"".join([
        SIGNATURE, chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 4, depth, 3, 0, 0, 0)),
        chunk(b"acTL", struct.pack(">II", 3, 5)), chunk(b"PLTE", palette.tobytes()), chunk(b"tRNS", b"\0"),
        chunk(b"fcTL", control[0]), chunk(b"IDAT", packed(squeezed(rows[0]))),
        *(part for n in (1, 2) for part in (
            chunk(b"fcTL", control[n]),
            chunk(b"fdAT", struct.pack(">I", 2 * n) + packed(squeezed(rows[n]))),
        )),
        chunk(b"IEND", b""),
    ])  # fmt: skip
    picture = decode(data, MAX_PIXELS)
    assert [frame.image.mode for frame in picture.frames] == ["P"] * 3
    outcome = do("convert", data)
    same(watch_apng(outcome.data or b""), watch_apng(data))
    assert len(outcome.data or b"") < len(data) + 100


def test_sixteen_bit_grey_stays_in_an_animation_and_is_scaled_where_frames_are_drawn_over_others() -> None:
    dice = np.random.default_rng(1)
    deep = [dice.integers(0, 65536, (6, 8, 1)).astype(np.uint16) for _ in range(2)]
    whole = apng((8, 6), [ApngPart(frame) for frame in deep], depth=16, kind=0)
    outcome = do("convert", whole)
    frames = [np.asarray(frame.image) for frame in decode(outcome.data or b"", MAX_PIXELS).frames]
    assert all((one == other[..., 0]).all() for one, other in zip(frames, deep, strict=True))
    assert outcome.result["notes"] == []
    as_gif_too = do("convert", whole, "outputs/x.gif")
    assert as_gif_too.result["notes"] == ["16 bits a channel were scaled to 8"]
    assert (watch_gif(as_gif_too.data or b"").frames[1][..., 0] == deep[1][..., 0] >> 8).all()
    part = apng((8, 6), [ApngPart(deep[0]), ApngPart(deep[1][:2], 0, 3)], depth=16, kind=0)
    outcome = do("convert", part)
    assert outcome.result["mode"] == "L"
    assert outcome.result["notes"] == ["16 bits a channel were scaled to 8"]
    assert (watch_apng(outcome.data or b"").frames[1][3:5, :, 0] == deep[1][:2, :, 0] >> 8).all()


_MODES = {"L": 120, "LA": (90, 128), "RGB": (200, 30, 40), "RGBA": (20, 60, 220, 0), "1": 1}


@pytest.mark.parametrize("second", _MODES)
@pytest.mark.parametrize("first", _MODES)
def test_frames_of_an_avif_have_the_colours_and_the_transparency_of_their_own(
    first: str, second: str
) -> None:
    """An encoder is set up by the first frame, and would leave out what that one does not have."""
    pages = [Image.new(mode, (16, 16), _MODES[mode]) for mode in (first, second)]
    outcome = do("convert", saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "outputs/x.avif")
    assert outcome.result["frames"] == 2
    for page, frame in zip(pages, frames(outcome.data or b""), strict=True):
        expected = np.asarray(page.convert("RGBA")).astype(int)
        assert abs(frame[..., 3] - expected[..., 3]).max() <= 2
        if expected[..., 3].any():
            assert abs(frame - expected).max() <= 6


def test_a_clear_colour_counts_for_the_frames_of_an_avif_that_lack_it_at_first() -> None:
    opaque, clear = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "lime")
    data = saved(opaque, save_all=True, append_images=[clear], duration=100, transparency=(0, 255, 0))
    outcome = do("convert", data, "outputs/x.avif")
    assert [int(frame[..., 3].max()) for frame in frames(data)] == [255, 0]
    assert [int(frame[..., 3].max()) for frame in frames(outcome.data or b"")] == [255, 0]
