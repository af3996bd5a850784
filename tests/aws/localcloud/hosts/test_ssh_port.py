"""Hosts on a machine whose own sshd listens on port 22 of all addresses."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.abilities import need_program, need_to_work
from tests.localcloud_fixture import REPOSITORY, Hosts, localcloud_command, parse_env
from tests.patience import patience

LISTEN = (
    "import socket, sys; s = socket.create_server(('0.0.0.0', 22)); print('listens', flush=True);"
    "sys.stdin.read()"
)

BOOT = """
import os, pathlib, sys
import boto3
from tests.abilities import need_program, need_to_work
from tests.localcloud_fixture import Hosts
hosts = Hosts(boto3.client("ec2"), pathlib.Path(sys.argv[1]))
key = hosts.folder / "user.pub"
hosts.ec2.import_key_pair(KeyName="localcloud-tests", PublicKeyMaterial=key.read_bytes())
[instance] = hosts.run()
print(hosts.ssh(hosts.wait(instance, "running")["PublicIpAddress"], "hostname"))
"""


@pytest.fixture
def network() -> Iterator[tuple[str, ...]]:
    """How to run a program in a network of its own, where port 22 is taken."""
    need_to_work("unshare", "--net", "true")
    start = [
        "unshare",
        "--net",
        "sh",
        "-c",
        'ip link set lo up && exec "$@"',
        "sh",
        sys.executable,
        "-c",
        LISTEN,
    ]
    with subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "listens\n"
        yield (str(shutil.which("nsenter")), f"--net=/proc/{listener.pid}/ns/net")
        listener.terminate()


def test_port_22_of_a_host_is_the_host_s_own(network: tuple[str, ...], hosts: Hosts, tmp_path: Path) -> None:
    need_program("nft")
    run = tmp_path / "run"
    up = localcloud_command("up", run=run, prefix=network)
    try:
        assert up.returncode == 0, up.stderr
        env = parse_env(localcloud_command("env", run=run, prefix=network).stdout)

        hostname = subprocess.run(
            [*network, sys.executable, "-c", BOOT, hosts.folder],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY), **env},
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )

        assert hostname.stdout.startswith("ip-127-77-"), hostname.stderr
    finally:
        down = localcloud_command("down", run=run, prefix=network)
    assert down.returncode == 0, down.stderr
    left = subprocess.run([*network, "nft", "list", "tables"], capture_output=True, text=True, check=True)
    assert "localcloud" not in left.stdout


def test_without_nftables_up_says_what_to_do(network: tuple[str, ...], tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("systemd-nspawn", "mmdebstrap", "mount", "umount"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    run = tmp_path / "run"

    up = localcloud_command("up", run=run, prefix=network, environment={"PATH": str(tools)})
    localcloud_command("down", run=run, prefix=network)

    assert up.returncode == 0, up.stderr
    assert "run `apt-get install nftables`, or give it a `ListenAddress`" in up.stderr
