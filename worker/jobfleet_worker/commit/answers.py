"""The answers to finished jobs, ten a call."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from jobfleet_jobs.protocol.batches import batches_by_size

from jobfleet_worker.aws.queues import QueueGone
from jobfleet_worker.aws.tools import Tools
from jobfleet_worker.commit.entries import side_by_side, try_each
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.errors import BrokenAttempt, GivenUp
from jobfleet_worker.job.in_hand import LEASE_LOST, Finished

Broken = Callable[[Finished, Exception], None]


class Answers:
    """Sends answers; `broken` hears of each job that was not answered, and why."""

    def __init__(self, tools: Tools, say: Callable[..., None], helpers: DaemonPool, broken: Broken) -> None:
        self._queues, self._breaker = tools.queues, tools.breaker
        self._say, self._helpers, self._broken = say, helpers, broken

    def send(self, group: Sequence[Finished]) -> list[Finished]:
        """Answer jobs whose results are safe; return those that need no more of an answer."""
        return side_by_side(self._helpers, self._send, self._parts(group), self._broken)

    def _parts(self, group: Sequence[Finished]) -> list[list[Finished]]:
        """Return what may go out in one call each; those whose lease is lost are for others to answer."""
        by_queue: dict[str | None, list[tuple[Finished, str]]] = defaultdict(list)
        for finished in group:
            if finished.job.lease.is_lost():
                self._broken(finished, GivenUp(LEASE_LOST))
            else:
                by_queue[finished.queue].append((finished, finished.result.to_answer()))
        return [
            [finished for finished, _ in batch]
            for answers in by_queue.values()
            for batch in batches_by_size(answers)
        ]

    def _send(self, batch: Sequence[Finished]) -> list[Finished]:
        name = batch[0].queue
        if name is None:
            return list(batch)
        try:
            left = try_each(
                self._breaker,
                batch,
                lambda some: self._queues.answer(name, [finished.result.to_answer() for finished in some]),
            )
        except QueueGone:
            # The client is gone; its results lie in the bucket.
            for finished in batch:
                self._say("reply-queue-gone", job=finished.result.id, queue=name)
            return list(batch)
        for finished, refusal in left:
            self._broken(finished, BrokenAttempt(f"the answer was not taken: {refusal.code}"))
        refused = {id(finished) for finished, _ in left}
        return [finished for finished in batch if id(finished) not in refused]
