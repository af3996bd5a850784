"""Calls to AWS that have an entry for each of several jobs: what goes wrong with one harms no other."""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial

from jobfleet_worker.aws.circuit_breaker import CircuitBreaker
from jobfleet_worker.aws.queues import EntryRefusal
from jobfleet_worker.daemon_pool import DaemonPool
from jobfleet_worker.job.in_hand import Finished, FinishedGroup

# An entry of a batch that AWS did not take is tried this often in all, after about 0.1, 0.2 … s.
ENTRY_TRIES = 4
ENTRY_RETRY_SECONDS = 0.1


def side_by_side(
    helpers: DaemonPool,
    do: Callable[[Sequence[Finished]], list[Finished]],
    parts: Sequence[Sequence[Finished]],
    broken: Callable[[Finished, Exception], None],
) -> list[Finished]:
    """Return all that `do` returns; of a part that fails, every job is `broken`, and no other."""

    def guarded(part: Sequence[Finished]) -> list[Finished]:
        try:
            return do(part)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is this part's, and the worker lives on
            for finished in part:
                broken(finished, problem)
            return []

    return [finished for done in helpers.each(guarded, parts) for finished in done]


def try_each(
    breaker: CircuitBreaker,
    group: Sequence[Finished],
    call: Callable[[Sequence[Finished]], dict[int, EntryRefusal]],
) -> list[tuple[Finished, EntryRefusal]]:
    """Make a call to SQS until every entry is taken; return those that never were."""
    refused: list[tuple[Finished, EntryRefusal]] = []
    for number in range(ENTRY_TRIES):
        some = group
        refusals = breaker.sqs(FinishedGroup(some), partial(call, some))
        refused += [(some[n], refusal) for n, refusal in refusals.items() if refusal.final]
        again = [(some[n], refusal) for n, refusal in refusals.items() if not refusal.final]
        if not again:
            return refused
        if number == ENTRY_TRIES - 1:
            return refused + again
        group = [finished for finished, _ in again]
        time.sleep(ENTRY_RETRY_SECONDS * 2**number * random.uniform(0.5, 1))  # noqa: S311 - jitter
    return refused
