"""Targets with a fault each, by which `test_oracles` sees that the runner finds it."""

import os
import random
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Callable

from tests.fuzz.target import Target, require

# The one seed that meets the fault.
FAULTY = 3


def _target(fault: Callable[[], object], **limits: float) -> Target:
    def check(case: int) -> str:
        if case == FAULTY:
            fault()
        return "well"

    seconds, memory = limits.get("seconds", 20.0), int(limits.get("memory", 2**30))
    # Of any seed the case is the seed itself: it is the last number of what `random` is seeded with.
    return _Numbered("planted", lambda _: 0, check, seconds, memory)


class _Numbered(Target):
    def case(self, seed: int) -> int:
        """Return the seed."""
        return seed


def _spin() -> None:
    while True:
        pass


def _warn() -> None:
    warnings.warn("a planted one", stacklevel=1)


def _hang() -> None:
    tempfile.mkdtemp()
    subprocess.Popen(["sleep", "1000"])
    os.read(os.pipe()[0], 1)  # nobody writes into it


HANGS = _target(_hang)
DIES = _target(lambda: os.kill(os.getpid(), signal.SIGSEGV))
ENDS = _target(lambda: os._exit(0))
SPINS = _target(_spin, seconds=0.5)
SWELLS = _target(lambda: bytearray(2**28), memory=2**26)
WARNS = _target(_warn)
RAISES = _target(lambda: {}["nothing"])
IS_WRONG = _target(lambda: require(False, "it does not hold"))


def _two(choose: random.Random) -> tuple[int, int]:
    return choose.randrange(10**9), choose.randrange(10**9)


SAME = Target("same", _two, lambda case: f"{case}")
