"""What scripts/system-packages installs, on which machines.

Its programs are stand-ins that write down what they were given: a real run needs another machine each time.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.places import REPOSITORY

SCRIPT = REPOSITORY / "scripts/system-packages"
TOOLS = ("bash", "env", "sort", "grep")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs: a root of Debian's kin that has nothing yet."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in TOOLS:
        found = next(place / name for place in map(Path, ("/usr/bin", "/bin")) if (place / name).exists())
        (programs / name).symlink_to(found)
    put(programs, "id", "echo 0")
    put(programs, "python3", "exit 0")
    put(programs, "apt-get", f'echo "$*" >> {tmp_path}/apt')
    put(programs, "apt-cache", "echo '  Candidate: 1.0'")
    return programs


def put(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/bash\n{script}\n")
    (programs / name).chmod(0o755)


def run(programs: Path, *arguments: str) -> tuple[list[str], str]:
    """Run it; return what it lets apt install, and what it says."""
    # It looks into /usr/sbin itself, where this machine may have some of it.
    script = programs.parent / "system-packages"
    script.write_text(SCRIPT.read_text().replace("/usr/sbin:/sbin", "").replace("/usr/share", "/nowhere"))
    done = subprocess.run(
        ["bash", script, *arguments],
        env={"PATH": str(programs), "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    log = programs.parent / "apt"
    lines = log.read_text().splitlines() if log.exists() else []
    words = [word for line in lines if line.startswith("install") for word in line.split()[1:]]
    return [word for word in words if not word.startswith("-")], done.stderr


def test_a_deployment_needs_no_browser_and_no_web_server(machine: Path) -> None:
    installed, _ = run(machine)

    assert {"mmdebstrap", "systemd-container", "openssh-client", "haproxy"} < set(installed)
    assert not {"chromium", "nginx"} & set(installed)


def test_tests_need_both(machine: Path) -> None:
    installed, _ = run(machine, "tests")

    assert {"chromium", "nginx", "mmdebstrap"} < set(installed)


def test_hosts_of_debian_need_debian_s_keys_where_the_machine_is_none(machine: Path) -> None:
    assert "debian-archive-keyring" in run(machine)[0]


def test_what_is_no_package_there_is_told_and_the_rest_is_installed(machine: Path) -> None:
    put(machine, "apt-cache", '[ "$2" = chromium ] && echo "  Candidate: (none)" || echo "  Candidate: 1.0"')

    installed, said = run(machine, "tests")

    assert "There is no package chromium here" in said
    assert "snap install chromium" in said
    assert "chromium" not in installed
    assert "nginx" in installed


def test_who_is_not_root_is_told_what_is_missing(machine: Path) -> None:
    put(machine, "id", "echo 1000")

    installed, said = run(machine)

    assert installed == []
    assert "it takes root on Debian" in said
    assert "mmdebstrap" in said
