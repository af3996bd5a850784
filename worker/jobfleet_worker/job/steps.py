"""The steps of a job: its input is fetched, its operation done, its output stored."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from jobfleet_jobs.protocol import names
from jobfleet_jobs.protocol.message import INLINE_MAX_BYTES, Inline, Output, Request, Result

from jobfleet_worker.aws.storage import Large, too_large
from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.errors import GivenUp
from jobfleet_worker.job.dropped_input import Drops
from jobfleet_worker.job.handover import Elsewhere, NotHere
from jobfleet_worker.job.in_hand import JobInHand
from jobfleet_worker.job.large_input import Streams
from jobfleet_worker.operations import run
from jobfleet_worker.operations.custom import OwnOperation
from jobfleet_worker.operations.limits import limits_of
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.processes.pool import Pool
from jobfleet_worker.processes.slot import longest_wait


class Timer:
    """Seconds by the name of the step."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long what is done inside takes."""
        start = self._monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(self._monotonic() - start, 6)


class JobSteps:
    """Takes the steps of jobs, in any number of threads."""

    def __init__(
        self,
        tools: Tools,
        drops: Drops,
        pool: Pool,
        elsewhere: Elsewhere,
    ) -> None:
        self._settings, self._storage, self._clock = tools.settings, tools.storage, tools.clock
        self._breaker, self._drops, self._pool, self._elsewhere = tools.breaker, drops, pool, elsewhere
        self._limits = limits_of(tools.settings)
        self._streams = Streams(tools, pool)

    def is_small(self, job: JobInHand) -> bool:
        """Tell whether a job takes a moment and no call: inline numbers that nobody had in hand before."""
        message = job.lease.message
        if job.request is None or message.attempt > 1 or message.passed is not None:
            return False
        source, operation = job.request.input, self._elsewhere.offer.find(job.request.operation)
        done_here = operation is not None and not isinstance(operation, OwnOperation)
        return done_here and isinstance(source, Inline) and len(source.text) <= INLINE_MAX_BYTES

    def take(
        self,
        job: JobInHand,
        request: Request,
        timer: Timer,
        metadata_of: Callable[[Outcome], Mapping[str, str]],
        *,
        in_pool: bool,
    ) -> tuple[Outcome, Output | None, dict[str, int]]:
        """Return the outcome, where its output lies, and sizes in bytes for the log.

        An output is stored with `metadata_of` its outcome, unless its input was dropped. Raises `BadJob`,
        `NotHere`, `GivenUp`, and whatever is neither.
        """
        operation = self._find(job, request.operation)
        if request.dropped:
            waiting = request
            request = self._breaker.s3(job, lambda: self._drops.filled_in(waiting, operation))
        own = isinstance(operation, OwnOperation)
        # What somebody else declares is checked where it can do no harm: in a process of the pool.
        parameters = request.parameters if own else operation.check(request.parameters)
        key = _output_key(operation, request.output)
        with ExitStack() as kept:
            with timer.timed("input"):
                data = self._input(job, request, operation, kept)
            if isinstance(data, Large):
                outcome = self._streams.run(job, operation, parameters, data, timer.seconds)
                return outcome, None, {"input_bytes": data.size}
            outcome = self._operate(job, operation, parameters, data, key, timer, in_pool=in_pool)
        if key is None or outcome.data is None:
            return outcome, None, {"input_bytes": len(data)}
        made, content_type = outcome.data, outcome.content_type
        with timer.timed("output"):
            if request.dropped:
                output = self._breaker.s3(
                    job, lambda: self._drops.write_output(request, key, made, content_type)
                )
            else:
                metadata = metadata_of(outcome)
                output = self._breaker.s3(
                    job, lambda: self._storage.write_output(key, made, content_type, metadata)
                )
        return outcome, output, {"input_bytes": len(data), "output_bytes": output.bytes}

    def carried_result(self, request: Request) -> Result | None:
        """Return the job's result that its output carries, or None. Raises AWS's errors."""
        operation = self._elsewhere.offer.find(request.operation)
        if operation is None or request.output is None or request.dropped:
            return None
        with suppress(BadJob):
            if key := _output_key(operation, request.output):
                return self._storage.find_carried(request.id, key)
        return None

    def _find(self, job: JobInHand, name: str) -> Operation:
        """Return an operation of this worker's. Raises `NotHere` if another does it, `BadJob` if nobody."""
        operation = self._elsewhere.offer.find(name)
        if operation is None:
            message = job.lease.message
            raise NotHere(self._breaker.s3(job, lambda: self._elsewhere.passed(name, message)))
        return operation

    def _operate(
        self,
        job: JobInHand,
        operation: Operation,
        parameters: Mapping[str, Value],
        data: bytes,
        key: str | None,
        timer: Timer,
        *,
        in_pool: bool,
    ) -> Outcome:
        own = isinstance(operation, OwnOperation)
        if operation.takes == "numbers" and not own and (not in_pool or len(data) <= INLINE_MAX_BYTES):
            with timer.timed("operation"):
                return run.run(operation, parameters, data, key, self._limits)
        # Waiting for a process is not working, and may take longer than a job may.
        lease, start = job.lease, self._clock.monotonic()
        lease.begun = None
        # Nor is lying ready behind the one before, which may use up its own time.
        lease.allowance = longest_wait(self._settings.job_time_limit) - self._settings.job_time_limit

        def begin() -> None:
            job.moved()
            lease.begun = self._clock.monotonic()
            timer.seconds["wait"] = round(lease.begun - start, 6)

        outcome = self._pool.run(operation, parameters, data, key, job.not_begun, begin, job.group)
        timer.seconds["operation"] = round(self._clock.monotonic() - (lease.begun or start), 6)
        return outcome

    def _input(
        self, job: JobInHand, request: Request, operation: Operation, kept: ExitStack
    ) -> bytes | Large:
        source = request.input
        if isinstance(source, Inline):
            if operation.takes == "image":
                raise BadJob("bad-input", "an image goes through the bucket: give its bucket and key")
            # Text that is none after all is told by the operation.
            data = source.text.encode("utf-8", "surrogatepass")
            if len(data) > self._settings.max_input_bytes:
                raise too_large(len(data), self._settings.max_input_bytes)
            return data
        stream_from = self._settings.stream_from_bytes if operation.streamed else None
        wait = partial(self._wait_for_room, job)
        return self._breaker.s3(job, lambda: self._storage.read_input(source, kept, stream_from, wait))

    def _wait_for_room(self, job: JobInHand) -> None:
        """Let the job's time begin when there is room; waiting is not working. Raises `GivenUp`."""
        if reason := job.not_begun():
            raise GivenUp(reason)
        job.lease.begun = self._clock.monotonic()


def _output_key(operation: Operation, key: str | None) -> str | None:
    """Return the key to write an output to, if there is one: only what a name given by a person leads to."""
    if key is not None and not key.startswith(names.OUTPUTS):
        raise BadJob("bad-output-name", f"output.key {shown(key)} must begin with {names.OUTPUTS}")
    return operation.output_key(None if key is None else key.removeprefix(names.OUTPUTS))
