"""Operations that are done one after the other in one process of a pool, some of which harm it.

They stand apart from their tests, so that a process which imports them has little to do.
"""

import os
import signal
import time
from pathlib import Path

from jobfleet_jobs import operation

# Two of these are more than the tests' limit of memory lets a process have.
MUCH = 200 * 1024**2


def _meanwhile(data: bytes) -> None:
    """Leave a file that says that the job has begun, and wait until there is one at the path in `data`."""
    path = Path(data.decode())
    path.with_suffix(".begun").touch()
    while not path.exists():
        time.sleep(0.01)


@operation("wait", takes="file", summary="Waits until it may go on.")
def wait(data: bytes) -> dict[str, object]:
    _meanwhile(data)
    return {"pid": os.getpid()}


@operation("die", takes="file", summary="Takes its process with it.")
def die(data: bytes) -> dict[str, object]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


@operation("die-once", takes="file", summary="Takes its process with it the first time.")
def die_once(data: bytes) -> dict[str, object]:
    before = Path(data.decode()).with_suffix(".died")
    if not before.exists():
        before.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"pid": os.getpid()}


@operation("swell", takes="file", summary="Takes all the memory that it gets, when it may.")
def swell(data: bytes) -> dict[str, object]:
    hoard = []
    _meanwhile(data)
    while True:
        hoard.append(bytearray(1024**2))


@operation("stumble", takes="file", summary="Fails with much memory in hand, when it may.")
def stumble(data: bytes) -> dict[str, object]:
    hoard = bytearray(MUCH)
    _meanwhile(data)
    raise ZeroDivisionError(len(hoard))


@operation("need", takes="file", summary="Needs much memory, and no more than it may have.")
def need(data: bytes) -> dict[str, object]:
    return {"bytes": len(bytearray(MUCH)), "pid": os.getpid()}
