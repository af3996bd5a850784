"""The end of jobs, several at a time where that costs nobody time, in the order that loses nothing.

A result is in the bucket before the answer goes out, with others' or at its output, and everything that is
to be there is before the request is deleted: wherever a worker dies, the requests come back and meet what
is already done.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from jobfleet_jobs.protocol.aws_facts import SQS_BATCH_MAX

from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.commit.answers import Answers
from jobfleet_worker.commit.clearing import Clearing
from jobfleet_worker.commit.gathering import Gathering
from jobfleet_worker.commit.result_store import ResultStore
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.job.in_hand import Finished
from jobfleet_worker.job.leases import Leases
from jobfleet_worker.reporting.journal import Journal

# Groups of each kind on their way to AWS at a time. With many more, groups would get small and calls many.
COMMITTERS = 8

# While answers are on their way, others may wait for them to arrive, so that the next call has several; but
# not as long as a person or a program could notice.
COMPANY_SECONDS = 0.005

# Images that were answered wait until they are two full calls of deletions, or so long. Nobody waits for
# that, but a result that an output carries is not found by the job's id until then. Small jobs come by
# hundreds.
CLEARED_TOGETHER = 2 * SQS_BATCH_MAX
CLEARING_SECONDS = 3.0
CLEARING_SMALL_SECONDS = 0.05

# Who helps the committers to make calls side by side.
HELPERS = 16


class Workload(Protocol):
    """What a committer asks of the jobs that are not finished yet."""

    def more_may_finish(self) -> bool:
        """Tell whether other jobs may be put soon: if not, a group waits for nobody."""

    def is_at_work(self) -> bool:
        """Tell whether other jobs are in hand that are not finished."""


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
        self._settings, self._journal = tools.settings, journal
        self._leases, self._load, self._endings = leases, load, endings
        self._helpers = DaemonPool(HELPERS)
        self._results = ResultStore(tools, self._helpers)
        self._answers = Answers(tools, journal.tell, self._helpers, self._unanswered)
        self._clearing = Clearing(tools, journal, leases, self._results, self._helpers)
        most = tools.settings.batch_max
        self._new = Gathering(most, self._linger_unstored, tools.clock)
        self._safe = Gathering(SQS_BATCH_MAX, self._linger_safe, tools.clock)
        self._answered = Gathering(most, self._linger_answered, tools.clock)

    def start(self) -> None:
        """Start those that help the loops."""
        self._helpers.start()

    def stop(self) -> None:
        """Let those go."""
        self._helpers.stop()

    def put(self, finished: Finished) -> None:
        """Leave a finished job to be answered at once, and deleted soon.

        Its result is stored first, unless its output carries it and others are at work, with whose it may be
        stored afterwards.
        """
        carried = finished.carried and not finished.job.lease.is_lost() and self._load.is_at_work()
        (self._safe if finished.stored or carried else self._new).put(finished)

    def loops(self) -> list[tuple[str, Callable[[threading.Event, Callable[[], None]], None]]]:
        """Return what each thread is called and does; it gets what ends it, and what to call each round."""
        kinds = (
            ("commit", self._new, self._store_and_answer),
            ("answer", self._safe, self._answer),
            ("clear", self._answered, self._clear),
        )
        return [
            (f"{name}-{number}", partial(self._run, gathering, handle))
            for name, gathering, handle in kinds
            for number in range(COMMITTERS)
        ]

    def _run(
        self,
        gathering: Gathering,
        handle: Callable[[Sequence[Finished]], None],
        stopped: threading.Event,
        moved: Callable[[], None],
    ) -> None:
        while not stopped.is_set():
            moved()
            gathering.handle_next(handle)

    # -- how long to wait for others ---------------------------------------------------------------

    def _linger_unstored(self, _: Sequence[Finished], under_way: bool) -> float:
        return self._settings.batch_linger / 1000 if self._load.more_may_finish() else 0.0

    def _linger_safe(self, _: Sequence[Finished], under_way: bool) -> float:
        return COMPANY_SECONDS if under_way else 0.0

    def _linger_answered(self, group: Sequence[Finished], under_way: bool) -> float:
        if any(finished.passed for finished in group):
            return 0.0  # they are not done yet: somebody waits for the worker that they go to
        if not group[0].seconds:
            return CLEARING_SMALL_SECONDS if self._load.more_may_finish() else 0.0
        return CLEARING_SECONDS if self._load.is_at_work() and len(group) < CLEARED_TOGETHER else 0.0

    # -- what is done ------------------------------------------------------------------------------

    def _store_and_answer(self, group: Sequence[Finished]) -> None:
        try:
            self._results.store(group)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this group's, and the worker lives on
            for finished in group:
                self._unanswered(finished, problem)
        else:
            self._answer(group)

    def _answer(self, group: Sequence[Finished]) -> None:
        for finished in self._answers.send(group):
            self._answered.put(finished)

    def _unanswered(self, finished: Finished, problem: Exception) -> None:
        self._journal.tell("job", **finished.line)
        self._endings.broken(finished, problem)

    def _clear(self, group: Sequence[Finished]) -> None:
        for finished in self._clearing.clear(group, self._endings.broken):
            self._endings.ended(finished)
