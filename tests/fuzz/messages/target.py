"""Messages through a whole worker: received, read, done or refused, stored, answered, logged and deleted."""

import gc
import io
import itertools
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, cast

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Result
from jobfleet_worker.aws.clients import Clients
from jobfleet_worker.offers.offer import make_offer
from jobfleet_worker.settings import WorkerSettings
from jobfleet_worker.wiring import Surroundings, build

from tests.fuzz.images.corpus import png
from tests.fuzz.messages.bodies import BUCKET, NUMBERS, PICTURE, STACK, Case, make
from tests.fuzz.messages.memory_aws import MemoryS3, MemorySqs, Stored
from tests.fuzz.sentences import check_no_secret, check_refusal
from tests.fuzz.target import Target, require
from tests.patience import patience

# Nothing is to be waited for but a process, now and then.
ANSWER_SECONDS = 30.0

# Its threads take most of it, for their stacks.
_MEMORY = 8 * 1024**3

# What a worker says of itself while it works as it should.
_USUAL = frozenset({"job", "worker-started", "worker-stopped"})


class Worker:
    """A worker with all its threads, on AWS in memory."""

    def __init__(self) -> None:
        self.s3, self.sqs, self.out = MemoryS3(), MemorySqs(), io.StringIO()
        self._spool = tempfile.TemporaryDirectory(prefix="jobfleet-fuzz-")
        settings = WorkerSettings(
            STACK,
            "eu-west-1",
            BUCKET,
            "requests",
            "responses",
            "dead",
            worker_id="w",
            processes=1,
            wait_time=1,
            batch_linger=0,
            max_pixels=200_000,
            max_input_bytes=2_000_000,
            job_time_limit=20,
            stop_timeout=1,
            spool=Path(self._spool.name) / "spool",
        )
        around = Surroundings(credentials=lambda: 0, backoff=lambda _: 0, out=self.out, version="1")
        clients = Clients(*cast(Any, (self.sqs, self.s3, None)))
        made = build(settings, clients, make_offer(settings), around)
        self._stop, self._numbers = made.stop, itertools.count()
        self._thread = threading.Thread(target=made.engine.run, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Stop it."""
        self._stop.stop()
        self._thread.join(patience(30))
        # A thread that died closed no file of the log, and Python would tell it to whatever test comes next.
        for one in gc.get_objects():
            if isinstance(one, io.FileIO) and str(one.name).startswith(self._spool.name):
                one.close()
        self._spool.cleanup()

    def work(self, case: Case) -> list[dict[str, Any]]:
        """Have a message done; return the lines that the worker wrote."""
        self.s3.objects = {NUMBERS: Stored(b"1 2 3"), PICTURE: Stored(png(2, 8, (7, 5))), **case.objects}
        self.sqs.sent, self.sqs.hidden, self.sqs.deleted = [], [], []
        self.sqs.ended.clear()
        self.out.seek(0)
        self.out.truncate()
        receipt = str(next(self._numbers))
        told = {"ApproximateReceiveCount": str(case.attempt)}
        self.sqs.waiting.put({"Body": case.data, "ReceiptHandle": receipt, "Attributes": told})
        deadline = time.monotonic() + patience(ANSWER_SECONDS)
        while not (ended := self.sqs.ended.wait(1.0)) and self.is_alive:
            if time.monotonic() > deadline:
                break
        said = self.out.getvalue()
        require(ended, f"nothing became of it: {said[-2_000:]}")
        lines = [json.loads(line) for line in said.splitlines()]
        for line in lines:
            broken = line["event"] in ("attempt-broken", "thread-died")
            require(not broken, f"{line['event']}: {line.get('cause')}\n{line.get('trace')}")
        require(self.is_alive, f"the worker has ended: {said[-2_000:]}")
        require(receipt in self.sqs.deleted, f"it was handed back: {said[-2_000:]}")
        return lines


_worker: list[Worker] = []


def check(case: Case) -> str:
    """Have a message done, and look at all that a person may read of it."""
    if _worker and not _worker[0].is_alive:
        stop()
    if not _worker:
        _worker.append(Worker())
    worker = _worker[0]
    lines = worker.work(case)
    first = _told(worker, case)
    for line in lines:
        require(line["event"] in _USUAL, f"the worker says {line}")
        _check_line(line, case)
    outcome = [line.get("outcome", "") for line in lines if line["event"] == "job"]
    require(len(outcome) == 1, f"{len(outcome)} lines on one job")
    if outcome[0] in ("failed", "unreadable"):
        worker.work(case)
        require(_told(worker, case) == first, "two refusals of one message")
        return f"{outcome[0]}: {lines[-1].get('code')}"
    return outcome[0]


def stop() -> None:
    """End the worker."""
    while _worker:
        _worker.pop().end()


def _check_line(line: dict[str, Any], case: Case) -> None:
    text = json.dumps(line)
    require(len(text) <= 4_000, f"a line of {len(text):,} characters: {text[:300]}")
    if line.get("outcome") != "succeeded":
        check_no_secret(text.replace("\\\\", "\\"), case.secrets, "the log")


def _told(worker: Worker, case: Case) -> list[tuple[str, str]]:
    """Return the codes and sentences of refusals that were answered, stored or buried."""
    found = []
    stored = [
        (key, one.data.decode()) for key, one in worker.s3.objects.items() if key.startswith("results/")
    ]
    sent = [(queue, body) for queue, body, _ in worker.sqs.sent if queue not in ("dead", "requests")]
    for _, text in [*stored, *sent]:
        for line in text.splitlines():
            if '"status":"working"' in line:
                continue
            result = Result.from_json(line)
            if result.error:
                check_refusal(BadJob(result.error.code, result.error.message), case.secrets)
                found.append((result.error.code, result.error.message))
    for queue, _, attributes in worker.sqs.sent:
        # Beside a message that is as long as may be, there is no room for it.
        if queue == "dead" and "cause" in attributes:
            code, _, words = attributes["cause"].partition(": ")
            check_refusal(BadJob(code, words), case.secrets)
    return found


MESSAGES = Target("messages", make, check, memory=_MEMORY, stop=stop)
