"""What a run refuses before anything is sent."""

from pathlib import Path

import pytest
from jobfleet.batch.plan import make_plan
from jobfleet.errors import BadInput, BadOutput
from jobfleet.sending.output_paths import WantedOutput
from jobfleet_jobs.operations.catalogue import OPERATIONS

WANTED = OPERATIONS["greyscale"]


def images(folder: Path, *names: str) -> list[str]:
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"x")
    return [str(folder / name) for name in names]


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_names_that_no_file_can_have_are_told(tmp_path: Path, name: str) -> None:
    there = images(tmp_path / "in", "a.png", "b.png")
    with pytest.raises(BadOutput, match="is no name that a folder can have"):
        make_plan(WantedOutput(WANTED, {}, str(tmp_path / name)), there)
    with pytest.raises(BadInput, match="is no name that a file can have"):
        make_plan(WantedOutput(WANTED, {}, str(tmp_path / "out")), [*there, name])
