"""Still WebP files: lossless pixels are those that were written, and a file that is cut off says where."""

import io
from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.operations.run import run
from numpy.typing import NDArray
from PIL import Image, ImageCms

LIMITS = Limits(max_pixels=100_000, max_numbers=1)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def do(data: bytes) -> Outcome:
    convert = OPERATIONS["convert"]
    return run(convert, convert.check({}), data, "outputs/x.png", LIMITS)


def noise(width: int, height: int, channels: int) -> NDArray[np.uint8]:
    return np.random.default_rng(width).integers(0, 256, (height, width, channels), dtype=np.uint8)


def webp(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", lossless=True, exact=True, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"icc_profile": PROFILE}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (16, 3)], ids=str)
def test_lossless_pixels_are_those_that_were_written(
    size: tuple[int, int], channels: int, options: dict[str, Any]
) -> None:
    """Colours that cannot be seen, too."""
    pixels = noise(*size, channels)
    with Image.open(io.BytesIO(do(webp(pixels, **options)).data or b"")) as image:
        assert (np.asarray(image) == pixels).all()
        assert image.info.get("icc_profile") == options.get("icc_profile")


@pytest.mark.parametrize("cut", [2, 5, 20, 100])
def test_a_file_that_is_cut_off_says_where(cut: int) -> None:
    whole = webp(noise(9, 9, 4))
    with pytest.raises(BadJob, match=f"ends at byte {len(whole) - cut}, and the image at") as refused:
        do(whole[:-cut])
    assert refused.value.code == "broken-image"
