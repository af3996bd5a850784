"""The project's own wheel: its version changes with its sources and with nothing else."""

from pathlib import Path

import pytest
from ansible.module_utils.project.project_sources import SOURCES, base_version, build_of

from tests.places import REPOSITORY

FOLDERS, FILES = ["jobs", "worker"], ["README.md"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("jobs/jobfleet_jobs/version.py", "worker/inner/loop.py", "client/no_source.py", "README.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('__version__ = "1.2.0"\n')
    return tmp_path


def build(project: Path) -> str:
    return str(build_of(project, FOLDERS, FILES))


def test_what_is_no_source_changes_nothing(project: Path) -> None:
    before = build(project)
    (project / "client/no_source.py").write_text("another")
    (project / "jobs/__pycache__").mkdir()
    for leaving in ("jobs/__pycache__/version.pyc", "jobs/.hidden.py", "worker/notes.txt"):
        (project / leaving).write_text("leaving")
    (project / "worker/inner/loop.py").touch()

    assert build(project) == before


def test_every_change_of_a_source_is_another_build(project: Path) -> None:
    seen = [build(project)]
    (project / "worker/inner/loop.py").write_text("another")
    seen.append(build(project))
    (project / "worker/inner/loop.py").rename(project / "worker/inner/ring.py")
    seen.append(build(project))
    (project / "README.md").write_text("another")
    seen.append(build(project))
    (project / "worker/page.css").write_text("another")
    seen.append(build(project))

    assert len(set(seen)) == len(seen)


def test_the_version_is_read_without_a_build(project: Path) -> None:
    assert base_version(project) == "1.2.0"
    (project / "jobs/jobfleet_jobs/version.py").write_text("VERSION = 1\n")
    with pytest.raises(ValueError, match="names no version"):
        base_version(project)


def test_all_that_goes_into_the_wheel_counts_as_a_source() -> None:
    packages = ("jobs/jobfleet_jobs", "worker/jobfleet_worker", "client/jobfleet", "web/jobfleet_web")
    files = [path for package in packages for path in (REPOSITORY / package).rglob("*") if path.is_file()]

    assert {path.suffix for path in files if "__pycache__" not in path.parts} <= SOURCES
