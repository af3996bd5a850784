"""Animations to bytes: every frame, its time and the count of plays, as far as the format holds them."""

import struct
from collections.abc import Callable, Sequence

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.films.timing import (
    FOR_EVER,
    LONGEST,
    PAGE_MILLISECONDS,
    frames_for,
    in_hundredths,
    plays_that_fit,
    split_times,
)
from jobfleet_worker.operations.imaging.films.write_apng import write_apng
from jobfleet_worker.operations.imaging.films.write_gif import write_gif
from jobfleet_worker.operations.imaging.heif.plays import with_plays
from jobfleet_worker.operations.imaging.limits import MAX_FRAMES
from jobfleet_worker.operations.imaging.picture import Picture

KINDS = frozenset({"GIF", "PNG", "WEBP", "AVIF"})

# Writes one image, or a first and all that follow it with Pillow's own options for them.
Save = Callable[..., bytes]


def write_film(
    images: Sequence[Image.Image], kind: str, picture: Picture, save: Save
) -> tuple[bytes, int, list[str]]:
    """Return a file that shows `images` as `picture` says, how many frames it has, and what that cost.

    `kind` is one of `KINDS`, and `save` writes images in it. Raises `BadJob` where it would be of too many.
    """
    times, plays, notes = _times(picture)
    _check_split(times, kind)
    plays, said = plays_that_fit(plays, kind)
    notes += said
    shown = [
        (image, part) for image, time in zip(images, times, strict=True) for part in split_times(time, kind)
    ]
    images, times = [image for image, _ in shown], [time for _, time in shown]
    if kind == "GIF":
        hundredths, said = in_hundredths(times)
        data, more = write_gif(images, hundredths, plays)
        return data, len(images), [*notes, *said, *more]
    if kind == "PNG":
        return write_apng(images, times, plays, save), len(images), notes
    if kind == "AVIF":
        whole = [round(time) for time in times]
        endless = save(images[0], save_all=True, append_images=images[1:], duration=whole)
        return with_plays(endless, plays), len(images), notes
    data = save(images[0], save_all=True, append_images=images[1:], duration=times, loop=plays)
    return data, _webp_frames(data), notes


def _check_split(times: Sequence[float], kind: str) -> None:
    """Raise `BadJob` where frames are shown for so long that too many of `kind` would stand for them."""
    count = sum(frames_for(time, kind) for time in times)
    if count > MAX_FRAMES:
        raise BadJob(
            "too-large-for-format",
            f"a frame of {kind} is shown for {LONGEST[kind] / 1000:,.0f} s at most: {count:,} frames would "
            f"stand for the animation's {len(times):,}, and at most {MAX_FRAMES:,} are written. "
            "Name an output that ends in .avif",
        )


def _times(picture: Picture) -> tuple[list[float], int, list[str]]:
    """Return milliseconds, plays, and what has to be said of pages, which have neither."""
    if picture.plays is not None or any(frame.duration for frame in picture.frames):
        return [frame.duration or 0.0 for frame in picture.frames], picture.plays or FOR_EVER, []
    return (
        [PAGE_MILLISECONDS] * len(picture.frames),
        FOR_EVER,
        ["the pages became an animation: each is shown for 1 s, and it plays for ever"],
    )


def _webp_frames(data: bytes) -> int:
    """Count the frames that are left: libwebp makes one of neighbours that are equal, with both times."""
    at, count = 12, 0
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        count += name == b"ANMF"
        at += 8 + length + length % 2
    return max(count, 1)
