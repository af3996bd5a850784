"""Work in a process that has little memory left."""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.patience import patience

T = TypeVar("T")


def with_left(mebibytes: int, work: Callable[..., T], *arguments: object) -> T:
    """Return what `work(*arguments)` returns where so much address space is left; raise what it raises.

    In a new process: one that has run tests for long holds freed memory of many sizes. The work would be
    given that, which no limit counts. `work` is a function of a module.
    """
    new = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=new) as process:
        return process.submit(_limited, mebibytes, work, arguments).result(patience(60))


def limit(mebibytes: int) -> None:
    """Leave this process so much of the address space, as if a job had taken the rest."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + mebibytes * 2**20, most))


def _limited(mebibytes: int, work: Callable[..., T], arguments: tuple[object, ...]) -> T:
    limit(mebibytes)
    return work(*arguments)
