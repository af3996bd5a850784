"""Pictures for tests of the operations on images, and what becomes of them."""

import io
from typing import Any

import numpy as np
import pillow_heif
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from numpy.typing import NDArray
from PIL import Image

MAX_PIXELS = 1_000_000

Pixels = NDArray[Any]


def noise(*shape: int, high: int = 256, dtype: type = np.uint8) -> Pixels:
    """Return the same random values each time."""
    return np.random.default_rng(5).integers(0, high, shape).astype(dtype)


def smooth(height: int, width: int, channels: int = 3) -> Pixels:
    """Return waves without sharp edges, as photos mostly are: rows, columns and channels of 8 bits."""
    rows, columns, bands = np.mgrid[0:height, 0:width, 0:channels]
    return (127.5 + 120 * np.sin(rows / 9 + bands) * np.cos(columns / 11 - bands)).astype(np.uint8)


def saved(image: Pixels | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return an image's file."""
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, kind, **options)
    return out.getvalue()


def do(operation: str, data: bytes, output: str | None = "outputs/x", **parameters: Any) -> Outcome:
    """Do an operation as a worker does."""
    declared = OPERATIONS[operation]
    return run(declared, declared.check(parameters), data, output, Limits(MAX_PIXELS, 1))


def opened(outcome: Outcome) -> Image.Image:
    """Return the image that came out."""
    image = open_image(outcome.data or b"")
    image.load()
    return image


def open_image(data: bytes) -> Image.Image:
    """Return an image that Pillow reads, or a HEIC, which it does not."""
    if data[8:12] not in (b"heic", b"heix"):
        return Image.open(io.BytesIO(data))
    image = pillow_heif.open_heif(data).to_pillow()
    image.format = "HEIC"
    return image


def pixels(outcome: Outcome) -> Pixels:
    """Return the pixels that came out."""
    return np.asarray(opened(outcome))


def read(data: bytes, mode: str | None = None) -> Pixels:
    """Return the pixels in a file, as any other program would see them."""
    with open_image(data) as image:
        return np.asarray(image.convert(mode) if mode else image)


def frames(data: bytes, mode: str = "RGBA") -> list[Pixels]:
    """Return the pixels of all frames in a file."""
    found = []
    with Image.open(io.BytesIO(data)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(np.asarray(image.convert(mode)))
    return found
