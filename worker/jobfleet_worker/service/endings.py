"""The ends of jobs: counted, logged, and tried again where an attempt broke."""

from collections.abc import Callable
from contextlib import suppress

from botocore.exceptions import BotoCoreError, ClientError

from jobfleet_worker.errors import GivenUp, trace, words
from jobfleet_worker.job.attempt import Attempts
from jobfleet_worker.job.in_hand import Finished, JobInHand
from jobfleet_worker.reporting.heartbeats import Heartbeats
from jobfleet_worker.reporting.journal import Journal
from jobfleet_worker.service.backlog import Backlog


class Endings:
    """Ends jobs. `backoff` returns after how many seconds an attempt of that number is tried again."""

    def __init__(
        self,
        journal: Journal,
        heartbeats: Heartbeats,
        attempts: Attempts,
        backlog: Backlog,
        backoff: Callable[[int], int],
    ) -> None:
        self._journal, self._heartbeats, self._attempts = journal, heartbeats, attempts
        self._backlog, self._backoff = backlog, backoff

    def ended(self, finished: Finished) -> None:
        """A job is committed."""
        self._heartbeats.count(finished.line["outcome"], finished.result.id)
        self._backlog.let_go(finished.job, worked=True)

    def broken(self, finished: Finished, problem: Exception) -> None:
        """A job was done and cannot be committed."""
        self.failed(finished.job, problem, worked=True)

    def failed(self, job: JobInHand, problem: Exception, *, worked: bool = False) -> None:
        """An attempt broke, or was given up: the message goes back, for later or for others."""
        job_id, attempt = job.request.id if job.request else "", job.lease.message.attempt
        if isinstance(problem, GivenUp):
            self._journal.tell("given-up", job=job_id, attempt=attempt, cause=str(problem))
            self._backlog.hand_back([job.lease], 0)
        else:
            wait = self._backoff(attempt)
            # Of what is no known failure, whoever has to find the fault wants to know where it is.
            where = "" if isinstance(problem, BotoCoreError | ClientError) else trace(problem)
            self._journal.tell(
                "attempt-broken", job=job_id, attempt=attempt, cause=words(problem),
                again_in_seconds=wait, **({"trace": where} if where else {}),
            )  # fmt: skip
            # Where this cannot be stored, the next attempt says that this one left no word.
            with suppress(BotoCoreError, ClientError):
                self._attempts.note_broken(job, words(problem))
            self._heartbeats.count("broken", job_id)
            self._backlog.hand_back([job.lease], wait)
        self._backlog.let_go(job, worked=worked)
