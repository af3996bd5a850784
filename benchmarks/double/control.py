"""The double as the benchmark sees it: start it, load it, ask it."""

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import urllib3

from benchmarks.double.processes import running
from benchmarks.peers.task import BUCKET, QUEUE, REGION, RESPONSES
from benchmarks.telling.places import ROOT

START_SECONDS = 20
DEAD_LETTERS = "bench-dead"


class Stuck(Exception):
    """A contestant did not finish its jobs in time, or ended."""


class Steering:
    """Steers the double at `endpoint`. What it asks is neither counted nor delayed."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._http = urllib3.PoolManager()

    def reset(self, latency_ms: float = 0) -> None:
        """Forget everything that was."""
        self._ask("reset", queues=[QUEUE, RESPONSES, DEAD_LETTERS], latency_ms=latency_ms)

    def load(self, bodies: Sequence[str]) -> float:
        """Make the requests visible all at once; return the double's clock."""
        return float(self._ask("load", queue=QUEUE, bodies=bodies)["now"])

    def state(self) -> dict[str, Any]:
        """Return what was counted since the last load."""
        answer: dict[str, Any] = self._ask("state", queue=QUEUE)
        return answer

    def bodies(self) -> list[str]:
        """Return the bodies that wait in the request queue."""
        return list(self._ask("bodies", queue=QUEUE))

    def objects(self, prefix: str) -> list[tuple[str, int, str]]:
        """Return key, size and text of objects."""
        return [(key, size, text) for key, size, text in self._ask("objects", prefix=prefix)]

    def times(self, prefix: str, queue: str) -> tuple[dict[str, float], list[tuple[float, str]]]:
        """Return when objects were put, by key, and when a queue's messages were sent, with their bodies."""
        told = self._ask("times", prefix=prefix, queue=queue)
        return told["puts"], [(at, body) for at, body in told["messages"]]

    def put(self, key: str, data: bytes) -> None:
        """Store an input."""
        self._http.request("PUT", f"{self.endpoint}/{BUCKET}/{key}", body=data)

    def wait(self, count: int, seconds: float, process: psutil.Process) -> dict[str, Any]:
        """Wait until `count` requests were deleted; return the state. Raises `Stuck`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = self.state()
            if state["deleted"] >= count:
                return state
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                raise Stuck(f"it ended with {state['deleted']} of {count} jobs done")
            time.sleep(0.05)
        raise Stuck(f"{self.state()['deleted']} of {count} jobs done in {seconds:.0f} s")

    def _ask(self, what: str, **asked: Any) -> Any:
        answer = self._http.request("POST", f"{self.endpoint}/_double/{what}", json=asked)
        if answer.status != 200:
            raise RuntimeError(f"the double answers {answer.status} to {what}: {answer.data[:200]!r}")
        return answer.json()


@contextmanager
def double(folder: Path) -> Iterator[Steering]:
    """Run the double while the block lasts."""
    port = _free_port()
    command = [sys.executable, "-m", "benchmarks.double.server", "--port", str(port)]
    steering = Steering(f"http://127.0.0.1:{port}")
    with running(command, env=dict(os.environ), cwd=ROOT, log=folder / "double.log"):
        _await_port(port)
        yield steering


def environment(endpoint: str, folder: Path) -> Mapping[str, str]:
    """Return what a contestant's process finds: the double, invented credentials, no other AWS."""
    credentials = folder / "credentials"
    credentials.write_text("[default]\naws_access_key_id = bench\naws_secret_access_key = bench\n")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BENCH_ENDPOINT": endpoint,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _await_port(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the double did not start; its words are in double.log")


def write_config(path: Path, endpoint: str, folder: Path, **numbers: int) -> None:
    """Write the worker's settings file: its defaults, but for the stack and these `numbers`."""
    settings = {
        "stack": "bench", "region": REGION, "bucket": BUCKET, "request_queue": QUEUE,
        "response_queue": RESPONSES, "dead_letter_queue": DEAD_LETTERS, "endpoint_url": endpoint,
        "worker_id": "bench", "spool": str(folder / "spool"),
    }  # fmt: skip
    lines = [f'{key} = "{value}"\n' for key, value in settings.items()]
    path.write_text("".join([*lines, *(f"{key} = {value}\n" for key, value in numbers.items())]))
