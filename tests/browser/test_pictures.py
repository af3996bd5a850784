"""The pictures in docs/web.md show the page as it is.

`JOBFLEET_PICTURES=1` takes them anew. Without it, the page is led to each scene all the same.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.person import Person, file
from tests.pictures import saved, smooth
from tests.places import REPOSITORY

Visit = Callable[..., Person]

FOLDER = REPOSITORY / "docs" / "pictures"

LARGEST_BYTES = 150_000

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "is_mobile": True, "color_scheme": "dark",
    "device_scale_factor": 2,
}  # fmt: skip


def start(visit: Visit, photo: Path) -> Person:
    """The empty page."""
    return visit().ready().choose("threshold")


def batch(visit: Visit, photo: Path) -> Person:
    """A batch with results of several kinds, and one that failed."""
    person = visit().ready().choose("threshold").send(photo)
    person.choose("edges").send(file("waves.png", saved(smooth(300, 400))), file("notes.png", b"words"))
    person.choose("histogram").send(file("lake.jpg", photo.read_bytes(), "image/jpeg"))
    person.choose("stats").page.get_by_label("Type or paste numbers").fill("3 4 5 1 2 9.5 7")
    person.page.get_by_role("button", name="Compute").click()
    person.settled(5)
    person.choose("threshold").page.evaluate("scrollTo(0, 0)")
    return person


def details(visit: Visit, photo: Path) -> Person:
    """One job in full."""
    person = visit().ready().choose("greyscale").send(photo).settled(1)
    person.row("photo.jpg").get_by_role("button", name="Details").click()
    expect(person.page.get_by_alt_text("After: photo.jpg").last).to_be_visible()
    return person


def phone(visit: Visit, photo: Path) -> Person:
    """A batch on a phone, in the dark."""
    person = visit(**PHONE).ready().choose("greyscale").send(photo)
    person.send(file("waves.png", saved(smooth(300, 400)))).settled(2)
    person.page.locator("#batch").evaluate("batch => batch.scrollIntoView()")
    return person


@pytest.mark.parametrize("scene", [start, batch, details, phone], ids=lambda scene: scene.__name__)
def test_a_picture_is_there_and_small(visit: Visit, photo: Path, scene: Callable[..., Person]) -> None:
    path = FOLDER / f"page-{scene.__name__}.webp"
    person = scene(visit, photo)
    # All images of the window are drawn: a picture of frames would tell nothing.
    person.page.evaluate("() => Promise.all([...document.images].map((image) => image.decode()))")

    shot = person.page.screenshot(animations="disabled")

    if os.environ.get("JOBFLEET_PICTURES"):
        Image.open(io.BytesIO(shot)).save(path, quality=80, method=6)
    assert 5_000 < path.stat().st_size < LARGEST_BYTES
    with Image.open(path) as kept, Image.open(io.BytesIO(shot)) as taken:
        assert kept.size == taken.size
    assert path.name in (REPOSITORY / "docs" / "web.md").read_text()


def test_no_picture_is_left_over() -> None:
    page = (REPOSITORY / "docs" / "web.md").read_text()

    assert [path.name for path in FOLDER.iterdir() if path.name not in page] == []
