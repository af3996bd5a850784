"""The folder that runs of many images work on."""

from pathlib import Path

import pytest

from tests.client_run import picture


@pytest.fixture
def folder(home: Path) -> Path:
    """A folder with twelve images in it and below, all different, and two other files."""
    for number in range(9):
        picture(home / "in" / f"{number}.png", number)
    for number in range(3):
        picture(home / "in" / "deeper" / f"{number}.jpg", 100 + number)
    (home / "in" / "notes.txt").write_text("words")
    (home / "in" / ".hidden.png").write_text("words")
    return home / "in"
