"""One attempt at a job, in the order that loses nothing.

Output, result and log line are in the bucket before the answer goes out, and only then is the
request deleted: wherever a worker dies, the request comes back and meets what is already done.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jobs import names
from jobs.catalogue import find_operation
from jobs.errors import BadJob
from jobs.message import Inline, JobError, Output, Request, Result, read_what_can_be_read
from worker import operations
from worker.clock import Clock
from worker.logs import Journal
from worker.queue import Message, Queues
from worker.settings import Settings
from worker.storage import Storage, too_large

# As much of an unreadable message as a log line shows; all of it lies in the dead-letter queue.
HEAD_CHARACTERS = 200

# SQS's own rule for queue names:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Attempts:
    """Does requests, one call of `make` for each message."""

    def __init__(
        self, settings: Settings, queues: Queues, storage: Storage, journal: Journal, clock: Clock
    ) -> None:
        self._settings, self._queues, self._storage = settings, queues, storage
        self._journal, self._clock = journal, clock
        self._limits = operations.Limits(settings.max_pixels, settings.max_numbers)

    def make(self, message: Message) -> None:
        """Take one message from its parsing to its deletion. Raises whatever is no bad job's fault."""
        try:
            request = Request.from_json(message.body)
        except BadJob as problem:
            self._refuse(message, problem)
            return
        # Seen before: if its result is stored, it was done, and is not done again.
        result = self._storage.stored_result(request.id) if message.attempt > 1 else None
        if result is None:
            result, sizes = self._do(request, message.attempt)
            self._storage.write_result(result)
            self._log(result, outcome=result.status, **sizes)
        else:
            self._log(result, outcome="answered-again", attempt=message.attempt)
        self._finish(message, request.reply_to, result)

    def _do(self, request: Request, attempt: int) -> tuple[Result, dict[str, int]]:
        steps = _Steps(self._clock.monotonic)
        told: dict[str, Any] = {
            "id": request.id, "operation": request.operation[:80], "worker": self._settings.worker_id,
            "attempt": attempt, "timings": steps.seconds,
        }  # fmt: skip
        try:
            outcome, output, sizes = self._take_steps(request, steps)
        except BadJob as problem:
            return Result(status="failed", error=JobError(problem.code, problem.message), **told), {}
        return Result(status="succeeded", result=outcome.result, output=output, **told), sizes

    def _take_steps(
        self, request: Request, steps: "_Steps"
    ) -> tuple[operations.Outcome, Output | None, dict[str, int]]:
        self._check_reply_to(request.reply_to)
        operation = find_operation(request.operation)
        parameters = operation.check(request.parameters)
        key = _checked_output(request.output) if operation.takes == "image" else None
        with steps.timed("input"):
            data = self._input(request, operation.takes)
        with steps.timed("operation"):
            outcome = operations.run(operation, parameters, data, key, self._limits)
        if key is None or outcome.data is None:
            return outcome, None, {"input_bytes": len(data)}
        with steps.timed("output"):
            output = self._storage.write_output(key, outcome.data, outcome.content_type)
        return outcome, output, {"input_bytes": len(data), "output_bytes": output.bytes}

    def _input(self, request: Request, takes: str) -> bytes:
        if isinstance(request.input, Inline):
            if takes == "image":
                raise BadJob("bad-input", "an image goes through the bucket: give its bucket and key")
            # Text that is none after all is told by the operation.
            data = request.input.text.encode("utf-8", "surrogatepass")
            if len(data) > self._settings.max_input_bytes:
                raise too_large(len(data), self._settings.max_input_bytes)
            return data
        return self._storage.read_input(request.input)

    def _log(self, result: Result, **more: Any) -> None:
        line: dict[str, Any] = {
            "job": result.id, "operation": result.operation, "attempt": result.attempt,
            "timings": dict(result.timings),
        }  # fmt: skip
        if result.error:
            line["code"], line["cause"] = result.error.code, result.error.message
        self._journal.write("job", **{**line, **more})

    def _finish(self, message: Message, reply_to: str | None, result: Result) -> None:
        """Answer and delete, once the log is where the result already is."""
        self._journal.upload()
        queue = reply_to if reply_to and self._may_answer(reply_to) else self._settings.response_queue
        if not self._queues.answer(queue, result):
            # The client is gone; its result lies in the bucket.
            self._journal.tell("reply-queue-gone", job=result.id, queue=queue)
        self._queues.delete(message)

    def _refuse(self, message: Message, problem: BadJob) -> None:
        """End a message that is no request: answer it if it says where to, and keep it for people to see."""
        job_id, operation, reply_to = read_what_can_be_read(message.body)
        error = JobError(problem.code, problem.message)
        result = Result(job_id, operation, "failed", self._settings.worker_id, message.attempt, error=error)
        if job_id and not self._storage.stored_result(job_id):
            self._storage.write_result(result)
        self._log(result, outcome="unreadable", head=message.body[:HEAD_CHARACTERS])
        self._journal.upload()
        if reply_to and self._may_answer(reply_to):
            self._queues.answer(reply_to, result)
        self._queues.bury(message, f"{problem.code}: {problem.message}")
        self._queues.delete(message)

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


def _checked_output(key: str | None) -> str:
    """Return the key to write an image to: nothing but what a name given by a person leads to."""
    if key is None:
        raise BadJob(
            "bad-output-name", "an image operation needs output.key, the name to store the image under"
        )
    prefix, name = key[: len(names.OUTPUTS)], key[len(names.OUTPUTS) :]
    if prefix != names.OUTPUTS:
        raise BadJob("bad-output-name", f"output.key {key[:80]!r} must begin with {names.OUTPUTS}")
    return names.output_key(name)
