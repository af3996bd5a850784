"""The disk under the log spool is full."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.catalogue import Job
from tests.faults.harness import Baseline, Stack

FULL_SECONDS = 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB where the workers' spool lies."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    spool = tmp_path / "spool"
    spool.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", spool], check=True)
    yield spool
    subprocess.run(["umount", "--lazy", spool], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4_096)
        except OSError:
            return path


def test_while_the_spool_is_full_no_request_is_deleted_and_afterwards_all_goes_on(
    small_disk: Path, stack: Stack, good: list[Job], baseline: Baseline
) -> None:
    stack.send(good)
    worker = stack.start()
    stack.until(lambda: stack.proxy.count("PUT outputs/") > 10, 30, "the worker is at work")

    filler = fill(small_disk)
    stack.proxy.injected["disk full"] += 1
    time.sleep(2)  # lines that are on disk already may be followed by their deletes
    deletes = stack.proxy.count("DeleteMessage")
    time.sleep(FULL_SECONDS)
    assert stack.proxy.count("DeleteMessage") == deletes
    assert stack.left(), "all was done before the disk was full; take more jobs"
    assert worker.alive
    assert "No space left" in worker.path.read_text()
    filler.unlink()
    stack.until_done(120)

    stack.check(baseline)
    assert len(stack.workers) == 1
