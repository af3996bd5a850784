"""Measure the client's own share of a round trip: `python -m benchmarks.single.client`.

One stats job after another goes to a bare loop that answers it (`benchmarks.peers.echo`), once by two
bare hops of boto3 (send, receive; the other end's are the same) and once by `Fleet.stats`, in turns,
against the double of docs/benchmarks.md. The same with the worker at the other end is told beside it,
and how long the command takes as a process. Needs what `make bench` installs.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jobfleet import Fleet, Settings
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Inline, Request

from benchmarks.double.control import Steering, double, environment, write_config
from benchmarks.double.processes import running
from benchmarks.peers.task import REGION
from benchmarks.telling.places import ROOT

AIM = 1.3
WARM_UP = 30
REPLIES = "bench-reply-bare"

Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, return the exit code."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as name, double(Path(name)) as steering:
        folder = Path(name)
        os.environ.update(environment(steering.endpoint, folder), XDG_STATE_HOME=name)
        found = {"load": os.getloadavg()[0], "trips": options.trips, **_measure(options, steering, folder)}
    found["ratio"] = found["fleet_ms"] / found["bare_ms"]
    found["aim_met"] = found["ratio"] <= AIM
    out = options.out / "client.json"
    out.write_text(json.dumps(found, indent=1) + "\n")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


def _measure(options: argparse.Namespace, steering: Steering, folder: Path) -> Json:
    env = dict(os.environ)
    steering.reset(options.latency)
    with running((sys.executable, "-m", "benchmarks.peers.echo"), env=env, cwd=ROOT, log=folder / "echo.log"):
        found = _in_turns(steering, options)
    config = folder / "worker.toml"
    write_config(config, steering.endpoint, folder)
    steering.reset(options.latency)
    worker = options.python, "-m", "jobfleet_worker", "--config", str(config)
    with running(worker, env=env, cwd=ROOT, log=folder / "worker.log"):
        with _fleet(steering) as fleet:
            times = _times(lambda: fleet.stats([1, 2, 3], timeout=60), options.trips)
        found["fleet_with_the_worker_ms"] = statistics.median(times)
        found.update(_commands(options, env, steering))
    return found


def _in_turns(steering: Steering, options: argparse.Namespace) -> Json:
    fleet = _fleet(steering)
    sqs = fleet.exchange.account.sqs
    requests = f"{steering.endpoint}/000000000000/bench-requests"
    replies = sqs.create_queue(QueueName=REPLIES)["QueueUrl"]

    def bare() -> None:
        request = Request(new_job_id(), "stats", Inline("1 2 3"), "2026-01-01T00:00:00Z", reply_to=REPLIES)
        sqs.send_message(QueueUrl=requests, MessageBody=request.to_json())
        answer = sqs.receive_message(
            QueueUrl=replies, MaxNumberOfMessages=1, WaitTimeSeconds=20, VisibilityTimeout=3600
        )
        assert json.loads(answer["Messages"][0]["Body"])["id"] == request.id  # noqa: S101

    bare_times: list[float] = []
    fleet_times: list[float] = []
    with fleet:
        for _ in range(options.rounds):
            bare_times += _times(bare, options.trips)
            fleet_times += _times(lambda: fleet.stats([1, 2, 3], timeout=60), options.trips)
    return {"bare_ms": statistics.median(bare_times), "fleet_ms": statistics.median(fleet_times)}


def _fleet(steering: Steering) -> Fleet:
    return Fleet(Settings("bench", REGION, endpoint_url=steering.endpoint))


def _times(trip: Callable[[], object], count: int) -> list[float]:
    for _ in range(WARM_UP):
        trip()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        trip()
        times.append(1000 * (time.perf_counter() - start))
    return times


def _commands(options: argparse.Namespace, env: Mapping[str, str], steering: Steering) -> Json:
    jobfleet = Path(options.python).with_name("jobfleet")
    if not jobfleet.exists():
        return {}
    # As an installation has it: Python's compiled files are kept from the first run on.
    named = {**env, "JOBFLEET_STACK": "bench", "JOBFLEET_REGION": REGION,
             "JOBFLEET_ENDPOINT_URL": steering.endpoint,
             "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": env["XDG_STATE_HOME"]}  # fmt: skip
    completing = {"COMP_WORDS": "jobfleet st", "COMP_CWORD": "1", "_JOBFLEET_COMPLETE": "bash_complete"}
    found = {}
    for name, words, more in (
        ("help", ("--help",), {}), ("completion", (), completing),
        ("stats_command", ("stats", "1", "2", "3"), {}),
    ):  # fmt: skip

        def run(words: tuple[str, ...] = words, more: Mapping[str, str] = more) -> None:
            subprocess.run(  # noqa: S603
                [jobfleet, *words], env={**named, **more}, check=True, capture_output=True
            )

        _once(run)
        times = [_once(run) for _ in range(options.commands)]
        found[f"{name}_ms"] = statistics.median(whole for whole, _ in times)
        found[f"{name}_ms_least"] = min(whole for whole, _ in times)
        # What it takes of a core, whoever else wants it meanwhile.
        found[f"{name}_cpu_ms"] = statistics.median(cpu for _, cpu in times)
    return found


def _once(run: Callable[[], object]) -> tuple[float, float]:
    """Return how long a child process took, and how much of a core, in milliseconds."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * (time.perf_counter() - start), 1000 * cpu


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.single.client", description="Measure jobfleet's client."
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "benchmarks" / "results", help="folder for the JSON"
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")
    parser.add_argument("--trips", type=int, default=200, help="round trips in a turn (default: 200)")
    parser.add_argument("--commands", type=int, default=9, help="runs of each command (default: 9)")
    parser.add_argument(
        "--latency", type=float, default=0.0, help="ms that the double waits before it answers"
    )
    parser.add_argument("--python", default=_python(), help="the Python that runs the worker and `jobfleet`")
    return parser


def _python() -> str:
    own = ROOT / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


if __name__ == "__main__":
    sys.exit(main())
