"""The built wheel in an environment of its own, with nothing beside it but what it declares to need."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit
from packaging.requirements import Requirement

from tests.patience import patience
from tests.places import REPOSITORY


def needed_by(requires: Iterable[str], extras: Iterable[str] = ()) -> dict[str, Distribution]:
    """What a distribution with these requirements needs, and what that needs, as it is here; by name."""
    found: dict[str, Distribution] = {}
    for line in requires:
        requirement = Requirement(line)
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        )
        if wanted and requirement.name not in found:
            found[requirement.name] = distribution(requirement.name)
            found |= needed_by(found[requirement.name].requires or (), requirement.extras)
    return found


def requirements_of(wheel: Path) -> list[str]:
    """What a wheel declares to need."""
    (metadata,) = (path for path in zipfile.Path(wheel).iterdir() if path.name.endswith(".dist-info"))
    return PathDistribution(metadata).requires or []


def pip(*arguments: str | Path, **environment: str) -> None:
    """Run this environment's pip."""
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        cwd=REPOSITORY, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, and links to what it needs in place of downloads.

    An index need not be there for that; `pip check` says whether anything declared is missing.
    """
    folder = tmp_path_factory.mktemp("installed")
    pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, REPOSITORY)
    (wheel,) = folder.glob("*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    for needed in needed_by(requirements_of(wheel)).values():
        for top in {file.parts[0] for file in needed.files or ()} - {"..", "__pycache__"}:
            (packages / top).symlink_to(Path(str(needed.locate_file(top))))
    pip("--python", venv, "install", "--quiet", "--no-index", "--no-deps", wheel)
    pip("--python", venv, "check")
    return venv


def test_the_wheel_takes_five_names_of_its_own_and_none_that_a_person_s_script_may_have(
    installed: Path, tmp_path: Path
) -> None:
    (packages,) = installed.glob("lib/python*/site-packages")
    (metadata,) = packages.glob("jobfleet-*.dist-info")
    record = (metadata / "RECORD").read_text()
    tops = {line.partition("/")[0] for line in record.splitlines()} - {"..", metadata.name}
    assert tops == {"jobfleet", "jobfleet_jobs", "jobfleet_scaling", "jobfleet_web", "jobfleet_worker"}

    for name in ("client", "worker", "jobs", "scaling", "web"):
        (tmp_path / f"{name}.py").write_text("mine = True\n")
    (tmp_path / "script.py").write_text(
        "import client, jobs, scaling, web, worker; from jobfleet import Fleet; print(client.mine)\n"
    )
    ran = subprocess.run(
        [installed / "bin/python", tmp_path / "script.py"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("True\n", "")


def test_the_wheel_needs_neither_ansible_nor_pillow_nor_the_worker_s_parts(installed: Path) -> None:
    look = "from importlib.util import find_spec; print([n for n in {names} if find_spec(n)])"
    names = ["ansible", "PIL", "pebble", "moto", "flask", "localcloud", "tests", "jobfleet", "boto3"]
    ran = subprocess.run(
        [installed / "bin/python", "-I", "-c", look.format(names=names)], cwd=installed,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout == "['jobfleet', 'boto3']\n"


def test_the_installed_client_answers_from_a_copy_of_the_variables_file(
    installed: Path, stack: Any, tmp_path: Path
) -> None:
    stack.worker()
    whole = (REPOSITORY / "inventory/group_vars/all.yml").read_text()
    (tmp_path / "all.yml").write_text(whole.replace("stack_name: jobfleet", f"stack_name: {stack.name}"))
    ran = subprocess.run(
        [installed / "bin/jobfleet", "--quiet", "--vars", "all.yml", "stats", "1", "2", "3"],
        cwd=tmp_path, env={**stack.environment, "PYTHONPATH": ""},
        capture_output=True, text=True, timeout=patience(60), check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "mean    2\n" in ran.stdout


def test_without_its_packages_a_load_says_how_to_install_them(installed: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [installed / "bin/jobfleet", "bench", "http", "http://127.0.0.1:9/"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (Exit.NOT_INSTALLED, "")
    assert "`pip install aiohttp matplotlib numpy`" in ran.stderr
