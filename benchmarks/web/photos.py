"""The photos that are sent: small ones of some 30 KB, of which no two have the same size in pixels."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.telling.places import ROOT

PHOTO = ROOT / "examples" / "photo.jpg"
BYTES = 30_000

# So many sizes can be told apart; beyond them, photos come again under another name.
DIFFERENT = 1_000
_WIDTH, _HEIGHT, _IN_A_ROW = 240, 160, 40


@dataclass(frozen=True)
class Photo:
    """A photo as it is sent."""

    name: str
    size: tuple[int, int]
    data: bytes


def size_of(number: int) -> tuple[int, int]:
    """Return the width and height of a photo by its number."""
    number %= DIFFERENT
    return _WIDTH + number % _IN_A_ROW, _HEIGHT + number // _IN_A_ROW


def write_photos(folder: Path, count: int) -> None:
    """Write so many photos into a folder, all of `BYTES` bytes: what lacks is filled in behind the image."""
    with Image.open(PHOTO) as photo:
        whole = photo.convert("RGB").resize((480, 360))
    for number in range(min(count, DIFFERENT)):
        width, height = size_of(number)
        out = io.BytesIO()
        left, top = number % 160, number % 120
        part = whole.crop((left, top, left + width, top + height))
        part.save(out, "JPEG", quality=90, comment=_filling(part))
        (folder / f"{number}.jpg").write_bytes(out.getvalue())


def _filling(image: Image.Image) -> bytes:
    """Return a comment that makes the file `BYTES` long."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, comment=b"x")
    return b"x" * max(1, BYTES - out.tell() + 1)


def read_photo(folder: Path, number: int) -> Photo:
    """Return a photo by its number; names are different for all numbers."""
    data = (folder / f"{number % DIFFERENT}.jpg").read_bytes()
    return Photo(f"test_{number}.jpg", size_of(number), data)
