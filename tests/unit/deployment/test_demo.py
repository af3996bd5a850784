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
    shutil.copy(REPOSITORY / "scripts/demo", made / "scripts")
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
