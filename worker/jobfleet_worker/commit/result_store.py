"""The results of finished jobs on their way into the bucket: one object for those sent at about one time."""

from collections.abc import Sequence
from datetime import datetime

from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.results.result_batches import in_batches

from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.job.in_hand import Finished, FinishedGroup


class ResultStore:
    """Stores results where everyone finds them by the ids of their jobs."""

    def __init__(self, tools: Tools, helpers: DaemonPool) -> None:
        self._storage, self._breaker, self._clock = tools.storage, tools.breaker, tools.clock
        self._worker, self._helpers = tools.settings.worker_id, helpers

    def store(self, group: Sequence[Finished]) -> None:
        """Store the results that are not yet. Raises what the first of the calls raised that failed."""
        new = {finished.result.id: finished.result for finished in group if not finished.stored}
        at = self._clock.now()

        def store(ids: Sequence[str]) -> Exception | None:
            some = [new[job_id] for job_id in ids]
            try:
                self._breaker.s3(FinishedGroup(group), lambda: self._write(some, at))
            except Exception as problem:  # noqa: BLE001 - it is raised below, when the others are over
                return problem
            return None

        # Jobs that were sent far apart in time do not share an object, or a search for one had no end.
        for problem in self._helpers.each(store, in_batches(new)):
            if problem:
                raise problem
        for finished in group:
            finished.stored = True

    def _write(self, results: Sequence[Result], at: datetime) -> None:
        if len(results) == 1:
            self._storage.write_result(results[0])
        else:
            self._storage.write_results(results, self._worker, at)
