"""The stack's own queues, looked at from outside: nothing is ever received to count it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from jobfleet.aws.account import Account

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


def name_of(account: Account, kind: Kind) -> str:
    """Return the name of one of the stack's queues."""
    names = account.settings.names
    return {REQUESTS: names.requests, RESPONSES: names.responses, DEAD_LETTERS: names.dead_letters}[kind]


def count_queues(account: Account, kinds: Sequence[Kind] = KINDS) -> list[Queue]:
    """Count the messages in queues, all at the same time. Raises the client's errors."""
    with account.in_words():
        _ = account.sqs  # made by one thread, used by all
        with ThreadPoolExecutor(len(kinds)) as threads:
            return list(threads.map(lambda kind: _look_at(account, kind), kinds))


def _look_at(account: Account, kind: Kind) -> Queue:
    name = name_of(account, kind)
    url = account.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = account.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return Queue(
        kind, name, url,
        waiting=int(found.get("ApproximateNumberOfMessages", 0)),
        in_flight=int(found.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(found.get("ApproximateNumberOfMessagesDelayed", 0)),
    )  # fmt: skip
