"""Numbers that are too many for memory: from the bucket to a file on this worker's disk, and from there.

One job at a time does so, in a process of its own beside those for images. No file has a name, so that
nothing is left behind when the worker dies.
"""

import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from typing import BinaryIO

from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from jobfleet_jobs.protocol.message import LARGE_BYTES

from jobfleet_worker.aws.storage import Large, too_large
from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.errors import BrokenAttempt
from jobfleet_worker.job.in_hand import JobInHand
from jobfleet_worker.operations.outcome import Outcome
from jobfleet_worker.processes.pool import Pool

# The file itself, and its numbers in sorted runs: nine or ten bytes for each value of a run. In long
# texts that is 0.3 of what they take as text, in short ones at most 1.5.
_DISK_NEEDED = 2.5


class Streams:
    """Does jobs on large inputs. `run` may be called by any number of threads."""

    def __init__(self, tools: Tools, pool: Pool) -> None:
        self._settings, self._clock = tools.settings, tools.clock
        self._storage, self._breaker, self._pool = tools.storage, tools.breaker, pool

    def run(
        self,
        job: JobInHand,
        operation: Operation,
        parameters: Mapping[str, Value],
        large: Large,
        seconds: dict[str, float],
    ) -> Outcome:
        """Return the outcome, and note in `seconds` how long each step took.

        Raises `BadJob`, `BrokenAttempt` and `GivenUp`.
        """
        lease = job.lease
        if large.size > self._settings.max_stream_bytes:
            raise too_large(large.size, self._settings.max_stream_bytes)
        start, lease.begun = self._clock.monotonic(), None
        lease.allowance = self._settings.stream_allowance(large.size)
        with self._pool.stream_place(job.not_begun, job.group):
            lease.begun = self._clock.monotonic()
            seconds["wait"] = round(lease.begun - start, 6)
            self._check_disk(large)
            with tempfile.TemporaryFile(dir=self._settings.spool) as file:
                self._fetch(job, large, file)
                fetched = self._clock.monotonic()
                seconds["input"], lease.begun = round(fetched - lease.begun, 6), fetched
                limit = self._settings.job_time_limit + lease.allowance
                outcome = self._pool.run_streamed(
                    operation, parameters, file, self._settings.spool, limit, job.given_up
                )
        seconds["operation"] = round(self._clock.monotonic() - fetched, 6)
        return outcome

    def _check_disk(self, large: Large) -> None:
        needed, free = int(large.size * _DISK_NEEDED), shutil.disk_usage(self._settings.spool).free
        if free < needed:
            raise BrokenAttempt(
                f"the input's {large.size:,} bytes need {needed:,} bytes of disk, and {free:,} are free in "
                f"{self._settings.spool}: make the volume larger (instances_volume_size), or send parts"
            )

    def _fetch(self, job: JobInHand, large: Large, file: BinaryIO) -> None:
        start = 0
        while start < large.size:
            # As much is fetched at a time, and again where that fails.
            data = self._breaker.s3(job, partial(self._storage.read_part, large, start, LARGE_BYTES))
            if not data:
                raise BrokenAttempt(f"of the input's {large.size:,} bytes {start:,} came")
            file.write(data)
            start += len(data)
        file.flush()
