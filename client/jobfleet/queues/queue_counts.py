"""The stack's own queues, looked at from outside: nothing is ever received to count it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from jobfleet.aws.account import Account
from jobfleet.human_text import many

Kind = Literal["requests", "responses", "dead letters"]
REQUESTS: Kind = "requests"
RESPONSES: Kind = "responses"
DEAD_LETTERS: Kind = "dead letters"
KINDS: tuple[Kind, ...] = (REQUESTS, RESPONSES, DEAD_LETTERS)


@dataclass(frozen=True)
class Queue:
    """One queue and how many messages it holds, by SQS's own count, which lags by up to a minute.

    `waiting` may be taken, `in_flight` are in somebody's hands, `delayed` wait for their time.
    """

    kind: Kind
    name: str
    url: str
    waiting: int
    in_flight: int
    delayed: int

    @property
    def untaken(self) -> int:
        """Those in nobody's hands."""
        return self.waiting + self.delayed

    def ahead_of_one(self) -> str | None:
        """Say how many requests may be done before one that was sent; None where it seems to be alone.

        SQS does not tell where in line a message is; its own is among the counted.
        """
        before = max(0, self.untaken - 1)
        if not before and self.in_flight <= 1:
            return None
        return (
            f"busy: up to {many(before, 'job')} ahead of yours, and {self.in_flight:,} with the "
            "workers. Senders take turns, so yours may come sooner"
        )


def name_of(account: Account, kind: Kind) -> str:
    """Return the name of one of the stack's queues."""
    names = account.settings.names
    return {REQUESTS: names.requests, RESPONSES: names.responses, DEAD_LETTERS: names.dead_letters}[kind]


def count_queues(account: Account, kinds: Sequence[Kind] = KINDS) -> list[Queue]:
    """Count the messages in queues, all at the same time. Raises AWS's errors."""
    _ = account.sqs  # made by one thread, used by all
    with ThreadPoolExecutor(len(kinds)) as threads:
        return list(threads.map(lambda kind: _look_at(account, kind), kinds))


def count_at(account: Account, kind: Kind, url: str) -> Queue:
    """Count the messages in the queue of that kind at an address. Raises AWS's errors."""
    found = account.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return Queue(
        kind, name_of(account, kind), url,
        waiting=int(found.get("ApproximateNumberOfMessages", 0)),
        in_flight=int(found.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(found.get("ApproximateNumberOfMessagesDelayed", 0)),
    )  # fmt: skip


def _look_at(account: Account, kind: Kind) -> Queue:
    url = account.sqs.get_queue_url(QueueName=name_of(account, kind))["QueueUrl"]
    return count_at(account, kind, url)
