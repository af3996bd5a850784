"""What a job takes of a host, and how many a host does at once, by what the heartbeats add up."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from jobfleet_jobs.protocol.heartbeat import Heartbeat

from jobfleet_scaling.policy.need import ASSUMED_SERVICE_SECONDS

# As many heartbeats of a worker count, one a minute: what jobs took ten minutes ago says little of these.
HEARTBEATS_MAX = 10

# How jobs end that took a slot. Events that ask for no job, such as S3's test of notifications, are none:
# one of them made 180 jobs of 5 s look like jobs of 0.02 s.
JOB_OUTCOMES = ("succeeded", "failed", "broken")

# What was known before counts as much as so many jobs: one odd job does not change all.
PRIOR_JOBS = 3.0

# No job takes longer, as SQS keeps no message in hand for longer than 12 hours.
SERVICE_LONGEST_SECONDS = 43_200.0


@dataclass(frozen=True)
class Rates:
    """A job takes a slot for `service_seconds`, and a host has `slots`; 0 where nobody knows yet."""

    service_seconds: float = 0.0
    slots: float = 0.0


@dataclass(frozen=True)
class _Sums:
    busy: float = 0.0
    ends: int = 0


class WorkRates:
    """Adds up the last heartbeats of all workers."""

    def __init__(self) -> None:
        self._sums: dict[str, deque[_Sums]] = {}
        self._started: dict[str, object] = {}
        self._slots: dict[str, int] = {}
        self._at_work: dict[str, int] = {}

    def take(self, heartbeat: Heartbeat) -> None:
        """Take a heartbeat into account."""
        worker = heartbeat.worker
        if heartbeat.slots <= 0:
            return  # a version that does not tell
        self._slots[worker] = heartbeat.slots
        self._at_work[worker] = min(heartbeat.in_flight, heartbeat.slots)
        sums = self._sums.setdefault(worker, deque(maxlen=HEARTBEATS_MAX))
        if self._started.get(worker) != heartbeat.started:
            self._started[worker] = heartbeat.started
            sums.clear()
            sums.append(_Sums())
        if heartbeat.paused:
            # Jobs wait for AWS then, and keep their slots: that says nothing of what they take.
            sums.clear()
        ends = sum(heartbeat.counts.get(outcome, 0) for outcome in JOB_OUTCOMES)
        sums.append(_Sums(heartbeat.busy_seconds, ends))

    def keep(self, workers: Iterable[str]) -> None:
        """Forget all other workers."""
        kept = set(workers)
        for known in (self._sums, self._started, self._slots, self._at_work):
            for worker in [one for one in known if one not in kept]:
                del known[worker]

    def rates(self, before: Rates) -> Rates:
        """Return what is known by now; `before` is what was known earlier."""
        busy = sum(sums[-1].busy - sums[0].busy for sums in self._sums.values() if len(sums) > 1)
        ends = sum(sums[-1].ends - sums[0].ends for sums in self._sums.values() if len(sums) > 1)
        service = _mean(busy, ends, before.service_seconds) if ends else self._least(busy, before)
        slots = sum(self._slots.values()) / len(self._slots) if self._slots else before.slots
        return Rates(min(service, SERVICE_LONGEST_SECONDS), slots)

    def _least(self, busy: float, before: Rates) -> float:
        """Return what jobs take of which none has ended yet: at least what each took until now.

        `before` may be what this returned a moment ago, and is not to grow by being asked for.
        """
        open_jobs = sum(self._at_work.values())
        least = busy / open_jobs if open_jobs else 0.0
        if before.service_seconds > 0:
            return max(
                before.service_seconds, _mean(busy, open_jobs, before.service_seconds) if least else 0.0
            )
        # Jobs that began a moment ago do not say that they are short, nor does what was no job.
        return least if least > ASSUMED_SERVICE_SECONDS else 0.0


def _mean(busy: float, jobs: int, before: float) -> float:
    prior = PRIOR_JOBS if before > 0 else 0.0
    return (busy + prior * before) / (jobs + prior)
