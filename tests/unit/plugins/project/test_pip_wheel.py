"""Wheels that pip builds, in folders of any name and past the settings of a person's own Python."""

from pathlib import Path

import pytest
from ansible.module_utils.project.pip_wheel import build_wheel


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder whose name has all that means something to pip, a shell or a URL."""
    made = tmp_path / "a ; b [c] #1 100% é 日 @ 'q'"
    made.mkdir()
    (made / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "words"\nversion = "1"\n'
    )
    (made / "words.py").write_text("")
    return made


def test_neither_the_folder_s_name_nor_settings_of_python_keep_a_wheel_from_being_built(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("pip", "hashlib"):
        (tmp_path / "mine" / f"{name}.py").write_text("raise RuntimeError('not this one')")
    # A module of the project's own is no module of pip's either.
    (project / "json.py").write_text("raise RuntimeError('not this one')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine"))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))

    assert build_wheel(project, tmp_path / "out", "--no-build-isolation") == ""

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["words-1-py2.py3-none-any.whl"]


def test_what_pip_says_against_a_project_is_returned(project: Path, tmp_path: Path) -> None:
    (project / "pyproject.toml").write_text("[project\n")

    assert "at the end of a table declaration" in build_wheel(
        project, tmp_path / "out", "--no-build-isolation"
    )
