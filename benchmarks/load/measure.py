"""What is measured: the limit of each generator, its CPU at 500 requests/s, and its percentiles."""

import json
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.load import contestants
from benchmarks.load.contestants import NAMES, Loaded
from benchmarks.load.stalling import PERIOD, delay
from benchmarks.telling.places import ROOT

CLIENTS, RATE_CPU, RATE_TRUTH = 10, 500, 100
START_SECONDS = 20.0
PERCENTS = (50, 90, 95, 99, 99.9)

_NGINX = """daemon off; worker_processes 1; error_log stderr error; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 100000000;
  server {{ listen 127.0.0.1:{port}; default_type application/json; return 200 '{{"instance": "i-1"}}'; }} }}
"""

Json = dict[str, Any]


def limits(python: str, absent: set[str], seconds: float, rounds: int) -> Iterator[Json]:
    """Give how many requests a second each generator reaches, before nginx, and what CPU that takes."""
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as folder, _nginx(Path(folder)) as url:
        for _ in range(rounds):
            closed = ["--clients", str(CLIENTS), "--duration", f"{seconds:g}"]
            yield _told("jobfleet bench", contestants.ours(python, url, closed))
            if "wrk" not in absent:
                yield _told("wrk", contestants.wrk(url, CLIENTS, seconds))
            if "locust" not in absent:
                yield _told("locust", contestants.locust(url, CLIENTS, seconds))


def at_500(python: str, seconds: float, rounds: int) -> Iterator[Json]:
    """Give the CPU of ours at 500 requests a second, and how late it sends them."""
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as folder, _nginx(Path(folder)) as url:
        for _ in range(rounds):
            options = ["--rate", str(RATE_CPU), "--duration", f"{seconds:g}"]
            found = contestants.ours(python, url, options)
            yield {**_told("jobfleet bench", found), "share": found.cpu / found.seconds}


def truth(python: str, absent: set[str], seconds: float) -> Iterator[Json]:
    """Give percentiles before the server that stalls: the planned ones, its own, and each generator's."""
    chance = Random(3)  # noqa: S311 - no secret
    planned = [delay(chance.random() * PERIOD, chance) for _ in range(400_000)]
    yield {"who": "planned", **_percentiles(planned)}
    with _stalling(python) as url:
        options = ["--rate", str(RATE_TRUTH), "--duration", f"{seconds:g}", "--warm-up", "0"]
        _log(url)
        found = contestants.ours(python, url, options)
        # The first is the request that looks whether anybody answers.
        yield {"who": "log", **_percentiles(_log(url)[1:])}
        yield {"who": "open", **found.corrected}
        closed = ["--clients", str(CLIENTS), "--duration", f"{seconds:g}", "--warm-up", "0"]
        found = contestants.ours(python, url, closed)
        yield {"who": "closed, as measured", **found.measured}
        yield {"who": "closed, corrected", **found.corrected}
        if "wrk" not in absent:
            yield {"who": "wrk", **contestants.wrk(url, CLIENTS, seconds).corrected}
        if "locust" not in absent:
            yield {"who": "locust", **contestants.locust(url, CLIENTS, seconds).measured}


def _told(who: str, found: Loaded) -> Json:
    late = {f"late_{name}": found.late[name] for name in ("p50", "p99") if name in found.late}
    return {"who": who, "requests": found.requests, "rate": found.rate, "cpu_ms": found.cpu_ms, **late}


def _percentiles(values: list[float]) -> dict[str, float]:
    found = np.percentile(np.array(values), PERCENTS, method="inverted_cdf")
    return {name: float(value) for name, value in zip(NAMES, found, strict=True)}


def _log(url: str) -> list[float]:
    with urllib.request.urlopen(f"{url}log") as answer:  # noqa: S310 - our own server
        took: list[float] = json.load(answer)
    return took


@contextmanager
def _nginx(folder: Path) -> Iterator[str]:
    port = _free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port))
    with _serving(["nginx", "-p", str(folder), "-c", str(configuration)], port) as url:
        yield url


@contextmanager
def _stalling(python: str) -> Iterator[str]:
    port = _free_port()
    with _serving([python, "-m", "benchmarks.load.stalling", str(port)], port) as url:
        yield url


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[str]:
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as once:
        return int(once.getsockname()[1])
