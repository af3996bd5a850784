"""A control group for each host, so that its processes stay apart and none can be missed.

Under `--keep-unit`, systemd-nspawn leaves a host in the caller's control group. Two hosts would
then share one, and the systemd of each would take the other's services for its own. Each host
therefore gets `localcloud-<cloud>/<instance id>`, in every hierarchy a systemd looks at: the
unified one (cgroup v2) and, on hybrid machines, the one named `systemd` (cgroup v1) as well. There
memory has a hierarchy of its own, and the group is in that one too.
The groups outlive the server, which makes them the way to find all processes after a kill -9.
"""

import errno
import os
import shlex
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import LocalcloudError

# Killing takes milliseconds; a process in uninterruptible sleep can hold it up.
_KILL_SECONDS = 10.0
_PAUSE_SECONDS = 0.02

# By their names in the second version and the first. EC2's instances have no swap.
_MEMORY_LIMITS = (("memory.max", "{}"), ("memory.limit_in_bytes", "{}"))
_NO_SWAP = (("memory.swap.max", "0"), ("memory.memsw.limit_in_bytes", "{}"))

# What the hierarchies of the first version that count are mounted with.
_USED = {"name=systemd", "memory"}


def hierarchies(mounts: str) -> list[Path]:
    """Return where the hierarchies that systemd uses, and the one that limits memory, are mounted.

    `mounts` is the content of `/proc/self/mounts`: device, mount point, type, options.
    """
    found = []
    for line in mounts.splitlines():
        _, point, kind, options, *_ = line.split(" ")
        if kind == "cgroup2" or (kind == "cgroup" and _USED & set(options.split(","))):
            found.append(Path(point))
    return found


@dataclass(frozen=True)
class Group:
    """One control group, the same path in every hierarchy; `name` may hold a slash."""

    name: str

    def folders(self) -> list[Path]:
        """Return the group's folder in each hierarchy, whether it exists or not."""
        return [mount / self.name for mount in hierarchies(Path("/proc/self/mounts").read_text())]

    def create(self) -> None:
        """Make the group. Raises `OSError` where that is not allowed."""
        for folder in self.folders():
            folder.mkdir(parents=True, exist_ok=True)

    def limit_memory(self, size: int) -> None:
        """Let the kernel kill processes of the group rather than give it more than `size` bytes.

        A machine whose control groups limit no memory does not, and the group has all that there is.
        """
        for mount in hierarchies(Path("/proc/self/mounts").read_text()):
            folder = mount / self.name
            above = [place for place in folder.parents if place.is_relative_to(mount)]
            for place in reversed(above):  # the second version hands it down step by step
                _set(place / "cgroup.subtree_control", "+memory")
            for name, value in (*_MEMORY_LIMITS, *_NO_SWAP):
                _set(folder / name, value.format(size))

    def enter_command(self) -> str:
        """Return shell commands that move the shell that runs them into the group."""
        files = [folder / "cgroup.procs" for folder in self.folders()]
        return "; ".join(f"echo $$ > {shlex.quote(str(file))}" for file in files)

    def pids(self) -> set[int]:
        """Return the processes in the group and in all groups below it."""
        paths = [path for folder in self.folders() for path, _, _ in os.walk(folder)]
        return {pid for path in paths for pid in _read_pids(Path(path))}

    def destroy(self) -> None:
        """Kill every process in the group and remove it; nothing to do if there is none.

        Raises `LocalcloudError` if a process does not die in time.
        """
        deadline = time.monotonic() + _KILL_SECONDS
        while not self._try_to_destroy():
            if time.monotonic() > deadline:
                pids = sorted(self.pids())
                raise LocalcloudError(f"processes {pids} of {self.name} do not die: end them, then try again")
            time.sleep(_PAUSE_SECONDS)

    def _try_to_destroy(self) -> bool:
        for pid in self.pids():
            _kill(pid)
        return all(_remove_tree(folder) for folder in self.folders())


def _set(file: Path, value: str) -> None:
    """Write into a file of a control group, where it is there and that is allowed."""
    with suppress(OSError):
        if file.exists():
            file.write_text(value)


def _read_pids(folder: Path) -> list[int]:
    try:
        pids = [int(line) for line in (folder / "cgroup.procs").read_text().split()]
    except OSError as error:
        # The group was removed meanwhile, before or after the file was opened.
        if error.errno in (errno.ENOENT, errno.ENODEV):
            return []
        raise
    # A process outside of our own PID namespace shows as 0, and killing 0 would hit ourselves.
    return [pid for pid in pids if pid > 0]


def _kill(pid: int) -> None:
    # It may have ended by itself.
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _remove_tree(folder: Path) -> bool:
    """Remove a control group and those below it; False if a process is still in there."""
    try:
        for path, _, _ in os.walk(folder, topdown=False):
            Path(path).rmdir()
    except OSError as error:
        if error.errno in (errno.EBUSY, errno.ENOENT):
            return False
        raise
    return True
