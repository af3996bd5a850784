"""What the playbook makes of packages on the controller: a wheel for each state of a folder."""

from pathlib import Path

import pytest
from ansible.module_utils.project import operation_wheels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "words"
    made.mkdir()
    (made / "pyproject.toml").write_text("[project]\n")
    (made / "words.py").write_text("one")
    return made


def state(folder: Path) -> str:
    return str(operation_wheels.hash_of(folder, operation_wheels.sources(folder)))


def test_every_change_of_a_source_is_another_state_and_leavings_are_none(folder: Path) -> None:
    before = state(folder)
    for leaving in ("__pycache__/x.pyc", "build/lib/words.py", "words.egg-info/PKG-INFO", ".git/HEAD"):
        path = folder / leaving
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("leaving")
    assert state(folder) == before
    (folder / "words.py").write_text("two")
    changed = state(folder)
    assert changed != before
    (folder / "words.py").rename(folder / "wordy.py")
    assert state(folder) not in (before, changed)


def test_a_state_that_was_built_is_not_built_again(folder: Path, tmp_path: Path) -> None:
    digest = state(folder)
    kept = tmp_path / "kept"
    (kept / digest).mkdir(parents=True)
    (kept / digest / "words-1.0-py3-none-any.whl").write_text("wheel")
    made, now = operation_wheels.one("./words", tmp_path, kept)
    assert not now
    assert (made["package"], made["hash"]) == ("words-1.0-py3-none-any.whl", digest)


@pytest.mark.parametrize("package", ["name", "name==1.0", "name[x]>=1", "name @ https://x/y.whl", "a ; x"])
def test_requirements_are_left_to_pip(tmp_path: Path, package: str) -> None:
    assert operation_wheels.one(package, tmp_path, tmp_path) == ({"package": package}, False)


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("--index-url=x", "no pip requirement"),
        ("-r", "no pip requirement"),
        ("name\n--index-url", "no pip requirement"),
        ("", "no pip requirement"),
        ("./words/words.py", "neither a wheel nor a folder"),
        ("./no/such", "neither a wheel nor a folder"),
        ("../" + "x" * 20 + ".whl", "neither a wheel nor a folder"),
    ],
)
def test_what_is_no_package_is_refused(folder: Path, tmp_path: Path, package: str, words: str) -> None:
    with pytest.raises(operation_wheels.BadPackage, match=words):
        operation_wheels.one(package, tmp_path, tmp_path)


def test_a_folder_that_is_far_too_large_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation_wheels, "FILES_MAX", 1)
    with pytest.raises(operation_wheels.BadPackage, match="is it a package's folder"):
        operation_wheels.sources(folder)
