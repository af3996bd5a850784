"""Pictures whose files were not written to their end, and those that only look so."""

from typing import Any

import numpy as np
import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.reading.unwritten import UNWRITTEN
from PIL import Image

from tests.pictures import do, saved

NOISE = np.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=np.uint8)
FLAT = np.full((600, 800, 3), 255, dtype=np.uint8)
KINDS: dict[str, dict[str, Any]] = {"webp": {}, "webp lossless": {"lossless": True}, "avif": {}, "heic": {}}


def picture(kind: str, pixels: np.ndarray[Any, Any]) -> bytes:
    ending = kind.partition(" ")[0]
    if ending == "heic":
        return do("convert", saved(pixels), "outputs/x.heic").data or b""
    return saved(Image.fromarray(pixels), ending.upper(), **KINDS[kind])


@pytest.mark.parametrize("operation", ["convert", "strip"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_ends_in_zeros_is_said_or_refused(kind: str, operation: str) -> None:
    data = picture(kind, NOISE)
    assert UNWRITTEN not in do(operation, data).result["notes"]
    for cut in (300, len(data) // 2):
        assert {"broken-image", UNWRITTEN} & said(operation, data[:-cut] + bytes(cut))


def said(operation: str, data: bytes) -> set[str]:
    """Return the notes, or the code of the refusal."""
    try:
        return set(do(operation, data).result["notes"])
    except BadJob as refused:
        return {refused.code}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_one_colour_is_whole(kind: str) -> None:
    assert do("convert", picture(kind, FLAT), "outputs/x.png").result["notes"] == []
    assert do("convert", picture(kind, 0 * FLAT), "outputs/x.png").result["notes"] == []


def test_zeros_beside_the_pixels_tell_nothing() -> None:
    """Writers leave room for more metadata."""
    webp = saved(NOISE, "WEBP", exif=Image.Exif().tobytes() + bytes(600))
    assert webp.endswith(bytes(400))
    avif = picture("avif", NOISE) + (608).to_bytes(4) + b"free" + bytes(600)
    for data in (webp, avif):
        assert UNWRITTEN not in do("convert", data, "outputs/x.png").result["notes"]
