"""Files and folders on the controller, without a module's process."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.actions import action, run


def ensure(path: Path, *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    return run(action("local_file"), {"path": str(path), **more}, name="local_file", check_mode=check_mode)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_made_once_with_those_above_it(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "folder"

    told = ensure(folder, mode="0700", check_mode=True)
    assert not folder.exists()
    made, again = ensure(folder, mode="0700"), ensure(folder, mode="0700")

    assert [told["changed"], made["changed"], again["changed"]] == [True, True, False]
    assert (mode_of(folder), mode_of(folder.parent)) == (0o700, 0o700)


def test_a_file_is_written_where_its_content_or_mode_is_another(tmp_path: Path) -> None:
    file = tmp_path / "file"
    wanted = {"content": "one\n", "mode": "0600"}

    told, made = ensure(file, **wanted, check_mode=True), ensure(file, **wanted)
    assert told["diff"] == made["diff"] == {
        "before": {}, "after": {"path": str(file), "mode": "0600", "content": "one\n"},
    }  # fmt: skip
    assert (file.read_text(), mode_of(file)) == ("one\n", 0o600)
    assert ensure(file, **wanted)["changed"] is False
    file.chmod(0o644)
    assert ensure(file, **wanted)["changed"] is True
    assert mode_of(file) == 0o600
    file.write_text("two\n")
    assert ensure(file, **wanted)["changed"] is True
    assert (file.read_text(), list(tmp_path.iterdir())) == ("one\n", [file])


@pytest.mark.parametrize("more", [{}, {"content": "x"}])
def test_what_cannot_be_made_is_said(tmp_path: Path, more: dict[str, Any]) -> None:
    (tmp_path / "file").write_text("here")

    answer = ensure(tmp_path / "file" / "below", mode="0700", **more)

    assert answer["failed"] is True
    assert str(tmp_path / "file") in answer["msg"]
