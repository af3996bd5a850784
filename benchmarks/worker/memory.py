"""Memory over many jobs: the worker's resident memory while it does stats jobs without a pause."""

import threading
from pathlib import Path
from typing import Any

import psutil

from benchmarks.double.control import Steering
from benchmarks.double.processes import resident_bytes, tree
from benchmarks.worker.contestants import Contestant, started, stats_requests

SAMPLE_SECONDS = 0.25

# Requests are loaded in parts, so that the double's own memory stays small.
PART_JOBS = 5_000
RUN_SECONDS_MAX = 900.0


def measure(jobfleet: Contestant, steering: Steering, folder: Path, jobs: int) -> dict[str, Any]:
    """Return samples of jobs done and MiB, and how the last tenth compares with the second."""
    samples: list[tuple[int, float]] = []
    done = 0
    steering.reset()
    with started(jobfleet, steering, folder) as process:
        while done < jobs:
            part = min(PART_JOBS, jobs - done)
            steering.load(stats_requests(part))
            with _Sampler(process, steering, done, samples):
                steering.wait(part, RUN_SECONDS_MAX, process)
            done += part
        samples.append((done, _mib(process)))
        processes = len(tree(process))
    early, late = _mean(samples, 0.1, 0.2, jobs), _mean(samples, 0.9, 1.0, jobs)
    return {
        "jobs": jobs, "processes": processes, "samples": samples,
        "early_mib": early, "late_mib": late, "peak_mib": max(mib for _, mib in samples),
        "kib_per_1000_jobs": (late - early) * 1024 / (0.8 * jobs / 1000),
    }  # fmt: skip


class _Sampler(threading.Thread):
    """Takes a sample every so often while the block lasts."""

    def __init__(
        self, process: psutil.Process, steering: Steering, done: int, samples: list[tuple[int, float]]
    ) -> None:
        super().__init__(daemon=True)
        self._process, self._steering, self._done, self._samples = process, steering, done, samples
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            self._samples.append((self._done + self._steering.state()["deleted"], _mib(self._process)))
            self._over.wait(SAMPLE_SECONDS)

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def _mib(process: psutil.Process) -> float:
    return resident_bytes(process) / 2**20


def _mean(samples: list[tuple[int, float]], start: float, end: float, jobs: int) -> float:
    within = [mib for done, mib in samples if start * jobs <= done <= end * jobs] or [samples[-1][1]]
    return sum(within) / len(within)
