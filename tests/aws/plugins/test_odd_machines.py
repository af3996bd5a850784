"""The playbooks on machines that are set up otherwise: the folder's name, the environment, the streams.

Ansible itself runs `playbooks/preflight.yml`, which reads the inventory and asks AWS for much. What a setting
is heeded for is Ansible's own; here it only must not lead to a failure.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patience
from tests.places import REPOSITORY

# What means something to shells, pip, ssh, INI files, Jinja, URLs or a file system that counts bytes.
ODD = "a  b é 日本 'q' 100% #1 (b) [c] {d} & ; = ~ @ +"
LONG = "éa" * 80

PYTHON = {
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONIOENCODING": "ascii",
    "PYTHONPATH": "/nowhere",
    "PYTHONSTARTUP": "/nowhere",
    "PYTHONDONTWRITEBYTECODE": "1",
}
ANSIBLE = {
    "ANSIBLE_STDOUT_CALLBACK": "json",
    "ANSIBLE_STRATEGY": "free",
    "ANSIBLE_FORKS": "1",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_HASH_BEHAVIOUR": "merge",
    "ANSIBLE_PYTHON_INTERPRETER": "/nowhere/python",
    "ANSIBLE_LIBRARY": "/nowhere",
    "ANSIBLE_COLLECTIONS_PATH": "/nowhere",
    "ANSIBLE_LOG_PATH": "/nowhere/log",
    "ANSIBLE_SSH_ARGS": "-F /nowhere",
    "ANSIBLE_REMOTE_USER": "nobody",
    "ANSIBLE_PRIVATE_KEY_FILE": "/nowhere",
    "ANSIBLE_GATHERING": "smart",
    # Set to nothing, as some shells' files do: that is no profile without a name.
    "AWS_PROFILE": "",
}
TERMINAL = {"TERM": "", "COLUMNS": "1", "LINES": "0", "TZ": "Nowhere/Else", "LANG": "C", "CDPATH": "/"}


def project(folder: Path) -> Path:
    """Return a project like this one in a folder: its configuration, and all that it names."""
    folder.mkdir()
    shutil.copy(REPOSITORY / "ansible.cfg", folder)
    for path in REPOSITORY.iterdir():
        if path.name != "ansible.cfg" and not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.parametrize(
    ("name", "mode", "variables", "streams"),
    [
        (ODD, 0o755, {}, "</dev/null"),
        (LONG, 0o755, PYTHON | TERMINAL, "<&-"),
        ("plain", 0o700, ANSIBLE | {"TMPDIR": "{there}/a b"}, "</dev/null"),
        # Ansible reads no ansible.cfg in such a folder, unless it is named.
        ("open to all", 0o777, {"ANSIBLE_CONFIG": "{there}/open to all/ansible.cfg"}, "</dev/null"),
    ],
    ids=["an odd name", "a long name, Python's settings", "Ansible's settings", "open to all"],
)  # fmt: skip
def test_a_machine_set_up_otherwise_deploys_like_others(
    localcloud: dict[str, str], tmp_path: Path, name: str, mode: int, variables: dict[str, str], streams: str
) -> None:
    folder = project(tmp_path / name)
    folder.chmod(mode)
    (tmp_path / "a b").mkdir()
    given = {key: value.replace("{there}", str(tmp_path)) for key, value in variables.items()}
    playbook = shlex.quote(str(Path(sys.executable).parent / "ansible-playbook"))

    done = subprocess.run(
        [
            *(
                "bash",
                "-c",
                f"umask 077; exec {playbook} playbooks/preflight.yml {streams}" + ' "$@"',
                "bash",
            ),
            *("-e", "stack_name=odd-machine", "-e", "instances_count=0"),
        ],
        cwd=folder,
        env={**os.environ, **localcloud, **given},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=patience(120),
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    # The account was remembered in the project's own folder.
    assert (folder / ".jobfleet/odd-machine/account").is_file()
