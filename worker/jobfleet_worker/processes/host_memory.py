"""The memory of this host, and how much of it one job may have."""

import os
from contextlib import suppress
from pathlib import Path

from jobfleet_worker.settings import JOB_MEMORY_LIMIT_MIN_BYTES

# For the system and the worker itself.
KEPT_BYTES = 384 * 1024**2

# Where the limits of control groups are, in the second version and in the first.
_LIMITS = (("sys/fs/cgroup", "memory.max"), ("sys/fs/cgroup/memory", "memory.limit_in_bytes"))


def host_memory(root: Path = Path("/")) -> int:
    """Return how many bytes of memory there are: the machine's, or what control groups leave us of it."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for line in _lines(root / "proc/self/cgroup"):
        group = line.split(":", 2)[2].strip("/")
        for mount, name in _LIMITS:
            folder = root / mount
            for place in (folder / group, *(folder / group).parents):
                if place.is_relative_to(folder):
                    sizes += [int(text) for text in _lines(place / name) if text.isdecimal()]
    return min(sizes)


def job_memory(limit: int, memory: int | None = None) -> int:
    """Return how many of `limit` bytes one job may have, on a host with so much `memory` (this one)."""
    there = (host_memory() if memory is None else memory) - KEPT_BYTES
    return min(limit, max(JOB_MEMORY_LIMIT_MIN_BYTES, there))


def _lines(path: Path) -> list[str]:
    with suppress(OSError):
        return path.read_text().splitlines()
    return []
