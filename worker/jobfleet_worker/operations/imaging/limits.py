"""The limit of pixels that every reader keeps to."""

from jobfleet_jobs.errors import BadJob


def too_many_pixels(max_pixels: int, pixels: int | None = None) -> BadJob:
    """Return the refusal of an image with so many pixels in all frames; None if only the decoder counted."""
    has = f"{pixels:,}" if pixels else "too many"
    return BadJob(
        "too-many-pixels",
        f"the image has {has} pixels; this worker takes at most {max_pixels:,} (worker_max_pixels)",
    )
