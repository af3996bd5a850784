"""Jobs through the queue: the time counts from the call that sends one until its answer is here."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from jobfleet_jobs.operations.operation import Operation

from jobfleet.bench.engine.loops import Send
from jobfleet.bench.engine.samples import OK, Reply
from jobfleet.errors import FleetError, JobFailed
from jobfleet.fleet import Fleet

# Sending blocks, so it is done in threads: as many as the client's connections allow.
_THREADS = 32


class JobTarget:
    """Sends the same job again and again; who answers is the worker."""

    def __init__(
        self, fleet: Fleet, operation: Operation, source: str | Path, parameters: Mapping[str, Any],
        timeout: float,
    ) -> None:  # fmt: skip
        self._fleet, self._operation, self._source = fleet, operation, source
        self._parameters, self._timeout = parameters, timeout
        self.name = f"{operation.name} jobs"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Send]:
        """Give what sends a job and waits for its answer. Raises nothing for a job that fails."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="bench") as pool:

            async def send() -> Reply:
                try:
                    async with asyncio.timeout(self._timeout):
                        job = await loop.run_in_executor(pool, self._submit)
                        result = await job
                except TimeoutError:
                    return Reply("timed out")
                except JobFailed as problem:
                    error = problem.result.error
                    code = error.code if error else "no reason given"
                    return Reply(f"job failed: {code}", 0, problem.result.worker)
                except FleetError as problem:
                    return Reply(f"not sent: {type(problem).__name__}")
                return Reply(OK, result.output.bytes if result.output else 0, result.worker)

            yield send

    def _submit(self) -> Any:
        return self._fleet.submit(self._operation, self._source, parameters=self._parameters)
