"""The emptying of the stack's queues, by SQS's own purge.

SQS takes one purge of a queue a minute, and up to that minute to carry it out: messages sent
meanwhile may go too, and messages in somebody's hands go as well
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html). A job
that a worker is doing is not taken from it: it is finished, and its result stored, all the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from jobfleet_jobs.protocol.aws_facts import error_code

from jobfleet.aws.account import Account
from jobfleet.errors import FleetError
from jobfleet.human_text import many
from jobfleet.queues import queue_counts as queues
from jobfleet.queues.queue_counts import REQUESTS, RESPONSES, Kind, Queue

PURGE_SECONDS = 60
PURGE_IN_PROGRESS = frozenset({"PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"})

# How long a purge that was refused is tried again, and how often.
PATIENCE_SECONDS = PURGE_SECONDS + 5
RETRY_SECONDS = 3.0


class TooSoon(FleetError):
    """SQS was asked to empty this queue less than a minute ago."""


@dataclass(frozen=True)
class PurgePlan:
    """What would go: queues with the messages they hold."""

    queues: Sequence[Queue]

    @property
    def full(self) -> list[Queue]:
        """The queues in which anything waits. Others are left alone, as a purge has its price."""
        return [queue for queue in self.queues if queue.untaken]

    @property
    def messages(self) -> int:
        """How many messages would go in all, as far as SQS has counted."""
        return sum(queue.untaken for queue in self.queues)


@dataclass(frozen=True)
class Cleared:
    """What SQS was told to empty; until `settled` (UTC), messages newly sent to it may go too."""

    queues: Sequence[Queue]
    settled: datetime


def plan(account: Account, kinds: Sequence[Kind] = (REQUESTS, RESPONSES)) -> PurgePlan:
    """Look at what `clear` would take. Reply queues are other clients' own and are never among it.

    Raises AWS's errors.
    """
    return PurgePlan(queues.count_queues(account, kinds))


def clear(
    account: Account,
    planned: PurgePlan,
    patience: float = PATIENCE_SECONDS,
    on_wait: Callable[[str], None] = lambda words: None,
) -> Cleared:
    """Empty the queues of a plan that hold anything.

    Where SQS refuses because of an earlier purge, `on_wait` is told so once, and it is tried again
    for `patience` seconds. Raises `TooSoon` after that, and AWS's errors; once a queue is emptied, the
    client's own, which say so.
    """
    left, done = planned.full, list[Queue]()
    deadline, said = time.monotonic() + patience, False
    while True:
        for queue in list(left):
            if _purged(account, queue, done):
                left.remove(queue)
                done.append(queue)
        if not left:
            return Cleared(done, datetime.now(UTC) + timedelta(seconds=PURGE_SECONDS))
        names = " and ".join(queue.name for queue in left)
        why = f"AWS empties a queue at most once a minute, and was asked for {names} less than a minute ago"
        if time.monotonic() + RETRY_SECONDS > deadline:
            raise TooSoon(f"{why}: try again in {PURGE_SECONDS} s{_already(done)}")
        if not said:
            on_wait(f"{why}: waiting for up to {patience:.0f} s")
            said = True
        time.sleep(RETRY_SECONDS)


def _purged(account: Account, queue: Queue, done: Sequence[Queue]) -> bool:
    try:
        account.sqs.purge_queue(QueueUrl=queue.url)
    except (BotoCoreError, ClientError) as problem:
        if isinstance(problem, ClientError) and error_code(problem) in PURGE_IN_PROGRESS:
            return False
        told = account.sentences.of(problem) if done else None
        if told is None:
            raise
        raise type(told)(f"{told}{_already(done)}") from problem
    return True


def _already(done: Sequence[Queue]) -> str:
    names = ", ".join(f"{queue.name} of {many(queue.untaken, 'message')}" for queue in done)
    return f" (already emptied: {names})" if done else ""
