"""One look at all that a decision is made by: the queue's counts and the workers' own words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobfleet_scaling.demand.queue_counts import QueueCounts, RequestQueue
from jobfleet_scaling.demand.work_rates import Rates, WorkRates
from jobfleet_scaling.demand.workers import Workers, WorkerSight
from jobfleet_scaling.policy.figures import Demand


@dataclass(frozen=True)
class Look:
    """What was seen at a time (UTC): the workers by their ids, and what there is to do.

    If it is not `whole`, there are more workers than were listed.
    """

    at: datetime
    counts: QueueCounts
    rates: Rates
    workers: Mapping[str, WorkerSight]
    whole: bool = True

    @property
    def demand(self) -> Demand:
        """What the policy decides by."""
        return Demand(
            self.at.timestamp(), self.counts.visible, self.counts.in_flight,
            self.rates.service_seconds, self.rates.slots,
        )  # fmt: skip


class DemandReader:
    """Reads a stack's demand; how often that may be asked, it knows itself."""

    def __init__(self, clients: Any, bucket: str, request_queue: str, monotonic: Callable[[], float]) -> None:
        self._rates = WorkRates()
        self._queue = RequestQueue(lambda: clients.sqs, request_queue)
        self._workers = Workers(lambda: clients.s3, bucket, monotonic, self._rates.take)

    def look(self, now: datetime, before: Rates) -> Look:
        """Return what there is at `now` (UTC). `before` is what was known of jobs. Raises AWS's errors."""
        workers = self._workers.look(now)
        self._rates.keep(workers)
        return Look(
            now, self._queue.counts(), self._rates.rates(before), workers, self._workers.is_whole
        )  # fmt: skip
