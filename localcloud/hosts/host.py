"""One local host: a Debian under systemd-nspawn on an overlay of its image.

A host shares the machine's network and has an address of its own on the loopback interface,
where its sshd listens. It is no security boundary: root in a host is root on the machine.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.hosts.cgroups import Group
from localcloud.hosts.disks.disk import Disk
from localcloud.hosts.disks.layers import Layers
from localcloud.hosts.disks.mounts import unmount_below
from localcloud.hosts.firewall import SSH_PORT
from localcloud.hosts.metadata_server import MetadataServer
from localcloud.state import write_whole

# sshd sends its banner at once; one that is just starting may accept and then keep silent.
_BANNER_SECONDS = 1.0

# systemd-nspawn's exit status when the host asked for a reboot and `--keep-unit` is given.
REBOOT_STATUS = 133

# What systemd does on these signals to process 1: systemd(1), "Signals".
_POWEROFF_SIGNAL = signal.SIGRTMIN + 4
_REBOOT_SIGNAL = signal.SIGRTMIN + 5

# The machine's own files that a host needs to reach package registries as the machine does.
_SHARED_FILES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pip.conf"))

# By it the SDKs find an instance metadata service that is not at 169.254.169.254.
_METADATA_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"

_NSPAWN_RUN_FOLDER = Path("/run/systemd/nspawn")


@dataclass(frozen=True)
class Seed:
    """What cloud-init tells a host about itself on its first boot."""

    hostname: str
    public_keys: tuple[str, ...]
    user_data: bytes


@dataclass(frozen=True)
class HostSite:
    """What all hosts of one cloud have in common: the images' `layers`, and the `folder` for their files."""

    layers: Layers
    folder: Path
    cloud: str
    ssh_port: int
    """Where their sshd listen."""


class Host:
    """A host on disk and, between `start` and its end, as processes. Not for use by several threads."""

    def __init__(
        self,
        name: str,
        site: HostSite,
        memory: int,
        metadata: Callable[[Group], MetadataServer],
        image: str = "",
    ) -> None:
        """Prepare a host called `name` with `memory` bytes; no file is made before `create`.

        Its disk begins as the own `image`, or as Debian's if there is none of that name.
        """
        self.name = name
        self._folder, self._ssh_port = site.folder / name, site.ssh_port
        self._disk = Disk(name, self._folder, site.layers, image)
        self._memory = memory
        self._group = Group(f"localcloud-{site.cloud}/{name}")
        self._metadata = metadata(self._group)
        self._nspawn: subprocess.Popen[bytes] | None = None

    @property
    def console(self) -> Path:
        """The file that collects what all boots wrote to the console."""
        return self._folder / "console.log"

    def create(self, seed: Seed) -> None:
        """Make the disk, with what cloud-init shall find on it. Raises `LocalcloudError` or `OSError`."""
        self._disk.create()
        self.console.touch()
        self._disk.mount()
        nocloud = self._disk.root / "var/lib/cloud/seed/nocloud-net"
        # An image that was made of a host has the files of that one.
        nocloud.mkdir(parents=True, exist_ok=True)
        metadata = {
            "instance-id": self.name,
            "local-hostname": seed.hostname,
            "public-keys": list(seed.public_keys),
        }
        (nocloud / "meta-data").write_text(json.dumps(metadata))
        (nocloud / "user-data").write_bytes(seed.user_data)
        (nocloud / "user-data").chmod(0o600)

    def start(self, address: str) -> None:
        """Boot the host; its SSH will listen on `address`. Raises `LocalcloudError` or `OSError`."""
        self._disk.mount()
        variable = f"{_METADATA_VARIABLE}={self._metadata.listen(address)}"
        sshd = f"Port {self._ssh_port}\nListenAddress {address}\nSetEnv {variable}\n"
        self._write("etc/ssh/sshd_config.d/10-localcloud.conf", sshd)
        self._write(
            "etc/systemd/system.conf.d/10-localcloud.conf", f"[Manager]\nDefaultEnvironment={variable}\n"
        )
        self._write("etc/sudoers.d/10-localcloud", f"Defaults env_keep += {_METADATA_VARIABLE}\n")
        self._group.create()
        self._group.limit_memory(self._memory)
        enter_and_become = f'{self._group.enter_command()}; exec "$@"'
        with self.console.open("ab") as console:
            self._nspawn = subprocess.Popen(  # noqa: S603  the arguments are our own
                ["/bin/sh", "-ec", enter_and_become, "sh", *self._nspawn_command()],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_LOCK": "0", "SYSTEMD_LOG_TARGET": "console"},
                start_new_session=True,
            )

    def _write(self, name: str, text: str) -> None:
        path = self._disk.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)

    def _nspawn_command(self) -> list[str]:
        return [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            f"--directory={self._disk.root}",
            f"--machine={self.name}",
            "--register=no",
            "--keep-unit",
            "--console=read-only",
            "--link-journal=no",
            "--timezone=off",
            "--resolv-conf=bind-host",
            *(f"--bind-ro={path}" for path in _SHARED_FILES if path.exists()),
        ]

    def exit_status(self) -> int | None:
        """Return systemd-nspawn's exit status, None while it runs."""
        return None if self._nspawn is None else self._nspawn.poll()

    def power_off(self) -> None:
        """Ask the host to shut down in order."""
        self._signal_init(_POWEROFF_SIGNAL)

    def reboot(self) -> None:
        """Ask the host to shut down in order and end with `REBOOT_STATUS`."""
        self._signal_init(_REBOOT_SIGNAL)

    def _signal_init(self, number: int) -> None:
        init = self._init_pid()
        if init is not None:
            with suppress(ProcessLookupError):
                os.kill(init, number)

    def _init_pid(self) -> int | None:
        """Return the host's process 1 as the machine numbers it: nspawn's child that is 1 inside."""
        if self._nspawn is None:
            return None
        for pid in self._group.pids():
            with suppress(FileNotFoundError, ProcessLookupError):
                status = Path(f"/proc/{pid}/status").read_text()
                fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
                if int(fields["PPid"]) == self._nspawn.pid and fields["NSpid"].split()[-1] == "1":
                    return pid
        return None

    def turn_off(self) -> None:
        """Kill what still runs and unmount the disk, which stays. Nothing to do if the host is off."""
        self._metadata.close()
        self._group.destroy()
        if self._nspawn is not None:
            self._nspawn.wait()
            self._nspawn = None
        self._disk.unmount()
        _remove_nspawn_leftovers(self.name)

    def freeze(self, image: str) -> None:
        """Make an image of the disk of the host, which is off; see `Disk.freeze`."""
        self._disk.freeze(image)

    def copy(self, image: str) -> None:
        """Make an image of the disk as it stands; see `Disk.copy`."""
        self._disk.copy(image)

    def destroy(self) -> None:
        """Remove the host and its disk; the console stays for `GetConsoleOutput`."""
        self.turn_off()
        self._disk.destroy()


def ssh_answers(address: str) -> bool:
    """Tell whether an SSH server greets on `address`."""
    try:
        with socket.create_connection((address, SSH_PORT), timeout=_BANNER_SECONDS) as connection:
            return connection.recv(8) == b"SSH-2.0-"
    except OSError:
        # Refused, reset or silent: not yet.
        return False


def remove_nspawn_leftovers(names: list[str]) -> None:
    """Remove what systemd-nspawn leaves in /run, which it does even after an orderly end."""
    for name in names:
        _remove_nspawn_leftovers(name)
    for folder in (_NSPAWN_RUN_FOLDER / "propagate", _NSPAWN_RUN_FOLDER / "unix-export", _NSPAWN_RUN_FOLDER):
        # Not empty means that other containers run here.
        with suppress(OSError):
            folder.rmdir()


def _remove_nspawn_leftovers(name: str) -> None:
    for folder in ("propagate", "unix-export"):
        path = _NSPAWN_RUN_FOLDER / folder / name
        if path.is_dir():
            unmount_below(path)
            shutil.rmtree(path)
