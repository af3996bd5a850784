"""The demo keeps away from the account of whoever runs it.

Its programs are stand-ins that write down what they were given: a whole demo boots a host for a minute, and
what must not happen shows in the environment of each program.
"""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.places import REPOSITORY

# What `python -m localcloud env` prints, as far as the demo needs it.
CLOUD = {"AWS_ACCESS_KEY_ID": "ASIADEMO", "AWS_SECRET_ACCESS_KEY": "demo", "AWS_SESSION_TOKEN": "demo"}
ENV = " ".join(["unset AWS_PROFILE; export", *(f"{name}={value}" for name, value in CLOUD.items())])
PROGRAM = f"""#!/bin/sh
{{ printf '%s|' "$0" "$*" "$AWS_CONFIG_FILE" "$AWS_SHARED_CREDENTIALS_FILE" "$AWS_PROFILE"; echo; }} >> "$LOG"
env -0 >> "$LOG.environment"
case "$*" in
  "-m localcloud env") echo '{ENV}' ;;
  "-m localcloud status --json") echo '{{"hosts_bootable": true}}' ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the demo and stand-ins for all that it starts."""
    made = tmp_path / "project"
    (made / ".venv/bin").mkdir(parents=True)
    (made / "scripts").mkdir()
    for name in ("demo", "plain-shell", "credentials"):
        shutil.copy(REPOSITORY / "scripts" / name, made / "scripts")
    for name in ("python", "ansible-playbook", "jobfleet"):
        program = made / ".venv/bin" / name
        program.write_text(PROGRAM)
        program.chmod(0o755)
    return made


def test_each_program_of_the_demo_reads_neither_settings_nor_keys_of_the_person(
    project: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    (tmp_path / "home/.aws").mkdir(parents=True)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "LOG": str(log),
        "AWS_PROFILE": "work",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "home/.aws/credentials"),
    }
    subprocess.run([project / "scripts/demo"], env=environment, check=True, capture_output=True, cwd=tmp_path)

    started = [line.split("|") for line in log.read_text().splitlines()]
    assert {Path(program).name for program, *_ in started} == {"python", "ansible-playbook", "jobfleet"}
    keys = project / ".jobfleet/demo-credentials"
    for program, words, settings, credentials, profile, _ in started:
        what = shlex.join([program, words])
        assert (settings, credentials) == ("/dev/null", str(keys)), what
        assert not profile or Path(program).name == "python", what
    assert f"aws_access_key_id = {CLOUD['AWS_ACCESS_KEY_ID']}\n" in keys.read_text()
    assert keys.stat().st_mode & 0o077 == 0


# What people have in their environments, by what it would do to a script that heeds it.
HOSTILE = {
    "ANSIBLE_INVENTORY": "/nowhere",
    "ANSIBLE_STDOUT_CALLBACK": "json",
    "ANSIBLE_CONFIG": "/nowhere/ansible.cfg",
    "JOBFLEET_STACK": "another",
    "PYTHONHOME": "/nowhere",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "LC_ALL": "xx_YY.UTF-8",
    "CDPATH": "/:/tmp",
    "TERM": "",
    "COLUMNS": "1",
    "GREP_OPTIONS": "-v",
}


def environments(log: Path) -> list[dict[str, str]]:
    """Return the environment of each program that was started, in order."""
    found: list[dict[str, str]] = [{}]
    for entry in Path(f"{log}.environment").read_text().split("\0")[:-1]:
        name, _, value = entry.partition("=")
        if name in found[-1]:
            found.append({})
        found[-1][name] = value
    return found


def start(project: Path, script: str, log: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the project as `make` does: from its folder, by a relative path."""
    return subprocess.run(
        [f"scripts/{script}"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(log.parent), "LOG": str(log), **more},
        cwd=project,
        input="a block",
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_demo_heeds_no_variable_of_the_person_s_and_runs_in_utf_8(project: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    # Where CDPATH would lead.
    (tmp_path / "else/scripts").mkdir(parents=True)

    done = start(project, "demo", log, **{**HOSTILE, "CDPATH": str(tmp_path / "else")})

    assert "\033" not in done.stdout
    for environment in environments(log):
        names = {name for name in environment if name.startswith(("ANSIBLE_", "JOBFLEET_", "PYTHON"))}
        assert names == {"ANSIBLE_CONFIG"}
        assert environment["ANSIBLE_CONFIG"] == str(project / "ansible.cfg")
        assert environment["LC_ALL"] == "C.UTF-8"


def test_new_credentials_go_in_with_the_project_s_configuration_in_a_folder_open_to_all(
    project: Path, tmp_path: Path
) -> None:
    project.chmod(0o777)

    start(project, "credentials", tmp_path / "log", LC_ALL="POSIX", CDPATH=str(tmp_path))

    [environment] = environments(tmp_path / "log")
    assert environment["ANSIBLE_CONFIG"] == str(project / "ansible.cfg")
    assert environment["LC_ALL"] == "C.UTF-8"


def test_a_configuration_that_the_person_names_counts(project: Path, tmp_path: Path) -> None:
    start(project, "credentials", tmp_path / "log", ANSIBLE_CONFIG="/mine.cfg", LC_ALL="C.UTF-8")

    [environment] = environments(tmp_path / "log")
    assert environment["ANSIBLE_CONFIG"] == "/mine.cfg"
