"""A stack by hand, workers as processes, and the one check that every fault test ends with.

The check compares with a run of the same jobs without faults: every job has one result, results
and outputs are equal byte for byte, no message is left, no log line is missing. It prints figures.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

from client.fleet import Fleet
from client.settings import Settings
from jobs.message import Result
from jobs.names import StackNames
from tests.faults.catalogue import Job
from tests.faults.proxy import Proxy

REPOSITORY = Path(__file__).parents[2]
HOSTILE = Path(__file__).parent / "hostile"
ACCOUNT = "123456789012"

# The least that a worker takes, so that what a dead one held is soon back.
VISIBILITY_TIMEOUT = 6

# `make soak` sets it: everything that is counted is so many times more.
SOAK = int(os.environ.get("JOBFLEET_SOAK", "1"))

_DEPTHS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True)
class Effect:
    """All that a job leaves behind which must not depend on faults."""

    status: str
    result: Any
    error: Any
    key: str | None
    output: bytes | None


Baseline = dict[str, Effect]


@dataclass
class Worker:
    """A worker process; what it says lies in `path`."""

    process: subprocess.Popen[bytes]
    path: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self.process.poll() is None

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has written to its journal so far; other text stands under `text`."""
        found = []
        for line in self.path.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"event": "", "text": line})
        return found

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return its lines about one kind of event."""
        return [line for line in self.lines() if line.get("event") == event]

    def pool(self) -> list[int]:
        """Return the processes that do its image work: the last below it, and none that only serve them."""
        parents = _parents()
        below, edge = set(), {self.pid}
        while edge:
            edge = {pid for pid, parent in parents.items() if parent in edge}
            below |= edge
        leaves = below - {parents[pid] for pid in below}
        return sorted(pid for pid in leaves if not self._serves(pid, parents[pid]))

    def _serves(self, pid: int, parent: int) -> bool:
        command = _command(pid)
        return "resource_tracker" in command or ("forkserver" in command and parent == self.pid)

    def kill(self) -> None:
        """Kill it as a crash of the machine does: at once and with all its processes."""
        self._signal_all()
        self.process.wait(10)

    def stop(self, seconds: float = 30) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """Wait for its end; return its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the worker had not stopped after {seconds} s") from None
        finally:
            self._signal_all()  # what its pool may have left behind

    def _signal_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def _parents() -> dict[int, int]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after_name = path.read_text().rpartition(") ")[2].split()
            found[int(path.parent.name)] = int(after_name[1])
    return found


def _command(pid: int) -> str:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_text()
    return ""


class Systemd:
    """The socket that a unit's process tells its state to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"notify-{uuid.uuid4().hex[:6]}"
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(0.1)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def status(self) -> str:
        """Return the last status line."""
        return next((word for word in reversed(self.heard) if word.startswith("STATUS=")), "")

    def close(self) -> None:
        """Listen no more."""
        self._closing.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                self.heard += self._socket.recv(65_536).decode().splitlines()


@dataclass
class Stack:
    """Queues and a bucket as the playbooks make them. Workers go through `proxy`, the test does not."""

    cloud: dict[str, str]
    proxy: Proxy
    sqs: Any
    s3: Any
    folder: Path
    max_receives: int = 30
    name: str = field(default_factory=lambda: f"f{uuid.uuid4().hex[:8]}")
    workers: list[Worker] = field(default_factory=list)
    answers: list[Result] = field(default_factory=list)
    sent: dict[str, Job] = field(default_factory=dict)
    _open: list[TextIO] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = StackNames(self.name)
        self.bucket = self.names.bucket(ACCOUNT, self.cloud["AWS_REGION"])
        self.s3.create_bucket(Bucket=self.bucket)
        self.dead = self._queue(self.names.dead_letters)
        arn = f"arn:aws:sqs:{self.cloud['AWS_REGION']}:{ACCOUNT}:{self.names.dead_letters}"
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": self.max_receives})
        self.requests = self._queue(
            self.names.requests, RedrivePolicy=redrive, VisibilityTimeout=str(VISIBILITY_TIMEOUT)
        )
        self.responses = self._queue(self.names.responses)
        self.reply_to = f"{self.names.replies_prefix}test"
        self.replies = self._queue(self.reply_to)
        self.credentials = self.folder / "credentials"
        self.write_credentials("first")

    def _queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    # What a person and a client do.

    def write_credentials(self, token: str) -> None:
        """Put new credentials into the worker's file the way the role does: whole or not at all."""
        beside = self.credentials.with_suffix(".new")
        beside.write_text(
            f"[default]\naws_access_key_id = AKIA{token}\naws_secret_access_key = secret\n"
            f"aws_session_token = {token}\n"
        )
        beside.replace(self.credentials)

    def send(self, jobs: Sequence[Job]) -> None:
        """Put inputs into the bucket and requests on the queue."""
        for job in jobs:
            if isinstance(job.source, bytes) and job.id not in self.sent:
                self.s3.put_object(Bucket=self.bucket, Key=job.key, Body=job.source)
            self.sent[job.id] = job
        self.send_bodies([job.body(self.bucket, self.reply_to) for job in jobs])

    def send_bodies(self, bodies: Sequence[str]) -> None:
        """Put texts on the request queue."""
        for start in range(0, len(bodies), 10):
            entries = [
                {"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])
            ]
            answer = self.sqs.send_message_batch(QueueUrl=self.requests, Entries=entries)
            assert not answer.get("Failed")

    def fleet(self) -> Fleet:
        """Return the client's own way to this stack, past the proxy."""
        with patch.dict(os.environ, self.cloud):
            fleet = Fleet(
                Settings(self.name, self.cloud["AWS_REGION"], self.bucket, self.cloud["AWS_ENDPOINT_URL"])
            )
            fleet.find_result(str(uuid.UUID(int=0)))  # makes its clients while the credentials are there
        return fleet

    # Workers.

    def settings_file(self, **changes: Any) -> Path:
        """Write a worker's settings file."""
        number = len(self.workers) + 1
        values = {
            "stack": self.name,
            "region": self.cloud["AWS_REGION"],
            "bucket": self.bucket,
            "request_queue": self.names.requests,
            "response_queue": self.names.responses,
            "dead_letter_queue": self.names.dead_letters,
            "endpoint_url": self.proxy.url,
            "worker_id": "w1",
            "visibility_timeout": VISIBILITY_TIMEOUT,
            "wait_time": 1,
            "spool": str(self.folder / "spool"),
            **changes,
        }
        path = self.folder / f"worker-{number}.toml"
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
        return path

    def start(self, systemd: Systemd | None = None, **changes: Any) -> Worker:
        """Start a worker; every one is `w1` and has the same spool, as after a restart, unless told."""
        config = self.settings_file(**changes)
        path = config.with_suffix(".log")
        with path.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "worker", "--config", str(config)],
                cwd=REPOSITORY,
                env={**self._environment(), **({"NOTIFY_SOCKET": str(systemd.path)} if systemd else {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = Worker(process, path)
        self.workers.append(worker)
        return worker

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "JOBFLEET_"))
        }
        return {
            **kept,
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self.folder),
            "FAULTS_FOLDER": str(self.folder),
            "PYTHONPATH": f"{HOSTILE}{os.pathsep}{REPOSITORY}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    # Looks.

    def depth(self, queue: str) -> tuple[int, int]:
        """Return how many messages of a queue can be taken now, and how many are in somebody's hands."""
        found = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(_DEPTHS))["Attributes"]
        return int(found[_DEPTHS[0]]), int(found[_DEPTHS[1]])

    def begun(self) -> int:
        """Return how many hostile jobs a process of a pool has begun."""
        return len(list(self.folder.glob("begun-*")))

    def left(self) -> int:
        """Return how many requests are in the queue, in whatever state."""
        return sum(self.depth(self.requests))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the bucket's objects with that prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def object(self, key: str) -> bytes:
        """Return an object of the bucket."""
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def logged(self) -> list[dict[str, Any]]:
        """Return all log lines in the bucket."""
        return [json.loads(line) for key in self.keys("logs/") for line in self.object(key).splitlines()]

    def take_all(self, queue: str) -> list[dict[str, Any]]:
        """Take everything that can be taken from a queue."""
        taken: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            entries = [
                {"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)
            ]
            self.sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
            taken += messages
        return taken

    def collect(self) -> list[Result]:
        """Take the answers there are; return all there ever were."""
        self.answers += [Result.from_json(message["Body"]) for message in self.take_all(self.replies)]
        return self.answers

    def until(self, holds: Callable[[], Any], seconds: float, what: str) -> None:
        """Wait until something holds; fail with the end of what the workers said."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                said = "\n".join(
                    line for one in self.workers for line in one.path.read_text().splitlines()[-12:]
                )
                raise AssertionError(f"after {seconds} s not yet: {what}\n{said}")
            time.sleep(0.05)

    def until_done(self, seconds: float, dead: int = 0) -> None:
        """Wait until the request queue is empty and so many lie in the dead-letter queue.

        `seconds` is meant for `make test`; `make soak` waits so many times longer as it does more.
        """

        def done() -> bool:
            return self.left() == 0 and sum(self.depth(self.dead)) == dead

        self.until(done, seconds * SOAK, f"all requests done, {dead} of them dead")

    def close(self) -> None:
        """End what is left of the workers."""
        for worker in self.workers:
            worker.kill()

    # The check.

    def effects(self, jobs: Sequence[Job]) -> tuple[Baseline, dict[str, Result]]:
        """Return what each job has left behind, and its stored result, found as a client finds it."""
        effects: Baseline = {}
        results: dict[str, Result] = {}
        fleet = self.fleet()
        for job in jobs:
            result = fleet.find_result(job.id)
            if result is not None and result.status in ("succeeded", "failed"):
                results[job.id] = result
                effects[job.id] = self._effect(result)
        fleet.close()
        return effects, results

    def _effect(self, result: Result) -> Effect:
        key = result.output.key if result.output else None
        output = self.object(key) if key else None
        return Effect(result.status, result.result, result.error and asdict(result.error), key, output)

    def check(self, baseline: Baseline, *, doomed: Sequence[Job] = (), stop: bool = True) -> "Figures":
        """Assert that the faults left no trace, and print the figures.

        `doomed` are the jobs meant for the dead-letter queue. The workers are stopped first.
        """
        if stop:
            codes = [worker.stop() for worker in self.workers if worker.alive]
            assert not any(codes), f"exit codes {codes}"
        fated = {job.id for job in doomed}
        jobs = [job for job in self.sent.values() if job.id not in fated]
        effects, results = self.effects(jobs)
        answers = self.collect()
        lines = self.logged()
        figures = self._figures(jobs, effects, answers, lines)
        sys.stdout.write(f"\n{figures}\n")
        problems = [
            *self._wrong_effects(jobs, effects, baseline),
            *self._wrong_answers(jobs, results, answers),
            *self._wrong_queues(fated),
            *self._wrong_logs(results, lines),
        ]
        assert not problems, "\n".join([str(figures), *problems[:20]])
        return figures

    def _wrong_effects(self, jobs: Sequence[Job], effects: Baseline, baseline: Baseline) -> Iterator[str]:
        for job in jobs:
            if job.id not in effects:
                yield f"{job.operation} {job.id}: no stored result"
            elif effects[job.id] != baseline[job.id]:
                yield f"{job.operation} {job.id}: {effects[job.id]} instead of {baseline[job.id]}"[:400]

    def _wrong_answers(
        self, jobs: Sequence[Job], results: dict[str, Result], answers: Sequence[Result]
    ) -> Iterator[str]:
        answered = {answer.id for answer in answers}
        yield from (f"{job.operation} {job.id}: no answer" for job in jobs if job.id not in answered)
        for answer in answers:
            stored = results.get(answer.id)
            if stored and (answer.status, answer.result, answer.output, answer.error) != (
                stored.status,
                stored.result,
                stored.output,
                stored.error,
            ):
                yield f"{answer.id}: answered {answer}, stored {stored}"[:400]

    def _wrong_queues(self, doomed: set[str]) -> Iterator[str]:
        for queue in (self.requests, self.responses, self.replies):
            if any(self.depth(queue)):
                yield f"{queue.rpartition('/')[2]}: {self.depth(queue)} messages (visible, in flight) left"
        dead = Counter(json.loads(message["Body"])["id"] for message in self.take_all(self.dead))
        if dead != Counter(doomed):
            yield f"dead letters: {dict(dead)} instead of {sorted(doomed)}"

    def _wrong_logs(self, results: dict[str, Result], lines: Sequence[dict[str, Any]]) -> Iterator[str]:
        outcomes = {(line.get("job"), line.get("outcome")) for line in lines}
        for result in results.values():
            # Killed between the result and the line, a job is answered again, and that line tells of it.
            if not {(result.id, result.status), (result.id, "answered-again")} & outcomes:
                yield f"{result.operation} {result.id}: no log line says what became of it"
        spooled = [path for one in self.folder.glob("spool*") for path in one.rglob("*.jsonl")]
        if any(path.stat().st_size for path in spooled):
            yield f"left in the spool: {[path.name for path in spooled]}"
        for key, digests in self.proxy.stored.items():
            if key.startswith("logs/") and len(digests) > 1:
                yield f"{key} was written with {len(digests)} different contents"

    def _figures(
        self,
        jobs: Sequence[Job],
        effects: Baseline,
        answers: Sequence[Result],
        lines: Sequence[dict[str, Any]],
    ) -> "Figures":
        done = Counter(line["job"] for line in lines if line.get("outcome") in ("succeeded", "failed"))
        return Figures(
            jobs=len(self.sent),
            faults=dict(self.proxy.injected),
            results=len(effects),
            run_again=sum(count - 1 for count in done.values()),
            duplicate_answers=len(answers) - len({answer.id for answer in answers}),
            lost=len(jobs) - len(effects),
        )


@dataclass(frozen=True)
class Figures:
    """What a run came to."""

    jobs: int
    faults: dict[str, int]
    results: int
    run_again: int
    duplicate_answers: int
    lost: int

    def __str__(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in self.faults.items()) or "none"
        return (
            f"jobs {self.jobs}; faults injected: {faults}; results {self.results}; "
            f"jobs run again {self.run_again}; duplicate answers {self.duplicate_answers}; lost {self.lost}"
        )
