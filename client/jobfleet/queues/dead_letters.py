"""The dead-letter queue: what lies there and why, and its way back or out.

SQS shows a message only to who receives it, and hides it from others for that time. So looking is
receiving, and handing back at once; whoever is killed meanwhile leaves the letters hidden for
`HOLD_SECONDS`. Nothing is deleted but by `drop`, and by `redrive` once it is sent anew.

SQS could move messages by itself (StartMessageMoveTask), but only all of a queue, those too that no
worker can read, which would come back at once, and those whose result is stored, which would be
done twice. So the client sends them.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from jobfleet_jobs.drop_events import read_event
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.batches import batches_by_size
from jobfleet_jobs.protocol.ids import sent_at
from jobfleet_jobs.protocol.message import Request, Result

from jobfleet.answers.result_store import Results
from jobfleet.aws.account import Account
from jobfleet.aws.bucket import THREADS
from jobfleet.queues import queue_counts
from jobfleet.queues.borrowed_messages import Borrowed, BorrowedMessage
from jobfleet.queues.queue_counts import DEAD_LETTERS
from jobfleet.sending.sender_group import sender_group

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

DROP = "`jobfleet dead drop` removes it"


@dataclass(frozen=True)
class Letter:
    """A dead letter: a request that failed too often, or a message that is none (`request` is None).

    `result` is what is stored of its job.
    """

    message: BorrowedMessage
    request: Request | None
    result: Result | None = None

    @property
    def id(self) -> str:
        """What it is called: by the job's id, or SQS's own where there is no job."""
        return self.request.id if self.request else self.message.id

    @property
    def sent(self) -> datetime:
        """When the job was sent, or else the message."""
        return (self.request and sent_at(self.request.id)) or self.message.sent

    @property
    def done(self) -> bool:
        """Whether a final result is stored all the same."""
        return self.result is not None and self.result.status != "failing"

    @property
    def cause(self) -> str:
        """Why it lies here, in words."""
        if self.message.cause:
            return self.message.cause
        if self.result and self.done:
            return f"the job is done: its result is stored ({self.result.status})"
        last = self.result.last_attempt if self.result else None
        if last:
            return f"attempt {last.attempt} on {last.worker}: {last.cause}"
        if self.request is None:
            return "not a request, and no worker said why it is here"
        return "no attempt reported a cause: its workers were killed, or it was never started"


@dataclass(frozen=True)
class DeadLetterList:
    """Letters, oldest first. `unseen` is how many more SQS counts: in other hands, or beyond the bound."""

    letters: Sequence[Letter]
    unseen: int


@dataclass(frozen=True)
class Redriven:
    """What was sent anew; what was not, with the reason; ids that no letter has; and `Look.unseen`."""

    sent: Sequence[Letter]
    skipped: Sequence[tuple[Letter, str]]
    missing: Collection[str]
    unseen: int


class DeadLetters:
    """One stack's dead letters. Its methods raise AWS's errors."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._results = Results(account)

    def look(self, ids: Collection[str] | None = None) -> DeadLetterList:
        """Return the letters (of these ids), with what is stored of their jobs."""
        with self._held() as held:
            letters = [letter for letter in self._letters(held) if ids is None or letter.id in ids]
            unseen = held.unseen
        return DeadLetterList(sorted(self._with_results(letters), key=lambda letter: letter.sent), unseen)

    def redrive(self, ids: Collection[str] | None = None) -> Redriven:
        """Send the requests (of these ids) to the workers as they first were, and take them off this queue.

        Each stays in the group of its sender; what has none, as drops, comes in the group of this process.
        What is no request, or is done already, stays. A letter goes only once its request was taken,
        and its id stays, so that a worker that meets it twice does it once.
        """
        sent: list[Letter] = []
        skipped: list[tuple[Letter, str]] = []
        with self._held() as held:
            url = self._account.sqs.get_queue_url(QueueName=self._account.settings.names.requests)["QueueUrl"]
            for batch in held:
                letters = [letter for letter in map(self._read, batch) if ids is None or letter.id in ids]
                wanted = [(letter, _why_not(letter)) for letter in self._with_results(letters)]
                skipped += [(letter, why) for letter, why in wanted if why]
                fit = [letter for letter, why in wanted if not why]
                codes = self._send(url, fit, {letter.id for letter in sent})
                skipped += [(one, f"AWS did not take it: {codes[one.id]}") for one in fit if one.id in codes]
                taken = [letter for letter in fit if letter.id not in codes]
                stuck = {message.id for message in held.delete([letter.message for letter in taken])}
                sent += taken
                skipped += [
                    (one, f"sent, but still here: {DROP}") for one in taken if one.message.id in stuck
                ]
            unseen = held.unseen
        found = {letter.id for letter in sent} | {letter.id for letter, _ in skipped}
        return Redriven(sent, skipped, set(ids or ()) - found, unseen)

    def drop(self, letters: Sequence[Letter]) -> list[Letter]:
        """Delete letters for good; return those that are gone. One in other hands now is not."""
        wanted = {letter.message.id: letter for letter in letters}
        gone: list[Letter] = []
        with self._held() as held:
            for batch in held:
                chosen = [message for message in batch if message.id in wanted]
                stuck = {message.id for message in held.delete(chosen)}
                gone += [wanted[message.id] for message in chosen if message.id not in stuck]
                if len(gone) == len(wanted):
                    break
        return gone

    def _held(self) -> Borrowed:
        return Borrowed(self._account, queue_counts.count_queues(self._account, [DEAD_LETTERS])[0])

    def _letters(self, held: Borrowed) -> list[Letter]:
        return [self._read(message) for batch in held for message in batch]

    def _read(self, message: BorrowedMessage) -> Letter:
        try:
            return Letter(message, Request.from_json(message.body))
        except BadJob:
            pass
        with suppress(BadJob):
            # What asks for a job may also be an event of S3's.
            event = read_event(message.body, self._account.bucket)
            return Letter(message, event if isinstance(event, Request) else None)
        return Letter(message, None)

    def _with_results(self, letters: Sequence[Letter]) -> list[Letter]:
        _ = self._account.s3, self._account.bucket
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(self._with_result, letters))

    def _with_result(self, letter: Letter) -> Letter:
        if letter.request is None:
            return letter
        with suppress(BadJob):  # a result that this version cannot read
            return replace(letter, result=self._results.look(letter.request.id))
        return letter

    def _send(self, url: str, letters: Sequence[Letter], before: Collection[str]) -> dict[str, str]:
        """Send requests, each id once; return SQS's codes for the ids that it refused."""
        refused: dict[str, str] = {}
        bodies = {letter.id: letter.message.body for letter in letters if letter.id not in before}
        groups = {letter.id: letter.message.group or sender_group() for letter in letters}
        for batch in batches_by_size(list(bodies.items())):
            ids = [job_id for job_id, _ in batch]
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "MessageBody": body, "MessageGroupId": groups[job_id]}
                for number, (job_id, body) in enumerate(batch)
            ]
            answer = self._account.sqs.send_message_batch(QueueUrl=url, Entries=entries)
            refused |= {ids[int(entry["Id"])]: entry["Code"] for entry in answer.get("Failed", ())}
        return refused


def _why_not(letter: Letter) -> str:
    """Return why a letter cannot be redriven; an empty text where it can."""
    if letter.request is None:
        return f"it is not a request; {DROP}"
    if letter.done and letter.result:
        return f"its result is stored already ({letter.result.status}); {DROP}"
    return ""
