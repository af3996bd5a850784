"""The route of one job through the project's files: how many it enters, and how often it changes file.

    .venv/bench/bin/python -m benchmarks.single.route

Client and worker run in this process, on the double, with a tracer in every thread. A change is a call from
a function in one file to a function in another; files of libraries are passed over.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from jobfleet import Fleet, Settings
from jobfleet_worker.aws.clients import make_clients
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.settings import from_file
from jobfleet_worker.wiring import Surroundings, build
from PIL import Image

from benchmarks.double.control import REGION, double, environment, write_config
from benchmarks.telling.places import ROOT

FOLDERS = tuple(f"{ROOT}/{name}/" for name in ("client", "worker", "jobs"))
# Threads that wait look up this often at most; a job's own calls are over long before.
SETTLE_SECONDS = 1.0


class Tracer:
    """Counts while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.files: set[str] = set()
        self.changes = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note a call; `sys.setprofile` calls this."""
        if not self.on or event != "call":
            return
        file = frame.f_code.co_filename
        if not file.startswith(FOLDERS):
            return
        self.files.add(file)
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(FOLDERS):
            caller = caller.f_back
        if caller is not None and caller.f_code.co_filename != file:
            self.changes += 1


def traced(tracer: Tracer, job: Any) -> dict[str, int]:
    """Return what one job enters, after one of its kind has warmed everything up."""
    job()
    time.sleep(SETTLE_SECONDS)
    tracer.files.clear()
    tracer.changes, tracer.on = 0, True
    job()
    tracer.on = False
    return {"files": len(tracer.files), "changes of file": tracer.changes}


def main() -> int:
    """Trace a stats job and an image job; print a line for each."""
    argparse.ArgumentParser(
        prog="benchmarks.single.route", description="Count the files of a job."
    ).parse_args()
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as name, double(Path(name)) as steering:
        folder = Path(name)
        os.environ.update(environment(steering.endpoint, folder), XDG_STATE_HOME=name)
        steering.reset()
        config = folder / "worker.toml"
        write_config(config, steering.endpoint, folder)
        settings = from_file(config)
        tracer = Tracer()
        threading.setprofile(tracer)
        sys.setprofile(tracer)
        with (folder / "worker.log").open("w") as out:
            worker = build(
                settings, make_clients(REGION, steering.endpoint), make_offer(settings), Surroundings(out=out)
            )
            running = threading.Thread(target=worker.engine.run, daemon=True)
            running.start()
            image = folder / "image.png"
            Image.new("RGB", (64, 48), (10, 200, 100)).save(image)
            with Fleet(Settings("bench", REGION, endpoint_url=steering.endpoint)) as fleet:
                stats = traced(tracer, lambda: fleet.stats([1, 2, 3], timeout=60))
                grey = traced(tracer, lambda: fleet.greyscale(image, folder / "out.png", timeout=60))
            worker.stop.stop()
            running.join(60)
    for kind, found in (("stats", stats), ("greyscale", grey)):
        sys.stdout.write(f"{kind}: {', '.join(f'{what} {count}' for what, count in found.items())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
