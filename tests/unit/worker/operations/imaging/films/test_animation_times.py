"""Times of frames, and counts of plays, in formats that count otherwise."""

import struct

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.films import write

from tests.apng_film import ApngPart, apng, watch_apng
from tests.gif_film import watch_gif
from tests.made_films import AS, WATCH, as_gif, as_webp, film
from tests.pictures import do
from tests.webp_film import watch_webp


def test_equal_frames_keep_their_time() -> None:
    frames = [film()[0]] * 3 + [film()[1]] * 2
    times = [100, 200, 300, 50, 70]
    for kind in AS:
        for to in AS:
            shown = WATCH[to](do("threshold", AS[kind](frames, times, 2), f"outputs/x.{to}").data or b"")
            assert shown.merged.times == [600, 120]


def test_no_more_frames_are_told_than_there_are() -> None:
    outcome = do("convert", as_gif([film()[0]] * 3 + [film()[1]], [100] * 4, 0), "outputs/x.webp")
    assert outcome.result["frames"] == len(watch_webp(outcome.data or b"").frames) == 2


def test_times_that_gif_does_not_count_are_rounded_so_that_the_whole_stays() -> None:
    outcome = do("convert", as_webp(film(), [25, 25, 25, 25], 1), "outputs/x.gif")
    assert watch_gif(outcome.data or b"").times == [30, 20, 30, 20]
    assert outcome.result["notes"] == [
        "GIF counts time in hundredths of a second: the frames' times were rounded"
    ]
    assert watch_gif(do("convert", as_webp(film(), [33, 33, 33, 1], 1), "x.gif").data or b"").times == [
        30,
        40,
        30,
        10,
    ]


def test_a_short_frame_does_not_become_one_that_viewers_slow_down() -> None:
    outcome = do("convert", as_webp(film(), [15, 15, 11, 15], 1), "outputs/x.gif")
    assert watch_gif(outcome.data or b"").times == [20, 20, 20, 20]
    assert outcome.result["notes"][1:] == [
        "viewers show a frame of a GIF for 20 ms at least: a play takes 0.08 s instead of 0.056 s"
    ]
    slowed = do("convert", as_webp(film(), [10, 4, 1, 0], 1), "outputs/x.gif")
    assert watch_gif(slowed.data or b"").times == [10, 10, 10, 0]


def test_a_frame_shown_longer_than_the_format_counts_becomes_several() -> None:
    frames, times = film(2), [2_000_000, 100]
    data = as_webp(frames, times, 1)
    shown = watch_gif(do("convert", data, "outputs/x.gif").data or b"")
    assert shown.merged.times == times
    assert len(shown.frames) == 5
    hours = apng((14, 10), [ApngPart(frame, delay=(65_535, 1)) for frame in frames], plays=1)
    outcome = do("threshold", hours, "outputs/x.webp")
    assert watch_webp(outcome.data or b"").merged.times == [65_535_000] * 2
    assert outcome.result["frames"] == 8


@pytest.mark.parametrize("time", [1, 33, 65_535, 65_537, 70_001, 1_234_567, 16_777_215])
def test_any_time_is_written_into_an_apng(time: int) -> None:
    shown = watch_apng(do("convert", as_webp(film(2), [time, 100], 1), "outputs/x.png").data or b"")
    assert shown.times[0] == pytest.approx(time, rel=2e-5)


def unending(frames: int) -> bytes:
    """Return an AVIF whose header counts whole seconds, and shows each frame for 68 years."""
    data = bytearray(do("convert", as_webp(film(frames), [100] * frames, 1), "outputs/x.avif").data or b"")
    head, times = data.index(b"mdhd") + 4, data.index(b"stts") + 4
    scale = head + (20 if data[head] else 12)
    data[scale : scale + 4] = struct.pack(">I", 1)
    (count,) = struct.unpack_from(">I", data, times + 4)
    for number in range(count):
        struct.pack_into(">I", data, times + 12 + 8 * number, 0x7FFFFFFF)
    return bytes(data)


@pytest.mark.parametrize(("to", "frames"), [("png", 4), ("gif", 264), ("webp", 12)])
def test_a_frame_that_is_shown_for_ages_is_shown_for_a_day(to: str, frames: int) -> None:
    outcome = do("convert", unending(2), f"outputs/x.{to}")
    assert sum(WATCH[to](outcome.data or b"").times) == 2 * 86_400_000
    assert outcome.result["frames"] == frames
    assert "a frame that is shown for more than a day is shown for a day" in outcome.result["notes"]


def test_times_that_would_take_too_many_frames_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "MAX_FRAMES", 200)
    with pytest.raises(BadJob, match="264 frames would stand for the animation's 2, and at most 200"):
        do("convert", unending(2), "outputs/x.gif")
