"""One attempt at a job: from the request to a result that is stored, or about to be with others.

It answers nobody and deletes nothing; `commit` does, once everything lies in the bucket.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from jobfleet_jobs.credentials.redaction import cut, shown
from jobfleet_jobs.drop_events import Nothing, Several
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import JobError, Request, Result, Stored
from jobfleet_jobs.protocol.unreadable import read_what_can_be_read
from jobfleet_jobs.results.carried_result import carried

from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.job.broken_attempts import Failures
from jobfleet_worker.job.dropped_input import OF_ANOTHER_OBJECT, Drops
from jobfleet_worker.job.handover import Elsewhere, NotHere
from jobfleet_worker.job.in_hand import Finished, JobInHand
from jobfleet_worker.job.started_notes import StartedNotes
from jobfleet_worker.job.steps import JobSteps, Timer
from jobfleet_worker.operations.outcome import Outcome

# As much of an unreadable message as a log line shows; all of it lies in the dead-letter queue.
HEAD_CHARACTERS = 200

# SQS's own rule for queue names:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Attempts:
    """Does jobs, one call of `make` each, in any number of threads."""

    def __init__(
        self,
        tools: Tools,
        drops: Drops,
        steps: JobSteps,
        elsewhere: Elsewhere,
        notes: StartedNotes,
    ) -> None:
        self._notes = notes
        self._settings, self._clock = tools.settings, tools.clock
        self._storage, self._queues, self._breaker = tools.storage, tools.queues, tools.breaker
        self._drops, self._steps, self._elsewhere = drops, steps, elsewhere
        self._replies_prefix = tools.settings.names.replies_prefix
        self._failures = Failures(tools.settings.worker_id, tools.storage, tools.clock)

    def is_small(self, job: JobInHand) -> bool:
        """Tell whether a job takes a moment and no call to AWS."""
        return self._steps.is_small(job)

    def make_small(self, job: JobInHand) -> Finished:
        """Do a small job here and now; its result is stored with others'."""
        job.lease.begun = self._clock.monotonic()
        return self._done(job, in_pool=False)

    def make(self, job: JobInHand) -> Finished:
        """Do a job; its result is stored with others', if it is the first that is stored of the job.

        Raises `GivenUp`, and whatever is no bad job's fault.
        """
        job.lease.begun = self._clock.monotonic()
        if job.event:
            return self._pass_over(job, job.event)
        if job.request is None:
            return self._refuse(job)
        request, message, dropped = job.request, job.lease.message, job.request.dropped is not None
        # Of a message that was passed on, and of an event of S3, there may be another with the same id.
        seen_before = message.attempt > 1 or job.again or message.passed is not None or dropped
        find = self._storage.find_own_result if dropped else self._storage.find_result
        if seen_before and (done := self._done_before(job, request, find)):
            return self._answered_again(job, request, done)
        if self._breaker.sqs(job, lambda: self._elsewhere.is_spent(message)):
            return self._without_result(job, "spent", buried="it was received as often as the queue allows")
        try:
            finished = self._done(job, in_pool=True)
        except NotHere as problem:
            return self._without_result(job, "passed-on", passed=problem.passed)
        error = finished.result.error
        if dropped and error and error.code in OF_ANOTHER_OBJECT:
            # Who was quicker may have moved the input: its result was stored before.
            before = self._breaker.s3(job, lambda: find(request.id))
            if before and before.status != "failing":
                return self._answered_again(job, request, before)
        if seen_before:
            # In the place of the record of its broken attempts.
            self._breaker.s3(job, lambda: self._storage.write_result(finished.result))
            finished.stored = True
        self._settle(job, request, finished)
        return finished

    def _done_before(
        self, job: JobInHand, request: Request, find: Callable[[str], Result | None]
    ) -> Result | None:
        """Return the result of a job that was done and is not done again; of another, note its attempts."""
        before = self._breaker.s3(job, lambda: find(request.id))
        if before and before.status != "failing":
            return before
        if at_output := self._breaker.s3(job, lambda: self._steps.carried_result(request)):
            self._breaker.s3(job, lambda: self._storage.write_result(at_output))
            return at_output
        self._breaker.s3(job, lambda: self._failures.note_silent(request, job.lease.message.attempt, before))
        return None

    def _without_result(self, job: JobInHand, outcome: str, **how: Any) -> Finished:
        """End a message whose job is not at its end, and goes on in another."""
        request, attempt = job.request, job.lease.message.attempt
        assert request is not None  # noqa: S101 - for the type checker
        result = Result(request.id, cut(request.operation), "failing", self._settings.worker_id, attempt)
        return Finished(job, result, None, _line(result) | {"outcome": outcome}, **how)

    def _answered_again(self, job: JobInHand, request: Request, before: Result) -> Finished:
        line = _line(before) | {
            "outcome": "answered-again",
            "status": before.status,
            "attempt": job.lease.message.attempt,
        }
        finished = Finished(job, before, self._queue(request.reply_to), line)
        self._settle(job, request, finished)
        return finished

    def _settle(self, job: JobInHand, request: Request, finished: Finished) -> None:
        """Tag or move an input from the drop folder, now that its result lies in the bucket."""
        if request.dropped is None:
            return
        left = self._breaker.s3(job, lambda: self._drops.settle(request, finished.result))
        if left:
            finished.line["left"] = left

    def _pass_over(self, job: JobInHand, event: Nothing | Several) -> Finished:
        """End a message that asks for no job, or for several, which get a message each."""
        if isinstance(event, Several):
            for body in event.bodies:
                self._breaker.sqs(job, partial(self._queues.send, body))
            event = Nothing("several", f"each of its {len(event.bodies)} events got a message of its own")
        attempt = job.lease.message.attempt
        nothing = Result("", "", "succeeded", self._settings.worker_id, attempt)
        line = _line(nothing) | {"outcome": "passed-over", "code": event.code, "cause": event.words}
        return Finished(job, nothing, None, line)

    def note_broken(self, job: JobInHand, cause: str) -> None:
        """Store why an attempt broke. Raises AWS's errors."""
        if job.request:
            self._failures.note(job.request, job.lease.message.attempt, cause)

    def _done(self, job: JobInHand, *, in_pool: bool) -> Finished:
        request = job.request
        assert request is not None  # noqa: S101 - for the type checker
        timer = Timer(self._clock.monotonic)
        told: dict[str, Any] = {
            "id": request.id, "operation": cut(request.operation), "worker": self._settings.worker_id,
            "attempt": job.lease.message.attempt, "timings": timer.seconds,
            "dropped": request.input.key if request.dropped and isinstance(request.input, Stored) else None,
        }  # fmt: skip
        sizes: dict[str, int] = {}
        metadata: Mapping[str, str] = {}

        def metadata_of(outcome: Outcome) -> Mapping[str, str]:
            nonlocal metadata
            # Under a name that other jobs may have, too, it could be overwritten before it is stored.
            if request.id not in (request.output or ""):
                return {}
            metadata = carried(Result(status="succeeded", result=outcome.result, **told))
            return metadata

        try:
            self._check_reply_to(request.reply_to)
            with self._notes.watched(job, request):
                outcome, output, sizes = self._steps.take(job, request, timer, metadata_of, in_pool=in_pool)
        except BadJob as problem:
            result = Result(status="failed", error=JobError(problem.code, problem.message), **told)
        else:
            result = Result(status="succeeded", result=outcome.result, output=output, **told)
        # What cannot be written breaks this job here, and not all whose results are stored with it.
        result.to_json()
        line = _line(result) | {"outcome": result.status, **sizes}
        seconds = timer.seconds.get("operation", 0.0) if in_pool else 0.0
        return Finished(
            job, result, self._queue(request.reply_to), line, stored=False, carried=bool(metadata),
            seconds=seconds,
        )  # fmt: skip

    def _refuse(self, job: JobInHand) -> Finished:
        """End a message that is no request: answer it if it says where to, and keep it for people to see."""
        message, problem = job.lease.message, job.problem or BadJob("bad-request", "it cannot be read")
        job_id, operation, reply_to = read_what_can_be_read(message.body)
        error = JobError(problem.code, problem.message)
        result = Result(job_id, operation, "failed", self._settings.worker_id, message.attempt, error=error)
        if job_id:
            before = self._breaker.s3(job, lambda: self._storage.find_result(job_id))
            if not before or before.status == "failing":
                self._breaker.s3(job, lambda: self._storage.write_result(result))
        # Half a secret would have no shape that the journal knows.
        line = _line(result) | {"outcome": "unreadable", "head": cut(message.body, HEAD_CHARACTERS)}
        queue = reply_to if reply_to and self._may_answer(reply_to) else None
        return Finished(job, result, queue, line, buried=f"{error.code}: {error.message}")

    def _queue(self, reply_to: str | None) -> str:
        return reply_to if reply_to and self._may_answer(reply_to) else self._settings.response_queue

    def _check_reply_to(self, queue: str | None) -> None:
        if queue is not None and not self._may_answer(queue):
            raise BadJob(
                "bad-reply-to",
                f"reply_to {shown(queue)}: give {self._settings.response_queue} or a queue whose name "
                f"begins with {self._replies_prefix}",
            )

    def _may_answer(self, queue: str) -> bool:
        """Only this stack's own: a worker must not be made to write to just any queue of the account."""
        ours = queue == self._settings.response_queue or queue.startswith(self._replies_prefix)
        return ours and bool(_QUEUE_NAME.fullmatch(queue))


def _line(result: Result) -> dict[str, Any]:
    line: dict[str, Any] = {
        "job": result.id, "operation": result.operation, "attempt": result.attempt,
        "timings": result.timings,
    }  # fmt: skip
    if result.dropped is not None:
        line["dropped"] = result.dropped
    if result.error:
        line["code"], line["cause"] = result.error.code, result.error.message
    return line
