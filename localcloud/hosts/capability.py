"""The ability of this machine to boot hosts, and the way out where it cannot."""

import os
import shutil
import uuid
from pathlib import Path

from localcloud.errors import HostsUnavailableError, LocalcloudError
from localcloud.hosts.cgroups import Group, hierarchies
from localcloud.hosts.disks.base_image import BOOKWORM, Say, ensure_image, image_folder
from localcloud.hosts.disks.mounts import mount, unmount_below
from localcloud.hosts.firewall import find_ssh_port
from localcloud.state import RunFolder, cache_folder

# The program that is looked for, and the Debian package that brings it.
_NSPAWN = ("systemd-nspawn", "systemd-container")
_MMDEBSTRAP = ("mmdebstrap", "mmdebstrap")


def prepare_hosts(run: RunFolder, say: Say) -> tuple[Path, int]:
    """Return the base image, built if need be, and the port for the hosts' sshd.

    Raises `HostsUnavailableError` with what to do.
    """
    cache = cache_folder()
    _require_root()
    _require_programs(cache)
    _require_cgroups(run)
    _require_overlay(run)
    ssh_port = find_ssh_port()
    return ensure_image(cache, BOOKWORM, say), ssh_port


def _require_root() -> None:
    if os.geteuid() != 0:
        raise HostsUnavailableError(
            "hosts cannot be booted without root: run `python -m localcloud up` as root"
        )


def _require_programs(cache: Path) -> None:
    wanted = [_NSPAWN] if image_folder(cache, BOOKWORM).is_dir() else [_NSPAWN, _MMDEBSTRAP]
    missing = [package for program, package in wanted if shutil.which(program) is None]
    if missing:
        names = " ".join(missing)
        raise HostsUnavailableError(f"hosts cannot be booted without {names}: run `apt-get install {names}`")


def _require_cgroups(run: RunFolder) -> None:
    if not hierarchies(Path("/proc/self/mounts").read_text()):
        raise HostsUnavailableError("hosts cannot be booted without control groups: mount /sys/fs/cgroup")
    group = Group(f"localcloud-{run.cloud}")
    try:
        group.create()
        group.destroy()
    except OSError as error:
        raise HostsUnavailableError(
            f"hosts cannot be booted because control groups are read-only ({error}): "
            "run it outside of a container, or in a privileged one"
        ) from error


def _require_overlay(run: RunFolder) -> None:
    trial = run.path / f"trial-{uuid.uuid4().hex[:8]}"
    try:
        for folder in ("lower", "upper", "work", "root"):
            (trial / folder).mkdir(parents=True)
        options = f"lowerdir={trial}/lower,upperdir={trial}/upper,workdir={trial}/work"
        mount(["-t", "overlay", "-o", options, "localcloud", f"{trial}/root"])
        unmount_below(trial)
    except LocalcloudError as error:
        raise HostsUnavailableError(
            f"hosts cannot be booted because overlays do not work in {run.path} ({error}): "
            "run it outside of a container, or set XDG_CACHE_HOME to a folder on ext4 or xfs"
        ) from error
    finally:
        shutil.rmtree(trial)
