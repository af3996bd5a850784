"""The end of jobs that were answered: nobody waits for it, so many of them share its calls."""

from collections.abc import Callable, Sequence
from functools import partial

from jobfleet_jobs.protocol.batches import batches

from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.commit.entries import side_by_side, try_each
from jobfleet_worker.commit.result_store import ResultStore
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.job.handover import delay
from jobfleet_worker.job.in_hand import Finished, FinishedGroup
from jobfleet_worker.job.leases import Leases
from jobfleet_worker.reporting.journal import Journal

Broken = Callable[[Finished, Exception], None]


class Clearing:
    """Stores what is not stored yet, and takes requests off the queue."""

    def __init__(
        self,
        tools: Tools,
        journal: Journal,
        leases: Leases,
        results: ResultStore,
        helpers: DaemonPool,
    ) -> None:
        self._queues, self._breaker = tools.queues, tools.breaker
        self._journal, self._leases, self._results, self._helpers = journal, leases, results, helpers

    def clear(self, group: Sequence[Finished], broken: Broken) -> list[Finished]:
        """Return the jobs that are over; of all others, `broken` hears why they are not."""
        lines = self._journal.batch([("job", finished.line) for finished in group])
        try:
            self._results.store(group)
            self._breaker.s3(FinishedGroup(group), lambda: self._journal.store(lines))
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this group's, and the worker lives on
            for finished in group:
                broken(finished, problem)
            return []
        finally:
            self._journal.keep(lines)
        return side_by_side(self._helpers, partial(self._end, broken), list(batches(group)), broken)

    def _end(self, broken: Broken, batch: Sequence[Finished]) -> list[Finished]:
        """Take the requests of one call off the queue, after what goes elsewhere lies there."""
        batch = [finished for finished in batch if self._is_elsewhere_if_it_goes(finished, broken)]
        if not batch:
            return []
        self._leases.leave(finished.job.lease for finished in batch)
        left = try_each(
            self._breaker,
            batch,
            lambda some: self._queues.delete([finished.job.lease.message for finished in some]),
        )
        for finished, refusal in left:
            # It comes back, meets its stored result, and is deleted then.
            self._journal.tell("not-deleted", job=finished.result.id, code=refusal.code)
        return list(batch)

    def _is_elsewhere_if_it_goes(self, finished: Finished, broken: Broken) -> bool:
        """Send a message to where it goes; where that fails, its job alone is broken."""
        message, cause, passed = finished.job.lease.message, finished.buried, finished.passed
        try:
            if cause is not None:
                self._breaker.sqs(finished.job, partial(self._queues.bury, message, cause))
            if passed is not None:
                seconds = delay(passed.times)
                self._breaker.sqs(finished.job, partial(self._queues.pass_on, message, passed, seconds))
        except Exception as problem:  # noqa: BLE001 - as above
            broken(finished, problem)
            return False
        return True
