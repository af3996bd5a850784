"""How the hosts are reached by SSH: from folders of any name, past a person's own configuration."""

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.patience import patience
from tests.places import REPOSITORY


def ansible(module: str, arguments: dict[str, Any], inventory: Path, **given: Any) -> dict[str, Any]:
    """Return the result of one module on the one host of an inventory."""
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "ansible", "--inventory", inventory, "workers", "-m", module),
            *("-a", json.dumps(arguments), "-e", json.dumps(given)),
        ],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
        },
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert '"plays"' in done.stdout, done.stdout + done.stderr
    play = json.loads(done.stdout[done.stdout.index("{") :])["plays"][0]
    result: dict[str, Any] = play["tasks"][0]["hosts"]["host"]
    return result


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """An inventory of one worker, with the project's own variables beside it."""
    (tmp_path / "group_vars").symlink_to(REPOSITORY / "inventory" / "group_vars")
    file = tmp_path / "hosts.yml"
    host = {"ansible_host": "127.0.0.1", "ansible_port": 9}
    hosts = {"workers": {"hosts": {"host": host}}}
    file.write_text(json.dumps({"fleet_hosts": {"children": hosts}}))
    return file


def test_a_folder_s_name_may_hold_blanks_and_percent_signs_and_no_configuration_is_read(
    inventory: Path,
) -> None:
    folder = "/a  folder/100%"

    told = ansible(
        "ansible.builtin.debug",
        {"msg": "{{ ansible_ssh_common_args }}"},
        inventory,
        stack_folder=folder,
    )["msg"]

    arguments = shlex.split(told)
    shown = subprocess.run(["ssh", *arguments, "-G", "host"], capture_output=True, text=True, check=True)
    settings = dict(line.split(" ", 1) for line in shown.stdout.splitlines())
    # Two paths would stand there with one blank between.
    assert settings["userknownhostsfile"].replace("%%", "%") == f"{folder}/known_hosts"
    assert arguments[:2] == ["-F", "none"]
    assert settings["hostkeyalias"] == "jobfleet.jobfleet"


def test_a_host_that_does_not_answer_is_said_with_what_may_stand_between(inventory: Path) -> None:
    told = ansible("host_look", {"wait": 1}, inventory, firewall_caller="203.0.113.7/32")

    assert told["unreachable"] is True
    assert "127.0.0.1 did not answer on port 22 for 1 s" in told["msg"]
    for word in ("security group", "nc -vz 127.0.0.1 22", "campus", "port 22", "proxy", "ssh_from"):
        assert word in told["msg"], word


def test_a_host_that_hangs_is_not_taken_for_a_network_that_lets_nothing_out(inventory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        told = ansible(
            "host_look", {"wait": 1}, inventory, firewall_caller="203.0.113.7/32",
            ansible_port=port, ansible_timeout=1, ansible_ssh_timeout=1,
        )  # fmt: skip

    assert told["unreachable"] is True
    assert "127.0.0.1 lets connections in on port 22 and said nothing for 1 s: it hangs" in told["msg"]
    assert "terminate it" in told["msg"]
    assert "campus" not in told["msg"]
