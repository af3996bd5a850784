"""The end of jobs, several at a time, in the order that loses nothing.

Results and log lines are in the bucket before the answers go out, and only then the requests are
deleted: wherever a worker dies, the requests come back and meet what is already done.
"""

import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from jobfleet_jobs.protocol.batches import batches, batches_by_size
from jobfleet_jobs.protocol.message import Result
from jobfleet_jobs.protocol.result_batches import in_batches

from jobfleet_worker.aws.queues import EntryRefusal, QueueGone
from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.clock import LOOK_SECONDS
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.errors import BrokenAttempt, GivenUp
from jobfleet_worker.job.handover import delay
from jobfleet_worker.job.in_hand import LEASE_LOST, Finished, FinishedGroup
from jobfleet_worker.job.leases import Leases
from jobfleet_worker.reporting.journal import Journal, LogBatch

# Groups on their way to AWS at a time. With many more, groups would get small and calls many.
COMMITTERS = 8

# An entry of a batch that AWS did not take is tried this often in all, after about 0.1, 0.2 … s.
ENTRY_TRIES = 4
ENTRY_RETRY_SECONDS = 0.1

# While others wait for a process, an image that is done may wait for as many more as make the calls
# few: at least this long, longer where one takes long, and never so long that anybody minds.
SHARED_BY = 8
BACKLOG_LINGER_SECONDS = 0.2
BACKLOG_LINGER_MAX_SECONDS = 2.0

# Who helps the committers to send answers and deletions side by side.
HELPERS = 16


class Workload(Protocol):
    """What a committer asks of the jobs that are not finished yet."""

    def more_may_finish(self) -> bool:
        """Tell whether other jobs may be put soon: if not, a group waits for nobody."""

    def is_backlogged(self) -> bool:
        """Tell whether more are begun than there are processes."""


class JobEndings(Protocol):
    """Who hears what became of a finished job."""

    def ended(self, finished: Finished) -> None:
        """It is over."""

    def broken(self, finished: Finished, problem: Exception) -> None:
        """It could not be brought to its end."""


class Committer:
    """Takes finished jobs with `put`; `endings` hears what became of each."""

    def __init__(
        self,
        tools: Tools,
        journal: Journal,
        leases: Leases,
        load: Workload,
        endings: JobEndings,
    ) -> None:
        self._settings, self._clock = tools.settings, tools.clock
        self._queues, self._storage, self._breaker = tools.queues, tools.storage, tools.breaker
        self._journal, self._leases, self._load, self._endings = journal, leases, load, endings
        self._finished: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._gathering = threading.Lock()
        self._helpers = DaemonPool(HELPERS)

    def start(self) -> None:
        """Start those that help the threads in `run`."""
        self._helpers.start()

    def stop(self) -> None:
        """Let those go."""
        self._helpers.stop()

    def put(self, finished: Finished) -> None:
        """Leave a finished job to be stored, answered and deleted soon."""
        self._finished.put(finished)

    def run(self, stopped: threading.Event, moved: Callable[[], None]) -> None:
        """Commit one group after the other until stopped; any number of threads may."""
        while not stopped.is_set():
            moved()
            group = self._gather()
            if group:
                self.commit(group)

    def _gather(self) -> list[Finished]:
        with self._gathering:
            try:
                group = [self._finished.get(timeout=LOOK_SECONDS)]
            except queue.Empty:
                return []
            start = time.monotonic()
            while len(group) < self._settings.batch_max:
                left = max(0.0, start + self._linger(group) - time.monotonic())
                try:
                    group.append(self._finished.get(timeout=left))
                except queue.Empty:
                    break
            return group

    def _linger(self, group: Sequence[Finished]) -> float:
        if not self._load.more_may_finish():
            return 0.0
        seconds = min(finished.seconds for finished in group)
        if not seconds or not self._load.is_backlogged():
            return self._settings.batch_linger / 1000
        until_some_more = SHARED_BY * seconds / self._settings.processes
        return min(BACKLOG_LINGER_MAX_SECONDS, max(BACKLOG_LINGER_SECONDS, until_some_more))

    def commit(self, group: Sequence[Finished]) -> None:
        """Bring a group to its end; what cannot be brought there is broken, or given up."""
        lines = self._journal.batch([("job", finished.line) for finished in group])
        try:
            self._store(group, lines)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this group's, and the worker lives on
            for finished in group:
                self._endings.broken(finished, problem)
            return
        finally:
            self._journal.keep(lines)
        answered = self._side_by_side(self._answer, self._to_answer(group))
        for finished in self._side_by_side(self._end, list(batches(answered))):
            self._endings.ended(finished)

    def _store(self, group: Sequence[Finished], lines: LogBatch) -> None:
        new = {finished.result.id: finished.result for finished in group if not finished.stored}
        at = self._clock.now()

        def store(ids: Sequence[str]) -> Exception | None:
            some = [new[job_id] for job_id in ids]
            try:
                self._breaker.s3(FinishedGroup(group), lambda: self._store_results(some, at))
            except Exception as problem:  # noqa: BLE001 - it is raised below, when the others are over
                return problem
            return None

        # Jobs that were sent far apart in time do not share an object, or a search for one had no end.
        for problem in self._helpers.each(store, in_batches(new)):
            if problem:
                raise problem
        for finished in group:
            finished.stored = True
        self._breaker.s3(FinishedGroup(group), lambda: self._journal.store(lines))

    def _store_results(self, results: Sequence[Result], at: datetime) -> None:
        if len(results) == 1:
            self._storage.write_result(results[0])
        else:
            self._storage.write_results(results, self._settings.worker_id, at)

    def _side_by_side(
        self, do: Callable[[Sequence[Finished]], list[Finished]], parts: Sequence[Sequence[Finished]]
    ) -> list[Finished]:
        """Return all that `do` returns; of a part that fails, every job is broken, and no other."""

        def guarded(part: Sequence[Finished]) -> list[Finished]:
            try:
                return do(part)
            except Exception as problem:  # noqa: BLE001 - as above
                for finished in part:
                    self._endings.broken(finished, problem)
                return []

        return [finished for done in self._helpers.each(guarded, parts) for finished in done]

    def _to_answer(self, group: Sequence[Finished]) -> list[list[Finished]]:
        """Return what may go out in one call each; those whose lease is lost are for others to answer."""
        by_queue: dict[str | None, list[tuple[Finished, str]]] = defaultdict(list)
        for finished in group:
            if finished.job.lease.is_lost():
                self._endings.broken(finished, GivenUp(LEASE_LOST))
            else:
                by_queue[finished.queue].append((finished, finished.result.to_answer()))
        return [
            [finished for finished, _ in batch]
            for answers in by_queue.values()
            for batch in batches_by_size(answers)
        ]

    def _answer(self, batch: Sequence[Finished]) -> list[Finished]:
        """Send the answers of one call; return the jobs that need no more of one."""
        name = batch[0].queue
        if name is None:
            return list(batch)
        try:
            left = self._each(
                batch,
                lambda some: self._queues.answer(name, [finished.result.to_answer() for finished in some]),
            )
        except QueueGone:
            # The client is gone; its results lie in the bucket.
            for finished in batch:
                self._journal.tell("reply-queue-gone", job=finished.result.id, queue=name)
            return list(batch)
        for finished, refusal in left:
            self._endings.broken(finished, BrokenAttempt(f"the answer was not taken: {refusal.code}"))
        refused = {id(finished) for finished, _ in left}
        return [finished for finished in batch if id(finished) not in refused]

    def _end(self, batch: Sequence[Finished]) -> list[Finished]:
        """Take the requests of one call off the queue, after what goes elsewhere lies there."""
        batch = [finished for finished in batch if self._is_elsewhere_if_it_goes(finished)]
        if not batch:
            return []
        self._leases.leave(finished.job.lease for finished in batch)
        left = self._each(
            batch, lambda some: self._queues.delete([finished.job.lease.message for finished in some])
        )
        for finished, refusal in left:
            # It comes back, meets its stored result, and is deleted then.
            self._journal.tell("not-deleted", job=finished.result.id, code=refusal.code)
        return list(batch)

    def _is_elsewhere_if_it_goes(self, finished: Finished) -> bool:
        """Send a message to where it goes; where that fails, its job alone is broken."""
        message, cause, passed = finished.job.lease.message, finished.buried, finished.passed
        try:
            if cause is not None:
                self._breaker.sqs(finished.job, partial(self._queues.bury, message, cause))
            if passed is not None:
                seconds = delay(passed.times)
                self._breaker.sqs(finished.job, partial(self._queues.pass_on, message, passed, seconds))
        except Exception as problem:  # noqa: BLE001 - as above
            self._endings.broken(finished, problem)
            return False
        return True

    def _each(
        self, group: Sequence[Finished], call: Callable[[Sequence[Finished]], dict[int, EntryRefusal]]
    ) -> list[tuple[Finished, EntryRefusal]]:
        """Try a batch until every entry is taken; return those that never were."""
        refused: list[tuple[Finished, EntryRefusal]] = []
        for number in range(ENTRY_TRIES):
            some = group
            refusals = self._breaker.sqs(FinishedGroup(some), partial(call, some))
            refused += [(some[n], refusal) for n, refusal in refusals.items() if refusal.final]
            again = [(some[n], refusal) for n, refusal in refusals.items() if not refusal.final]
            if not again:
                return refused
            if number == ENTRY_TRIES - 1:
                return refused + again
            group = [finished for finished, _ in again]
            time.sleep(ENTRY_RETRY_SECONDS * 2**number * random.uniform(0.5, 1))  # noqa: S311 - jitter
        return refused
