"""Animations for tests, in each format, and what is to be the same in two of them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.apng_film import ApngPart, apng, watch_apng
from tests.films import Watched
from tests.gif_film import GifPart, gif, watch_gif
from tests.pictures import Pixels
from tests.webp_film import WebpPart, watch_webp, webp

PALETTE = np.random.default_rng(3).integers(0, 256, (16, 3)).astype(np.uint8)
WATCH: dict[str, Callable[[bytes], Watched]] = {"gif": watch_gif, "png": watch_apng, "webp": watch_webp}


def places(dice: Any, height: int, width: int, high: int = 16) -> Pixels:
    found: Pixels = dice.integers(0, high, (height, width)).astype(np.uint8)
    return found


def any_gif(seed: int) -> bytes:
    """A GIF of everything that one may hold, by chance."""
    dice = np.random.default_rng(seed)
    width, height = dice.integers(3, 20, 2)
    parts = []
    for _ in range(dice.integers(2, 7)):
        across, down = dice.integers(1, width + 1), dice.integers(1, height + 1)
        own = dice.integers(0, 256, (8, 3)) if dice.random() < 0.4 else None
        parts.append(GifPart(
            places(dice, down, across, 8), int(dice.integers(0, width - across + 1)),
            int(dice.integers(0, height - down + 1)), dice.choice([None, 0, 1, 2, 7, 300]),
            int(dice.integers(0, 4)), dice.choice([None, 0, 5]), own, bool(dice.random() < 0.3),
        ))  # fmt: skip
    repeats = dice.choice([None, 0, 1, 2, 500])
    return gif(
        (int(width), int(height)), parts, PALETTE, repeats=repeats, background=int(dice.integers(0, 16))
    )


def any_apng(seed: int) -> bytes:
    dice = np.random.default_rng(seed)
    width, height = (int(side) for side in dice.integers(3, 20, 2))
    channels = int(dice.integers(1, 5))
    default = dice.integers(0, 256, (height, width, channels)).astype(np.uint8)
    apart = dice.random() < 0.4
    parts = []
    for number in range(dice.integers(2, 6)):
        across, down = (int(dice.integers(1, side + 1)) for side in (width, height))
        if not number and not apart:
            across, down = width, height
        pixels = dice.integers(0, 256, (down, across, channels)).astype(np.uint8)
        if channels in (2, 4):
            pixels[..., -1] = dice.choice([0, 0, 90, 255], (down, across))
        left, top = int(dice.integers(0, width - across + 1)), int(dice.integers(0, height - down + 1))
        delay = [(1, 10), (0, 0), (5, 0), (1, 3), (30, 1000)][dice.integers(0, 5)]
        parts.append(ApngPart(pixels, left, top, delay, int(dice.integers(0, 3)), int(dice.integers(0, 2))))
    return apng(
        (width, height), parts, plays=int(dice.choice([0, 1, 2, 7])), default=default if apart else None
    )


def any_webp(seed: int) -> bytes:
    dice = np.random.default_rng(seed)
    width, height = (int(side) for side in dice.integers(4, 20, 2))
    alpha = bool(dice.random() < 0.6)
    parts = []
    for _ in range(dice.integers(2, 6)):
        across, down = (int(dice.integers(1, side + 1)) for side in (width, height))
        pixels = dice.integers(0, 256, (down, across, 4 if alpha else 3)).astype(np.uint8)
        if alpha:
            pixels[..., 3] = dice.choice([0, 0, 90, 255], (down, across))
        left, top = (2 * int(dice.integers(0, room // 2 + 1)) for room in (width - across, height - down))
        time, clears, over = (
            int(dice.choice([0, 1, 33, 100])),
            bool(dice.integers(0, 2)),
            bool(dice.integers(0, 2)),
        )
        parts.append(WebpPart(pixels, left, top, time, clears, over))
    return webp(
        (width, height), parts, plays=int(dice.choice([0, 1, 2, 7])), background=0xFF336699, alpha=alpha
    )


ANY = {"gif": any_gif, "png": any_apng, "webp": any_webp}


def same_frames(one: Sequence[Pixels], other: Sequence[Pixels], *, off: float = 0) -> None:
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        assert left.shape == right.shape
        assert abs(left.astype(int) - right.astype(int)).max() <= off


def same(one: Watched, other: Watched, *, off: float = 0, apart: float = 0) -> None:
    """Let both show the same, times at most so many milliseconds apart."""
    one, other = one.merged, other.merged
    assert one.plays == other.plays
    assert np.allclose(np.cumsum(one.times), np.cumsum(other.times), rtol=0, atol=apart + 1e-6)
    same_frames(one.frames, other.frames, off=off)


def film(count: int = 4, *, clear: bool = True, size: tuple[int, int] = (14, 10)) -> list[Pixels]:
    """Frames of few colours, in which something moves that may be seen through."""
    dice = np.random.default_rng(count)
    ground = PALETTE[dice.integers(0, 5, (size[1], size[0]))]
    found = []
    for number in range(count):
        frame = np.dstack([ground, np.full((size[1], size[0]), 255, np.uint8)])
        frame[2:5, number : number + 4] = (*PALETTE[9], 255)
        if clear:
            frame[6:9, 2 * number : 2 * number + 5] = 0
        found.append(frame)
    return found


def as_gif(frames: Sequence[Pixels], times: Sequence[int], plays: int) -> bytes:
    parts = []
    for frame, time in zip(frames, times, strict=True):
        match = (frame[..., None, :3] == PALETTE).all(axis=3).argmax(axis=2).astype(np.uint8)
        parts.append(
            GifPart(np.where(frame[..., 3] > 0, match, 15).astype(np.uint8), 0, 0, time // 10, 2, 15)
        )
    size = (frames[0].shape[1], frames[0].shape[0])
    return gif(size, parts, PALETTE, repeats={0: 0, 1: None}.get(plays, plays - 1))


def as_apng(frames: Sequence[Pixels], times: Sequence[int], plays: int) -> bytes:
    parts = [ApngPart(frame, 0, 0, (time, 1000)) for frame, time in zip(frames, times, strict=True)]
    return apng((frames[0].shape[1], frames[0].shape[0]), parts, plays=plays)


def as_webp(frames: Sequence[Pixels], times: Sequence[int], plays: int) -> bytes:
    parts = [WebpPart(frame, 0, 0, time, over=False) for frame, time in zip(frames, times, strict=True)]
    return webp((frames[0].shape[1], frames[0].shape[0]), parts, plays=plays)


AS = {"gif": as_gif, "png": as_apng, "webp": as_webp}
