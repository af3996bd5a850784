"""Outputs whose names cannot be on Windows.

No Windows is at hand: the client is told that it runs there, and the files lie on this system, where
such names can be.
"""

from pathlib import Path

import pytest
from jobfleet.batch.plan import make_plan
from jobfleet.errors import BadOutput
from jobfleet.files import paths
from jobfleet.files.outputs import make_folder, writable, written
from jobfleet.sending.output_paths import WantedOutput, out_path
from jobfleet_jobs.operations.catalogue import OPERATIONS

ODD = ["aux.jpg", "nul.txt.jpg", "a:b.jpg", "what?.jpg", "con .jpg"]


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ON_WINDOWS", True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ODD:
        (folder / name).write_bytes(b"x")
    return folder


def outputs(folder: Path) -> set[str]:
    wanted = WantedOutput(OPERATIONS["greyscale"], {}, out=str(folder.parent / "grey"), name="in-bucket")
    items = make_plan(wanted, [str(folder)]).items
    assert {item.name for item in items} == {f"in-bucket/{name}" for name in ODD}
    return {item.out.name for item in items if item.out}


@pytest.mark.usefixtures("on_windows")
def test_outputs_of_inputs_get_names_that_can_be_there(folder: Path) -> None:
    assert outputs(folder) == {"aux_.jpg", "nul_.txt.jpg", "a_b.jpg", "what_.jpg", "con_.jpg"}
    assert out_path("x/a:b.jpg", "blur", None) == Path("a_b-blur.jpg")


def test_elsewhere_they_keep_theirs(folder: Path) -> None:
    assert outputs(folder) == set(ODD)
    assert writable(folder / "aux.jpg") == folder / "aux.jpg"


@pytest.mark.usefixtures("on_windows")
def test_two_that_become_one_there_are_refused(folder: Path) -> None:
    (folder / "a_b.jpg").write_bytes(b"y")
    wanted = WantedOutput(OPERATIONS["greyscale"], {}, out=str(folder.parent / "grey"))
    with pytest.raises(BadOutput, match=r"would both be .*a_b\.jpg"):
        make_plan(wanted, [str(folder)])


@pytest.mark.usefixtures("on_windows")
@pytest.mark.parametrize("name", [*ODD, "x.jpg.", "x.jpg "])
def test_a_name_that_was_typed_is_refused_before_anything_is_sent(folder: Path, name: str) -> None:
    with pytest.raises(BadOutput, match=r"Windows .*give the output another name with --out"):
        writable(folder / name)
    with pytest.raises(BadOutput, match="Windows"):
        make_folder(folder / name)
    with pytest.raises(BadOutput, match="Windows"), written(folder / name):
        pass


@pytest.mark.usefixtures("on_windows")
@pytest.mark.parametrize("name", ["nul", "NUL", "con"])
def test_devices_can_be_written_to(tmp_path: Path, name: str) -> None:
    assert writable(tmp_path / name) == tmp_path / name
