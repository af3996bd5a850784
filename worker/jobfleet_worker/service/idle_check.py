"""The program that tells whether this host is idle, so that it may stop itself (worker_idle_stop_minutes).

What it goes by is the worker's own heartbeat in the bucket, which a worker that hangs or is out of
credentials does not write: then nothing is known, and the host stays on. A heartbeat is up to a minute
old; a request taken since then shows in the queue's count of those in flight.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.protocol.heartbeat import PERIOD_SECONDS, Heartbeat
from jobfleet_jobs.protocol.names import heartbeat_key

from jobfleet_worker.aws.clients import Clients, NoCredentialsFound, make_clients
from jobfleet_worker.clock import SystemClock
from jobfleet_worker.settings import BadSettings, WorkerSettings, from_file

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

# One heartbeat may be late, or its upload fail.
STALE_SECONDS = 3 * PERIOD_SECONDS

COUNTS: "list[QueueAttributeNameType]" = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]


class Exit(IntEnum):
    """What the process's exit code means; systemd's ExecCondition goes on after 0 alone."""

    IDLE = 0
    AT_WORK = 1  # or nothing is known
    USAGE = 2  # argparse's own


def reason_to_stay(last: Heartbeat, waiting: int, minutes: float, now: datetime) -> str | None:
    """Return why the host is needed, or None if it was idle for `minutes`.

    `last` is the worker's last heartbeat, `waiting` the number of requests in the queue, in whoever's
    hands. Raises `ValueError` for a heartbeat that does not tell when.
    """
    if last.at is None or last.started is None:
        raise ValueError("the worker's last heartbeat does not tell when it was")
    if waiting:
        return f"{waiting} requests are waiting or in somebody's hands"
    if last.in_flight:
        return f"the worker has {last.in_flight} requests in hand"
    said = (now - last.at).total_seconds()
    if last.stopped or last.paused or said > STALE_SECONDS:
        return f"the worker is stopped, paused or silent (its last heartbeat is {said:.0f} s old)"
    ended = last.last_job[1] if last.last_job else last.started
    idle = (now - max(ended, last.started)).total_seconds()
    if idle < minutes * 60:
        return f"the last job ended {idle:.0f} s ago"
    return None


def read_state(settings: WorkerSettings, clients: Clients) -> tuple[Heartbeat, int]:
    """Return the last heartbeat and the number of requests. Raises AWS's errors."""
    key = heartbeat_key(settings.worker_id)
    last = Heartbeat.read(clients.s3.get_object(Bucket=settings.bucket, Key=key)["Body"].read().decode())
    url = clients.sqs.get_queue_url(QueueName=settings.request_queue)["QueueUrl"]
    counts = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)["Attributes"]
    return last, sum(int(counts[name]) for name in COUNTS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Look once; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="jobfleet_worker.service.idle_check", description="Tell whether this host is idle."
    )
    parser.add_argument("--config", type=Path, required=True, help="the worker's settings file")
    parser.add_argument("--minutes", type=float, required=True, help="for how long without a job")
    options = parser.parse_args(arguments)
    try:
        settings = from_file(options.config)
        last, waiting = read_state(settings, make_clients(settings.region, settings.endpoint_url))
        reason = reason_to_stay(last, waiting, options.minutes, SystemClock().now())
    except (BadSettings, NoCredentialsFound, BotoCoreError, ClientError, ValueError) as problem:
        reason = f"it cannot be known: {redact(str(problem))}"
    sys.stdout.write(f"idle: {'yes' if reason is None else f'no, {reason}'}\n")
    return Exit.IDLE if reason is None else Exit.AT_WORK


if __name__ == "__main__":
    sys.exit(main())
