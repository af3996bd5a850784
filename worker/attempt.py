"""One attempt at a job: from the request to a result that is stored, or about to be with others.

It answers nobody and deletes nothing; `worker.commit` does, once everything lies in the bucket.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from jobs import names
from jobs.catalogue import Operation
from jobs.drop import Nothing, Several
from jobs.errors import BadJob
from jobs.message import (
    INLINE_MAX_BYTES,
    Inline,
    JobError,
    Output,
    Request,
    Result,
    Stored,
    read_what_can_be_read,
)
from jobs.parameters import Value
from worker import operations
from worker.clock import Clock
from worker.drops import OF_ANOTHER_OBJECT, Drops
from worker.elsewhere import Elsewhere, NotHere
from worker.errors import GivenUp
from worker.failing import Failures
from worker.gate import Gate
from worker.holds import Held, Holds
from worker.offer import Offer
from worker.operations.own import OwnOperation
from worker.parts import limits
from worker.pool import Pool
from worker.queue import Passed, Queues
from worker.settings import Settings
from worker.storage import Large, Storage, too_large
from worker.streams import Streams

T = TypeVar("T")

# As much of an unreadable message as a log line shows; all of it lies in the dead-letter queue.
HEAD_CHARACTERS = 200

# SQS's own rule for queue names:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass
class Job:
    """A message in hand and what it asks for: a request, or what is wrong with it.

    `event` is one that asks for no job, or several. `again` says that another message with the same id
    was in hand when it came. `moved` is called whenever a wait for the job looks up.
    """

    held: Held
    request: Request | None
    problem: BadJob | None = None
    again: bool = False
    moved: Callable[[], None] = lambda: None
    event: Nothing | Several | None = None


@dataclass
class Finished:
    """A job with its result, and what is still to do: `stored` tells whether the result lies in the bucket.

    `seconds` is how long it took in a process, 0 if it was in none. `queue` is where the answer
    goes, None for nowhere. `buried` is why the message goes to the dead-letter queue too. With `passed`
    there is no result: a copy of the message goes back to the queue for another worker.
    """

    job: Job
    result: Result
    queue: str | None
    line: dict[str, Any] = field(default_factory=dict)
    stored: bool = True
    buried: str | None = None
    passed: Passed | None = None
    seconds: float = 0.0


class Attempts:
    """Does jobs, one call of `make` each, in any number of threads."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        drops: Drops,
        queues: Queues,
        pool: Pool,
        holds: Holds,
        gate: Gate,
        clock: Clock,
        offer: Offer,
        elsewhere: Elsewhere,
    ) -> None:
        self._settings, self._storage, self._pool, self._holds = settings, storage, pool, holds
        self._drops, self._queues, self._offer, self._elsewhere = drops, queues, offer, elsewhere
        self._gate, self._clock = gate, clock
        self._limits = limits(settings)
        self._streams = Streams(settings, storage, pool, clock)
        self._failures = Failures(settings.worker_id, storage, clock)
        self.stopping: Callable[[], str | None] = lambda: None
        self.halted: Callable[[], str | None] = lambda: None

    def is_small(self, job: Job) -> bool:
        """Tell whether a job takes a moment and no call: inline numbers that nobody had in hand before."""
        message = job.held.message
        if job.request is None or message.attempt > 1 or message.passed is not None:
            return False
        source, operation = job.request.input, self._offer.find(job.request.operation)
        done_here = operation is not None and not isinstance(operation, OwnOperation)
        return done_here and isinstance(source, Inline) and _is_short(source.text)

    def make_small(self, job: Job) -> Finished:
        """Do a small job here and now; its result is stored with others'."""
        job.held.begun = self._clock.monotonic()
        return self._done(job, in_pool=False)

    def make(self, job: Job) -> Finished:
        """Do a job; its result is stored with others', if it is the first that is stored of the job.

        Raises `GivenUp`, and whatever is no bad job's fault.
        """
        job.held.begun = self._clock.monotonic()
        if job.event:
            return self._pass_over(job, job.event)
        if job.request is None:
            return self._refuse(job)
        request, message, dropped = job.request, job.held.message, job.request.dropped is not None
        # Of a message that was passed on, and of an event of S3, there may be another with the same id.
        seen_before = message.attempt > 1 or job.again or message.passed is not None or dropped
        if seen_before:
            # If its result is stored, it was done, and is not done again.
            before = self._s3(job, lambda: self._storage.find_result(request.id))
            if before and before.status != "failing":
                return self._answered_again(job, request, before)
            self._s3(job, lambda: self._failures.note_silent(request, job.held.message.attempt, before))
        if self._gate.through("sqs", lambda: self._elsewhere.is_spent(message), lambda: self._given_up(job)):
            return self._without_result(job, "spent", buried="it was received as often as the queue allows")
        try:
            finished = self._done(job, in_pool=True)
        except NotHere as problem:
            return self._without_result(job, "passed-on", passed=problem.passed)
        error = finished.result.error
        if dropped and error and error.code in OF_ANOTHER_OBJECT:
            # Who was quicker may have moved the input: its result was stored before.
            before = self._s3(job, lambda: self._storage.find_result(request.id))
            if before and before.status != "failing":
                return self._answered_again(job, request, before)
        if seen_before:
            # In the place of the record of its broken attempts.
            self._s3(job, lambda: self._storage.write_result(finished.result))
            finished.stored = True
        self._settle(job, request, finished)
        return finished

    def _without_result(self, job: Job, outcome: str, **how: Any) -> Finished:
        """End a message whose job is not at its end, and goes on in another."""
        request, attempt = job.request, job.held.message.attempt
        assert request is not None  # noqa: S101 - for the type checker
        result = Result(request.id, request.operation[:80], "failing", self._settings.worker_id, attempt)
        return Finished(job, result, None, _line(result) | {"outcome": outcome}, **how)

    def _answered_again(self, job: Job, request: Request, before: Result) -> Finished:
        line = _line(before) | {
            "outcome": "answered-again",
            "status": before.status,
            "attempt": job.held.message.attempt,
        }
        finished = Finished(job, before, self._queue(request.reply_to), line)
        self._settle(job, request, finished)
        return finished

    def _settle(self, job: Job, request: Request, finished: Finished) -> None:
        """Tag or move an input from the drop folder, now that its result lies in the bucket."""
        if request.dropped is None:
            return
        left = self._s3(job, lambda: self._drops.settle(request, finished.result))
        if left:
            finished.line["left"] = left

    def _pass_over(self, job: Job, event: Nothing | Several) -> Finished:
        """End a message that asks for no job, or for several, which get a message each."""
        if isinstance(event, Several):
            for body in event.bodies:
                self._gate.through("sqs", partial(self._queues.send, body), lambda: self._given_up(job))
            event = Nothing("several", f"each of its {len(event.bodies)} events got a message of its own")
        attempt = job.held.message.attempt
        nothing = Result("", "", "succeeded", self._settings.worker_id, attempt)
        line = _line(nothing) | {"outcome": "passed-over", "code": event.code, "cause": event.words}
        return Finished(job, nothing, None, line)

    def note_broken(self, job: Job, cause: str) -> None:
        """Store why an attempt broke. Raises AWS's errors."""
        if job.request:
            self._failures.note(job.request, job.held.message.attempt, cause)

    def _done(self, job: Job, *, in_pool: bool) -> Finished:
        request = job.request
        assert request is not None  # noqa: S101 - for the type checker
        steps = _Steps(self._clock.monotonic)
        told: dict[str, Any] = {
            "id": request.id, "operation": request.operation[:80], "worker": self._settings.worker_id,
            "attempt": job.held.message.attempt, "timings": steps.seconds,
            "dropped": request.input.key if request.dropped and isinstance(request.input, Stored) else None,
        }  # fmt: skip
        sizes: dict[str, int] = {}
        try:
            outcome, output, sizes = self._take_steps(job, request, steps, in_pool=in_pool)
        except BadJob as problem:
            result = Result(status="failed", error=JobError(problem.code, problem.message), **told)
        else:
            result = Result(status="succeeded", result=outcome.result, output=output, **told)
        line = _line(result) | {"outcome": result.status, **sizes}
        seconds = steps.seconds.get("operation", 0.0) if in_pool else 0.0
        return Finished(job, result, self._queue(request.reply_to), line, stored=False, seconds=seconds)

    def _take_steps(
        self, job: Job, request: Request, steps: "_Steps", *, in_pool: bool
    ) -> tuple[operations.Outcome, Output | None, dict[str, int]]:
        self._check_reply_to(request.reply_to)
        operation = self._find(job, request.operation)
        if request.dropped:
            waiting = request
            request = self._s3(job, lambda: self._drops.filled_in(waiting, operation))
        own = isinstance(operation, OwnOperation)
        # What somebody else declares is checked where it can do no harm: in a process of the pool.
        parameters = request.parameters if own else operation.check(request.parameters)
        key = _output_key(operation, request.output)
        with ExitStack() as kept:
            with steps.timed("input"):
                data = self._input(job, request, operation, kept)
            if isinstance(data, Large):
                outcome = self._stream(job, operation, parameters, data, steps)
                return outcome, None, {"input_bytes": data.size}
            outcome = self._operate(job, operation, parameters, data, key, steps, in_pool=in_pool)
        if key is None or outcome.data is None:
            return outcome, None, {"input_bytes": len(data)}
        made, content_type = outcome.data, outcome.content_type
        with steps.timed("output"):
            if request.dropped:
                output = self._s3(job, lambda: self._drops.write_output(request, key, made, content_type))
            else:
                output = self._s3(job, lambda: self._storage.write_output(key, made, content_type))
        return outcome, output, {"input_bytes": len(data), "output_bytes": output.bytes}

    def _find(self, job: Job, name: str) -> Operation:
        """Return an operation of this worker's. Raises `NotHere` if another does it, `BadJob` if nobody."""
        operation = self._offer.find(name)
        if operation is None:
            message = job.held.message
            raise NotHere(self._s3(job, lambda: self._elsewhere.passed(name, message)))
        return operation

    def _operate(
        self,
        job: Job,
        operation: Operation,
        parameters: Mapping[str, Value],
        data: bytes,
        key: str | None,
        steps: "_Steps",
        *,
        in_pool: bool,
    ) -> operations.Outcome:
        own = isinstance(operation, OwnOperation)
        if operation.takes == "numbers" and not own and (not in_pool or len(data) <= INLINE_MAX_BYTES):
            with steps.timed("operation"):
                return operations.run(operation, parameters, data, key, self._limits)
        # Waiting for a process is not working, and may take longer than a job may.
        held, start = job.held, self._clock.monotonic()
        held.begun = None

        def begin() -> None:
            held.begun = self._clock.monotonic()
            steps.seconds["wait"] = round(held.begun - start, 6)

        outcome = self._pool.run(
            operation, parameters, data, key, lambda: self.stopping() or self._given_up(job), begin
        )
        steps.seconds["operation"] = round(self._clock.monotonic() - (held.begun or start), 6)
        return outcome

    def _stream(
        self,
        job: Job,
        operation: Operation,
        parameters: Mapping[str, Value],
        large: Large,
        steps: "_Steps",
    ) -> operations.Outcome:
        return self._streams.run(
            operation, parameters, large, job.held, steps.seconds,
            lambda call: self._s3(job, call), self.stopping, lambda: self._given_up(job),
        )  # fmt: skip

    def _input(self, job: Job, request: Request, operation: Operation, kept: ExitStack) -> bytes | Large:
        source = request.input
        if isinstance(source, Inline):
            if operation.takes == "image":
                raise BadJob("bad-input", "an image goes through the bucket: give its bucket and key")
            # Text that is none after all is told by the operation.
            data = source.text.encode("utf-8", "surrogatepass")
            if len(data) > self._settings.max_input_bytes:
                raise too_large(len(data), self._settings.max_input_bytes)
            return data
        stream_from = self._settings.stream_from_bytes if operations.streams(operation) else None
        wait = partial(self._wait_for_room, job)
        return self._s3(job, lambda: self._storage.read_input(source, kept, stream_from, wait))

    def _wait_for_room(self, job: Job) -> None:
        """Let the job's time begin when there is room; waiting is not working. Raises `GivenUp`."""
        if reason := self.stopping() or self._given_up(job):
            raise GivenUp(reason)
        job.held.begun = self._clock.monotonic()

    def _refuse(self, job: Job) -> Finished:
        """End a message that is no request: answer it if it says where to, and keep it for people to see."""
        message, problem = job.held.message, job.problem or BadJob("bad-request", "it cannot be read")
        job_id, operation, reply_to = read_what_can_be_read(message.body)
        error = JobError(problem.code, problem.message)
        result = Result(job_id, operation, "failed", self._settings.worker_id, message.attempt, error=error)
        if job_id:
            before = self._s3(job, lambda: self._storage.find_result(job_id))
            if not before or before.status == "failing":
                self._s3(job, lambda: self._storage.write_result(result))
        line = _line(result) | {"outcome": "unreadable", "head": message.body[:HEAD_CHARACTERS]}
        queue = reply_to if reply_to and self._may_answer(reply_to) else None
        return Finished(job, result, queue, line, buried=f"{problem.code}: {problem.message}")

    def _s3(self, job: Job, call: Callable[[], T]) -> T:
        return self._gate.through("s3", call, lambda: self._given_up(job))

    def _given_up(self, job: Job) -> str | None:
        job.moved()
        return self.halted() or ("the hold is lost" if self._holds.is_lost(job.held) else None)

    def _queue(self, reply_to: str | None) -> str:
        return reply_to if reply_to and self._may_answer(reply_to) else self._settings.response_queue

    def _check_reply_to(self, queue: str | None) -> None:
        if queue is not None and not self._may_answer(queue):
            raise BadJob(
                "bad-reply-to",
                f"reply_to {queue[:80]!r}: give {self._settings.response_queue} or a queue whose name "
                f"begins with {self._settings.names.replies_prefix}",
            )

    def _may_answer(self, queue: str) -> bool:
        """Only this stack's own: a worker must not be made to write to just any queue of the account."""
        ours = queue == self._settings.response_queue or queue.startswith(self._settings.names.replies_prefix)
        return ours and bool(_QUEUE_NAME.fullmatch(queue))


class _Steps:
    """Seconds by the name of the step."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        start = self._monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(self._monotonic() - start, 6)


def _is_short(text: str) -> bool:
    return len(text) <= INLINE_MAX_BYTES


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


def _output_key(operation: Operation, key: str | None) -> str | None:
    """Return the key to write an output to, if there is one: only what a name given by a person leads to."""
    if key is not None and not key.startswith(names.OUTPUTS):
        raise BadJob("bad-output-name", f"output.key {key[:80]!r} must begin with {names.OUTPUTS}")
    return operation.output_key(None if key is None else key.removeprefix(names.OUTPUTS))
