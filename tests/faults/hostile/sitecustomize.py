"""Put on PYTHONPATH, makes the image library misbehave on images that ask for it.

An image asks by a comment `jobfleet-fault: <what> <number>`. What happens then could happen in
any image library: it takes long, or until the test lets it go on, hangs, eats memory, or takes its process
with it. Before it does, it leaves a file `begun-…` in the folder named by FAULTS_FOLDER.

FAULTS_CREDENTIALS_RETRY is after how many seconds a worker asks AWS again that has refused its credentials.
"""

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

_ASKED = re.compile(rb"jobfleet-fault: ([a-z]+) ?([0-9.]*)")
_MIB = 1024 * 1024

_open = Image.open


def _eat(mebibytes: int) -> None:
    """Take memory and touch it, so that it is really taken."""
    eaten = []
    for _ in range(mebibytes // 16):
        eaten.append(b"\1" * (16 * _MIB))


def _hang() -> None:
    """Never return, deaf to polite signals, as a loop in C is."""
    with suppress(ValueError):  # only a main thread may
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def _misbehave(what: str, number: float) -> None:
    with suppress(KeyError, OSError):
        (Path(os.environ["FAULTS_FOLDER"]) / f"begun-{time.time_ns()}-{os.getpid()}").touch()
    if what == "sleep":
        time.sleep(number)
    elif what == "wait":
        while not (Path(os.environ["FAULTS_FOLDER"]) / "go").exists():
            time.sleep(0.05)
    elif what == "hang":
        _hang()
    elif what == "memory":
        _eat(int(number))
    elif what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "exit":
        os._exit(int(number))


def _open_hostile(fp: Any, *arguments: Any, **more: Any) -> Any:
    asked = _ASKED.search(fp.getvalue()[:400]) if hasattr(fp, "getvalue") else None
    if asked:
        _misbehave(asked[1].decode(), float(asked[2] or b"0"))
    return _open(fp, *arguments, **more)


Image.open = _open_hostile

if _seconds := os.environ.get("FAULTS_CREDENTIALS_RETRY"):
    from jobfleet_worker.aws import circuit_breaker

    circuit_breaker.CREDENTIALS_RETRY_SECONDS = float(_seconds)
