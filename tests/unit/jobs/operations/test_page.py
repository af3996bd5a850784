"""docs/operations.md can be followed: its files are an operation, and its commands print what it says."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import jobfleet_jobs
import pytest
from jobfleet_jobs.operations.custom import GROUP, Own
from jobfleet_worker.offers.package_probe import probe_entry

from tests.places import REPOSITORY

PAGE = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
BLOCKS = [
    (found[1], found[2]) for found in re.finditer(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that step 1 makes."""
    python = next(code for kind, code in BLOCKS if kind == "python")
    project = next(code for kind, code in BLOCKS if kind == "toml")
    (tmp_path / "line_count.py").write_text(python)
    (tmp_path / "pyproject.toml").write_text(project)
    return tmp_path


def test_its_files_make_an_operation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    entries = project["project"]["entry-points"][GROUP]
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["include"] == ["line_count.py"]
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "line_count", raising=False)
    assert probe_entry(entries["line-count"])["declaration"]["name"] == "line-count"


def test_its_command_prints_what_it_says(folder: Path) -> None:
    command = next(
        line
        for kind, code in BLOCKS
        if not kind
        for line in code.splitlines()
        if line.startswith("python -c")
    )
    ran = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], cwd=folder, capture_output=True, text=True, check=True
    )
    assert f"prints `{ran.stdout.strip()}`" in PAGE


def test_its_kinds_of_parameters_are_those_there_are() -> None:
    declared = re.findall(r"^\| [\w ]+ \| `(\w+\(.*?\))` \| `--param", PAGE, re.MULTILINE)
    names = {name: getattr(jobfleet_jobs, name) for name in jobfleet_jobs.__all__}
    made = [eval(code, names) for code in declared]  # noqa: S307 - of our own page
    assert {type(each).kind for each in made} == {"whole number", "number", "choice", "text", "flag"}
    assert not isinstance(made[0], Own)
