"""How soon an image that is done is answered, while hundreds of others wait for a process.

    .venv/bench/bin/python -m benchmarks.worker.answers
    .venv/bench/bin/python -m benchmarks.worker.answers --other ../jobfleet-before

An image is done when its output arrives at the double, and answered when its answer does. With `--other`, the
worker of that checkout takes turns with this one's.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks.double.control import Steering, double, write_config
from benchmarks.double.processes import cpu_seconds
from benchmarks.peers.bare_images import INPUT_KEY
from benchmarks.peers.task import RESPONSES
from benchmarks.telling.places import ROOT, project_python
from benchmarks.worker.contestants import Contestant, started
from benchmarks.worker.image_jobs import image_requests, make_input

# Megapixels, what is done, and how many images.
KINDS = ((0.3, "greyscale", 600), (2.0, "greyscale", 400), (12.0, "threshold", 100))
PROCESSES = (1, 2)
WARM_UP = 8
RUN_SECONDS_MAX = 120.0
# What is left to do after the last deletion is counted too.
SETTLE_SECONDS = 1.0


@dataclass(frozen=True)
class Figures:
    """One run: milliseconds from done to answered, calls, images a second, CPU milliseconds an image."""

    middle: float
    p95: float
    calls: float
    rate: float
    cpu: float
    by_action: str

    def __str__(self) -> str:
        """Return them as cells of a table."""
        return f"{self.middle:,.1f} | {self.p95:,.1f} | {self.calls:.2f} | {self.rate:.0f} | {self.cpu:.1f}"


def measure(python: str, checkout: Path, steering: Steering, folder: Path, kind: Sequence[object]) -> Figures:
    """Let one worker do one kind of images."""
    megapixels, operation, count, processes, latency = kind
    config = folder / "answers.toml"
    write_config(config, steering.endpoint, folder, processes=int(str(processes)))
    worker = Contestant("worker", (python, "-m", "jobfleet_worker", "--config", str(config)), "")
    image = make_input(float(str(megapixels)), folder).read_bytes()
    steering.reset(float(str(latency)))
    steering.put(INPUT_KEY, image)
    number = int(str(count))
    with started(worker, steering, folder, f"{checkout}/worker:{checkout}/jobs") as process:
        steering.load(image_requests(str(operation), WARM_UP))
        steering.wait(WARM_UP, RUN_SECONDS_MAX, process)
        time.sleep(SETTLE_SECONDS)
        before = cpu_seconds(process)
        bodies = image_requests(str(operation), number)
        start = steering.load(bodies)
        state = steering.wait(number, RUN_SECONDS_MAX, process)
        time.sleep(SETTLE_SECONDS)
        cpu = cpu_seconds(process) - before
    calls: Counter[str] = Counter(steering.state()["calls"])
    waits = _waits(steering, {json.loads(body)["id"] for body in bodies})
    told = ", ".join(f"{name} {calls[name] / number:.2f}" for name in sorted(calls))
    return Figures(
        median(waits), quantiles(waits, n=20)[-1], calls.total() / number,
        number / (state["deleted_at"] - start), 1000 * cpu / number, told,
    )  # fmt: skip


def _waits(steering: Steering, ids: set[str]) -> list[float]:
    """Return the milliseconds of each of these jobs. Raises `RuntimeError` where one was not answered."""
    puts, messages = steering.times("outputs/", RESPONSES)
    waits = {}
    for at, body in messages:
        answer = json.loads(body)
        if answer["id"] in ids:
            waits.setdefault(answer["id"], 1000 * (at - puts[answer["output"]["key"]]))
    if len(waits) != len(ids):
        raise RuntimeError(f"{len(waits)} of {len(ids)} jobs were answered")
    return list(waits.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.worker.answers", description="Measure how soon answers go out."
    )
    parser.add_argument("--worker-python", default=project_python(), help="the Python that runs the worker")
    parser.add_argument("--other", type=Path, metavar="FOLDER", help="another checkout, to take turns with")
    parser.add_argument("--quick", action="store_true", help="a fifth of the images")
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 10.0], help="ms added to each call")
    parser.add_argument("--megapixels", type=float, nargs="+", default=[kind[0] for kind in KINDS])
    asked = parser.parse_args(arguments)
    checkouts = {"this": ROOT, **({"other": asked.other.resolve()} if asked.other else {})}
    out = sys.stdout
    out.write("| images | processes | added ms | worker | p50 ms | p95 ms | calls | images/s | CPU ms |\n")
    out.write("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n")
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as name, double(Path(name)) as steering:
        for megapixels, operation, count in KINDS:
            if megapixels not in asked.megapixels:
                continue
            for processes in PROCESSES:
                for latency in asked.latency:
                    kind = (megapixels, operation, count // (5 if asked.quick else 1), processes, latency)
                    for who, checkout in checkouts.items():
                        found = measure(asked.worker_python, checkout, steering, Path(name), kind)
                        what = f"{megapixels:g} MP {operation}"
                        out.write(f"| {what} | {processes} | {latency:g} | {who} | {found} |\n")
                        out.flush()
                        sys.stderr.write(f"  {found.by_action}; load {os.getloadavg()[0]:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
