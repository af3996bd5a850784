"""The process in which cases are checked: what kills it is a find, and ends no test.

It is told seeds, a line each, and writes a line before and after each case. The parent is `tests.fuzz.run`.
"""

import faulthandler
import importlib
import json
import os
import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target

TRACE_CHARACTERS = 3_000


def target_of(place: str) -> Target:
    """Return a target by `module:name`."""
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Target)
    return found


def main(place: str) -> None:
    """Check the cases that are asked for until there are no more."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    faulthandler.enable(os.dup(2), all_threads=False)
    target = target_of(place)
    # Libraries print what they think of files, and nobody reads it.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    warnings.simplefilter("error")
    limited = False

    def tell(**what: Any) -> None:
        out.write(json.dumps(what) + "\n")

    tell(ready=True)
    try:
        for line in sys.stdin:
            seed = int(line)
            if not limited:
                limit_memory(target.memory)
                limited = True
            # Of CPU time, not of a clock, as others may be busy. Its signal ends native code, too.
            signal.setitimer(signal.ITIMER_PROF, target.seconds)
            try:
                word = target.check(target.case(seed))
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is what is looked for
                trace = "".join(traceback.format_exception(problem))[-TRACE_CHARACTERS:]
                tell(seed=seed, find=f"{type(problem).__name__}: {problem}"[:1_000], trace=trace)
            else:
                tell(seed=seed, word=word)
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        target.stop()


def limit_memory(more: int) -> None:
    """Let this process have so much more address space than it has, and leave no core."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    # Its own processes may have other limits.
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + more, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1])
