"""The limits that every reader keeps to: of pixels, and of frames."""

from collections.abc import Iterator
from contextlib import contextmanager

from jobfleet_jobs.errors import BadJob
from PIL import Image

# Each costs time and memory of its own, however small it is.
MAX_FRAMES = 10_000


@contextmanager
def pillows_limit(max_pixels: int | None) -> Iterator[None]:
    """Let Pillow open images of at most so many pixels while the context lasts, or any; then as before.

    The limit is Pillow's for the whole process: whoever else opens images there must not find ours.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def too_many_pixels(max_pixels: int, pixels: int | None = None) -> BadJob:
    """Return the refusal of an image with so many pixels in all frames; None if only the decoder counted."""
    has = f"{pixels:,}" if pixels else "too many"
    return BadJob(
        "too-many-pixels",
        f"the image has {has} pixels; this worker takes at most {max_pixels:,} (worker_max_pixels)",
    )


def check_frames(count: int) -> None:
    """Raise `BadJob` for an animation of too many frames."""
    if count > MAX_FRAMES:
        raise BadJob(
            "too-many-pixels",
            f"the animation has {count:,} frames; this worker takes at most {MAX_FRAMES:,}. "
            "Send a shorter one, or parts of it",
        )
