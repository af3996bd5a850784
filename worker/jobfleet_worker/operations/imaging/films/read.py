"""Animations: every frame as a viewer shows it, for how long, and how often all of them play."""

import io
import struct
from collections.abc import Callable

from jobfleet_jobs.errors import BadJob
from PIL import Image

from jobfleet_worker.operations.imaging.films.apng import read_apng
from jobfleet_worker.operations.imaging.films.canvas import without_unused_alpha
from jobfleet_worker.operations.imaging.films.film import Film
from jobfleet_worker.operations.imaging.films.gif import read_gif
from jobfleet_worker.operations.imaging.picture import Frame, Picture
from jobfleet_worker.operations.imaging.stills.webp import FIRST_CHUNK, webp_chunks

# https://developers.google.com/speed/webp/docs/riff_container
_WEBP_FLAGS, _WEBP_ANIMATED, _WEBP_ALPHA = 20, 0b10, 0b10000


def read_film(data: bytes, kind: str, max_pixels: int, still: Callable[[bytes], Picture]) -> Film | None:
    """Return the animation in a file of `kind`, None if it is a still picture or pages.

    `still` decodes the file of one PNG picture. Raises `BadJob`, also for more than `max_pixels`.
    """
    try:
        if kind == "GIF":
            return read_gif(data, max_pixels)
        if kind == "PNG":
            return read_apng(data, max_pixels, still)
    except (struct.error, IndexError) as problem:
        raise BadJob("broken-image", "the image is damaged: it ends in the middle") from problem
    if kind == "WEBP" and data[12:16] == b"VP8X" and data[_WEBP_FLAGS] & _WEBP_ANIMATED:
        return _read_webp(data)
    return None


def _read_webp(data: bytes) -> Film | None:
    """Have libwebp draw the frames, on a transparent ground as browsers do, whatever the file's background.

    The file's head may say that there is no alpha, though its frames leave a part of the screen free.
    """
    seeing = data[:_WEBP_FLAGS] + bytes([data[_WEBP_FLAGS] | _WEBP_ALPHA]) + data[_WEBP_FLAGS + 1 :]
    images, durations = [], []
    with Image.open(io.BytesIO(seeing), formats=["WEBP"]) as image:
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            image.load()
            images.append(image.convert("RGBA"))
            durations.append(float(image.info["duration"]))
    frames = zip(without_unused_alpha(images, grey=False), durations, strict=True)
    return Film(tuple(Frame(*frame) for frame in frames), _webp_plays(data))


def _webp_plays(data: bytes) -> int:
    """Return the count of plays in a WebP file: 0 for ever, as the format says."""
    found = (body for name, body in webp_chunks(data, FIRST_CHUNK, len(data)) if name == b"ANIM")
    head = next(found, b"")
    # A ground's colour stands in front of the count.
    return int.from_bytes(head[4:6], "little") if len(head) >= 6 else 1
