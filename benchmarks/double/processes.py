"""Processes that are measured: started in a group of their own, counted as a tree, ended for sure."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

# All jobs are done when a worker is told to stop; one that waits out a long poll is killed.
STOP_SECONDS = 3


@contextmanager
def running(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path
) -> Iterator[psutil.Process]:
    """Run a command while the block lasts; its words go to the end of `log`."""
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603 - the benchmark's own commands
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield psutil.Process(child.pid)
    finally:
        _end(child)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def tree(root: psutil.Process) -> list[psutil.Process]:
    """Return a process and all below it."""
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(root: psutil.Process) -> float:
    """Return the CPU seconds of a tree so far, of those of its processes that have ended too."""
    return _sum(root, lambda process: sum(process.cpu_times()[:4]))


def resident_bytes(root: psutil.Process) -> float:
    """Return a tree's resident memory; pages that its processes share count once for each."""
    return _sum(root, lambda process: process.memory_info().rss)


def _sum(root: psutil.Process, value: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    for process in tree(root):
        with suppress(psutil.NoSuchProcess):
            total += value(process)
    return total
