"""Who is measured: how each is started, and how its requests are made."""

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Inline, Request

from benchmarks.double.control import Steering, environment
from benchmarks.double.processes import running
from benchmarks.peers.task import RESPONSES
from benchmarks.peers.texts import texts
from benchmarks.telling.places import ROOT

CORES = len(os.sched_getaffinity(0))
SUBMITTED_AT = "2026-01-01T00:00:00Z"
JOBFLEET = "jobfleet"
PEERS = TASKIQ, DRAMATIQ, CELERY = "taskiq-aio-sqs", "dramatiq_sqs", "Celery (SQS)"
ONE_AT_A_TIME, IN_BATCHES = "bare loop, one at a time", "bare loop, batches of 10"


@dataclass(frozen=True)
class Contestant:
    """A worker to measure. `module` makes its requests, where jobfleet's own are not what it takes.

    `fewer` is by how much to divide the jobs of a run without and with latency: the slow ones take
    so long that a share of the jobs gives as steady a figure.
    """

    name: str
    command: tuple[str, ...]
    what: str
    needs: tuple[str, ...] = ()
    module: str | None = None
    fewer: tuple[int, int] = (1, 1)

    def missing(self) -> str | None:
        """Return why it cannot be measured here, or None."""
        absent = [name for name in self.needs if find_spec(name) is None]
        return f"not installed: {', '.join(absent)}" if absent else None


def stats_contestants(worker_python: str, config: Path) -> list[Contestant]:
    """Return everyone who does stats jobs, jobfleet first."""
    python = sys.executable
    bare = (python, "-m", "benchmarks.peers.bare")
    celery = (python, "-m", "celery", "-A", "benchmarks.peers.celery_app", "worker", "--loglevel", "error",
              "--without-gossip", "--without-mingle", "--without-heartbeat", "--pool")  # fmt: skip
    return [
        Contestant(
            JOBFLEET,
            (worker_python, "-m", "jobfleet_worker", "--config", str(config)),
            "the worker as deployed",
        ),
        Contestant(
            TASKIQ,
            (python, "-m", "taskiq", "worker", "benchmarks.peers.taskiq_app:broker",
             "--workers", str(CORES), "--log-level", "ERROR"),
            f"{CORES} processes, 100 tasks at a time in each, receives of 10, its own S3 result backend",
            ("taskiq", "taskiq_aio_sqs"), "benchmarks.peers.taskiq_app",
        ),
        Contestant(
            DRAMATIQ,
            (python, "-m", "dramatiq", "benchmarks.peers.dramatiq_app",
             "--processes", str(CORES), "--threads", "8"),
            f"{CORES} processes of 8 threads, receives of 10, result put by boto3",
            ("dramatiq", "dramatiq_sqs"), "benchmarks.peers.dramatiq_app", fewer=(1, 2),
        ),
        Contestant(
            CELERY, (*celery, "prefork", "--concurrency", str(CORES)),
            f"prefork pool of {CORES}, acknowledged late, prefetch 10, result put by boto3",
            ("celery", "kombu", "pycurl"), "benchmarks.peers.celery_app", fewer=(3, 10),
        ),
        Contestant(ONE_AT_A_TIME, (*bare, "one"), "boto3, one thread", fewer=(3, 20)),
        Contestant(IN_BATCHES, (*bare, "batch"), "boto3, one thread, one result object", fewer=(1, 3)),
    ]  # fmt: skip


def stats_requests(count: int) -> list[str]:
    """Return the bodies of jobfleet's stats requests, which the bare loops take too."""
    return [
        Request(new_job_id(), "stats", Inline(text), SUBMITTED_AT, reply_to=RESPONSES).to_json()
        for text in texts(count)
    ]


class Requests:
    """Each contestant's requests, made once by its own client and loaded as often as wanted."""

    def __init__(self, steering: Steering, folder: Path) -> None:
        self._steering, self._folder = steering, folder
        self._made: dict[tuple[str | None, int], list[str]] = {}

    def of(self, contestant: Contestant, count: int) -> list[str]:
        """Return `count` bodies."""
        key = (contestant.module, count)
        if key not in self._made:
            make = self._by_client if contestant.module else lambda _, count: stats_requests(count)
            self._made[key] = make(contestant, count)
        return self._made[key]

    def _by_client(self, contestant: Contestant, count: int) -> list[str]:
        self._steering.reset()
        env = environment(self._steering.endpoint, self._folder)
        command = [sys.executable, "-m", str(contestant.module), str(count)]
        subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
        return self._steering.bodies()


def started(
    contestant: Contestant, steering: Steering, folder: Path, path: str = ""
) -> AbstractContextManager[psutil.Process]:
    """Run a contestant against the double; Python looks into the folders of `path` first."""
    env = dict(environment(steering.endpoint, folder))
    env["PYTHONPATH"] = f"{path}:{env['PYTHONPATH']}" if path else env["PYTHONPATH"]
    slug = contestant.name.split()[0]
    return running(contestant.command, env=env, cwd=ROOT, log=folder / f"{slug}.log")
