"""A stack by hand, with workers as processes: what a fault test sends jobs to and looks at."""

import json
import math
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

from jobfleet import Fleet
from jobfleet.settings.settings import Settings
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.names import StackNames

from tests.faults.catalogue import Job, hostile_jobs
from tests.faults.processes import Systemd, Worker
from tests.faults.proxy import Proxy
from tests.faults.verdict import Baseline, Figures, check, effects_of
from tests.localcloud_fixture import new_key
from tests.patience import PATIENCE, wait_for
from tests.places import REPOSITORY

# What a worker has done of which it knows that jobs are short.
SHORT_JOBS = 20

HOSTILE = Path(__file__).parent / "hostile"
ACCOUNT = "123456789012"

# The least that a worker takes, so that what a dead one held is soon back. On a slow machine a heartbeat may
# be late by more.
VISIBILITY_TIMEOUT = math.ceil(6 * PATIENCE)

# So many seconds that what goes back during a test was handed back, and did not come by itself.
LONG_HOLD = 600

# `make soak` sets it: everything that is counted is so many times more.
SOAK = int(os.environ.get("JOBFLEET_SOAK", "1"))

_DEPTHS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


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
    more_environment: dict[str, str] = field(default_factory=dict)
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
        self.write_credentials()

    def _queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    # What a person and a client do.

    def write_credentials(self) -> str:
        """Put a new key into the worker's file as the role does, whole or not at all; return its token."""
        key = new_key(self.cloud)
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        beside = self.credentials.with_suffix(".new")
        beside.write_text("[default]\n" + "".join(f"{name} = {key[name.upper()]}\n" for name in names))
        beside.replace(self.credentials)
        self.token = key["AWS_SESSION_TOKEN"]
        return self.token

    def send(self, jobs: Sequence[Job]) -> None:
        """Put inputs into the bucket and requests on the queue."""
        for job in jobs:
            if isinstance(job.source, bytes) and job.id not in self.sent:
                self.s3.put_object(Bucket=self.bucket, Key=job.key, Body=job.source)
            self.sent[job.id] = job
        self.send_bodies([job.body(self.bucket, self.reply_to) for job in jobs])

    def give_back(self) -> None:
        """Let others have what a worker held that is gone, as if its holds had run out."""
        for queue, receipt in self.proxy.received:
            # Those that are deleted are none any more.
            with suppress(self.sqs.exceptions.ClientError):
                self.sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=receipt, VisibilityTimeout=0)

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
                [sys.executable, "-m", "jobfleet_worker", "--config", str(config)],
                cwd=REPOSITORY,
                env={**self.environment(), **({"NOTIFY_SOCKET": str(systemd.path)} if systemd else {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = Worker(process, path)
        self.workers.append(worker)
        return worker

    def start_greedy(self, **changes: Any) -> Worker:
        """Start a worker that has done short jobs: it takes its hands full of the jobs that follow.

        Of one alone, a process that is slow to start would make it think that all are long.
        """
        self.send(hostile_jobs("sleep 0", SHORT_JOBS))
        worker = self.start(**changes)
        self.until_done(30)
        return worker

    def environment(self) -> dict[str, str]:
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
            **self.more_environment,
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

    def until(self, holds: Callable[[], Any], seconds: float, what: str) -> Any:
        """Wait until something holds, and return it; fail with the end of what the workers said."""

        def seen() -> str:
            said = [line for one in self.workers for line in one.path.read_text().splitlines()[-12:]]
            return "\n".join([what, *said])

        return wait_for(holds, seconds, seen)

    def until_turned(self, systemd: Systemd, turns: int, what: str) -> None:
        """Wait until the main thread of the worker that `systemd` hears has gone round so many times more.

        At work that is five times a second at most, while it stops twenty.
        """
        before = systemd.turns()
        self.until(lambda: systemd.turns() >= before + turns, 30, what)

    def until_called(self, calls: int) -> None:
        """Wait until so many more calls have come to the proxy, or no request is left."""
        before = len(self.proxy.calls)
        self.until(
            lambda: len(self.proxy.calls) >= before + calls or not self.left(), 60, f"{calls} more calls"
        )

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
        return effects_of(self, jobs)

    def check(self, baseline: Baseline, *, doomed: Sequence[Job] = (), stop: bool = True) -> Figures:
        """Assert that the faults left no trace, and tell the figures.

        `doomed` are the jobs meant for the dead-letter queue. The workers are stopped first.
        """
        return check(self, baseline, doomed, stop=stop)
