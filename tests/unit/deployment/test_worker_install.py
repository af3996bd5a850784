"""How the role `worker` installs what pip shall install, and makes Python's bytecode of it.

pip is a stand-in here: what it brings, and how it ends, is what each test says. The playbooks' tests run the
real one.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.places import REPOSITORY

VARIABLES = REPOSITORY / "roles/worker/vars/main.yml"
PIP = '#!/bin/sh\nprintf "%s\\n" "$@" > "$0.told"\nexit "$(cat "$0.code")"\n'


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A virtual environment with some packages, and a pip that says how it was called."""
    made = tmp_path / "with a space"
    (made / "bin").mkdir(parents=True)
    (made / "bin/pip").write_text(PIP)
    (made / "bin/pip").chmod(0o755)
    (made / "bin/pip.code").write_text("0")
    (made / "bin/python").symlink_to(sys.executable)
    for name in (
        "jobfleet_worker/main.py",
        "jobfleet_worker/tests/one.py",
        "jobfleet/main.py",
        "templates/main.py",
    ):
        file = made / "lib/python3.11/site-packages" / name
        file.parent.mkdir(parents=True)
        file.write_text("{% if this is no Python %}" if "templates" in name else "a = 1\n")
    return made


def install(venv: Path, *words: str) -> int:
    text = yaml.safe_load(VARIABLES.read_text())["__worker_pip_install"]
    return subprocess.run(["/bin/sh", "-euc", text, venv, *words], check=False).returncode


def test_bytecode_is_made_for_what_a_worker_imports_and_what_is_no_python_ends_nothing(venv: Path) -> None:
    assert install(venv, "--constraint=the file", "jobfleet[worker] @ file:///a b") == 0

    told = (venv / "bin/pip.told").read_text().splitlines()
    assert told[0] == "install"
    assert told[-3:] == ["--no-compile", "--constraint=the file", "jobfleet[worker] @ file:///a b"]
    packages = venv / "lib/python3.11/site-packages"
    assert {path.relative_to(packages).parts[0] for path in packages.rglob("*.pyc")} == {"jobfleet_worker"}
    assert not list(packages.glob("jobfleet_worker/tests/**/*.pyc"))


def test_where_pip_fails_the_installation_does(venv: Path) -> None:
    (venv / "bin/pip.code").write_text("3")

    assert install(venv, "jobfleet") == 3
    assert not list(venv.rglob("*.pyc"))
