"""The load generators, each as a process of its own whose CPU the kernel counts."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.telling.places import ROOT

LOCUST_FILE = Path(__file__).with_name("locust_file.py")
NAMES = ("p50", "p90", "p95", "p99", "p99.9")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Loaded:
    """What a generator says, and what it took. Times are in seconds.

    `corrected` are percentiles without coordinated omission, `measured` those with it.
    """

    requests: int
    seconds: float
    cpu: float
    measured: Mapping[str, float]
    corrected: Mapping[str, float]
    late: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU a request."""
        return self.cpu / self.requests * 1000


def missing(python: str) -> dict[str, str]:
    """Return the generators that cannot run here, with the reason."""
    found = {}
    if shutil.which("wrk") is None:
        found["wrk"] = "it is not installed (Debian has it)"
    if not Path(sys.executable).with_name("locust").exists():
        found["locust"] = "it is not in benchmarks/requirements.txt's environment"
    return found


def ours(python: str, url: str, options: Sequence[str]) -> Loaded:
    """Run `jobfleet bench http`. Its CPU is that of the phase alone, as it tells it itself."""
    command = [python, "-m", "jobfleet.cli.main", "bench", "http", url, "--json", "--quiet", *options]
    out, _ = _run(command)
    (one,) = json.loads(out)["figures"]
    return Loaded(
        one["requests"], one["seconds"], one["cpu_share"] * one["seconds"],
        _values(one["measured"]), _values(one["corrected"]), one["late"] or {},
    )  # fmt: skip


def _values(latency: Mapping[str, Any]) -> dict[str, float]:
    return {name: found["value"] for name, found in latency["percentiles"].items()}


def wrk(url: str, clients: int, seconds: float) -> Loaded:
    """Run wrk, with one thread. It corrects its percentiles itself, and tells no others."""
    out, cpu = _run(["wrk", "-t1", f"-c{clients}", f"-d{seconds:.0f}s", "--latency", url])
    count = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)", out)
    if not count:
        raise RuntimeError(out)
    lines = re.findall(r"^ +(\d+)% +([\d.]+)(us|ms|s|m)$", out, re.MULTILINE)
    found = {f"p{percent}": float(value) * _UNITS[unit] for percent, value, unit in lines}
    return Loaded(int(count[1]), float(count[2]) * _UNITS[count[3]], cpu, {}, found, {})


def locust(url: str, clients: int, seconds: float) -> Loaded:
    """Run locust in one process. It rounds times: to a millisecond, above 100 ms to 10."""
    out, cpu = _run([
        str(Path(sys.executable).with_name("locust")), "-f", str(LOCUST_FILE), "--headless", "--users",
        str(clients), "--spawn-rate", str(clients), "--run-time", f"{seconds:.0f}s",
        "--host", url.rstrip("/"), "--only-summary", "--json", "--loglevel", "ERROR",
    ])  # fmt: skip
    (one,) = json.loads(out)
    counts = sorted((float(ms) / 1000, count) for ms, count in one["response_times"].items())
    found = {name: _percentile(counts, float(name[1:])) for name in NAMES}
    took = one["last_request_timestamp"] - one["start_time"]
    return Loaded(one["num_requests"], took, cpu, found, {}, {})


def _percentile(counts: Sequence[tuple[float, int]], percent: float) -> float:
    wanted = sum(count for _, count in counts) * percent / 100
    for value, count in counts:
        wanted -= count
        if wanted <= 0:
            return value
    return counts[-1][0]


def _run(command: Sequence[str]) -> tuple[str, float]:
    """Return what a command prints and its CPU seconds, user and system."""
    with tempfile.TemporaryFile("w+") as talk:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=talk, text=True)  # noqa: S603
        assert process.stdout is not None  # noqa: S101 - for mypy
        with process.stdout:
            out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            talk.seek(0)
            raise RuntimeError(f"{command[0]} ended with {process.returncode}: {talk.read()[-2000:]}")
    return out, used.ru_utime + used.ru_stime
