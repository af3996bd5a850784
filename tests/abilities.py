"""What a machine has to be able to do for some tests, and what becomes of them where it cannot.

They are skipped, each with the reason. With `JOBFLEET_NO_SKIPS` set, as `.ci/run` sets it, they fail instead:
there everything has to be tested.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.patience import patience

_STRICT = "JOBFLEET_NO_SKIPS"


def lacking(reason: str) -> NoReturn:
    """Skip the test that runs, or fail it where nothing may be skipped."""
    if os.environ.get(_STRICT):
        pytest.fail(f"{reason} ({_STRICT} is set)")
    pytest.skip(reason)


def need_root() -> None:
    """Let only root go on."""
    if os.geteuid() != 0:
        lacking("only root can do this")


def need_program(name: str) -> None:
    """Let a test go on where a program is installed."""
    if shutil.which(name) is None:
        lacking(f"this needs the program {name}")


def need_to_work(*command: str) -> None:
    """Let a test go on where a command ends well: root in a container may do less than root elsewhere."""
    need_program(command[0])
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience(60), check=False)
    if done.returncode != 0:
        lacking(f"`{' '.join(command)}` does not work here: {done.stderr.strip()}")


@contextmanager
def small_disk(folder: Path, size: str, *unmount_options: str) -> Iterator[Path]:
    """Make `folder` with a file system of its own, of a size such as 256k, while the context lasts."""
    folder.mkdir()
    need_mounts(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", *unmount_options, folder], check=True)


def need_mounts(folder: Path) -> None:
    """Let a test go on where a file system can be mounted; `folder` is one to try it on."""
    need_root()
    need_to_work("mount", "-t", "tmpfs", "tmpfs", str(folder))
    subprocess.run(["umount", folder], check=True)
