"""Animations as a viewer shows them: a hand-made one, to compare with.

It knows no library's idea of an animation: `gif_film`, `apng_film` and `webp_film` take files apart
themselves and draw here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.pictures import Pixels

KEEP, CLEAR, RESTORE = "keep", "clear", "restore"


@dataclass(frozen=True)
class Drawn:
    """One drawing: RGBA pixels, where they go, for how many milliseconds, and what becomes of them."""

    pixels: Pixels
    left: int
    top: int
    time: float
    after: str
    over: bool


@dataclass(frozen=True)
class Watched:
    """What a viewer sees: RGBA pixels, black where nothing is seen; times; plays, 0 for ever."""

    frames: list[Pixels]
    times: list[float]
    plays: int

    @property
    def merged(self) -> "Watched":
        """The same for the eye, with each run of equal frames as one."""
        frames: list[Pixels] = []
        times: list[float] = []
        for frame, time in zip(self.frames, self.times, strict=True):
            if frames and (frames[-1] == frame).all():
                times[-1] += time
            else:
                frames.append(frame)
                times.append(time)
        return Watched(frames, times, self.plays)


def watched(size: tuple[int, int], drawings: Sequence[Drawn], plays: int) -> Watched:
    """Show drawings on a transparent screen of a width and a height, one after the other."""
    screen = np.zeros((size[1], size[0], 4), np.uint8)
    frames = []
    for drawn in drawings:
        before = screen.copy()
        # What lies outside the screen is not seen.
        pixels = drawn.pixels[: max(size[1] - drawn.top, 0), : max(size[0] - drawn.left, 0)]
        height, width = pixels.shape[:2]
        there = screen[drawn.top : drawn.top + height, drawn.left : drawn.left + width]
        there[:] = over(pixels, there) if drawn.over else pixels
        frames.append(seen(screen))
        if drawn.after == CLEAR:
            there[:] = 0
        if drawn.after == RESTORE:
            screen = before
    return Watched(frames, [drawn.time for drawn in drawings], plays)


def over(front: Pixels, back: Pixels) -> Pixels:
    """Lay pixels over others: https://www.w3.org/TR/png-3/#13Alpha-channel-processing."""
    above, below = front[..., 3:] / 255, back[..., 3:] / 255
    alpha = above + below * (1 - above)
    colours = front[..., :3] * above + back[..., :3] * below * (1 - above)
    with np.errstate(invalid="ignore"):
        colours = np.where(alpha > 0, colours / alpha, 0)
    return np.rint(np.concatenate([colours, alpha * 255], axis=2)).astype(np.uint8)


def seen(pixels: Pixels) -> Pixels:
    """Return RGBA pixels with no colour where nothing is seen."""
    return np.where(pixels[..., 3:] > 0, pixels, 0)
