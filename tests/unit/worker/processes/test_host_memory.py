"""How much memory one job may have, by what the host has and what control groups leave of it."""

import os
from pathlib import Path

import pytest
from jobfleet_worker.processes.host_memory import KEPT_BYTES, host_memory, job_memory
from jobfleet_worker.settings import JOB_MEMORY_LIMIT_MIN_BYTES

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
GIB = 1024**3


@pytest.mark.parametrize(
    ("groups", "limits", "memory"),
    [
        (
            "0::/a/b",
            {"sys/fs/cgroup/a/memory.max": 3 * 2**20, "sys/fs/cgroup/a/b/memory.max": "max"},
            3 * 2**20,
        ),
        ("0::/a", {"sys/fs/cgroup/memory.max": 2**20, "sys/fs/cgroup/a/memory.max": 2**21}, 2**20),
        ("4:memory:/a\n0::/", {"sys/fs/cgroup/memory/a/memory.limit_in_bytes": 2**22}, 2**22),
        ("4:memory:/", {"sys/fs/cgroup/memory/memory.limit_in_bytes": 2**63 - 4096}, MACHINE),
        ("0::/a", {"sys/fs/cgroup/other/memory.max": 1, "memory.max": 1}, MACHINE),
        (None, {}, MACHINE),
    ],
)
def test_the_least_limit_counts_that_any_group_above_us_has(
    tmp_path: Path, groups: str | None, limits: dict[str, object], memory: int
) -> None:
    files = {**limits, **({"proc/self/cgroup": groups} if groups else {})}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    assert host_memory(tmp_path) == memory


@pytest.mark.parametrize(
    ("limit", "memory", "most"),
    [
        (2 * GIB, 8 * GIB, 2 * GIB),
        (2 * GIB, 2 * GIB, 2 * GIB - KEPT_BYTES),
        (2 * GIB, GIB // 2, JOB_MEMORY_LIMIT_MIN_BYTES),
    ],
)
def test_one_job_has_no_more_than_the_host_can_give(limit: int, memory: int, most: int) -> None:
    assert job_memory(limit, memory) == most
