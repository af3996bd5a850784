"""The policy that ships: as many hosts as the arriving work keeps busy, and more while a backlog waits.

It adds three terms, in hosts: the work that comes in, averaged over `Tuning.window`; a quarter of the square
root of that, as random arrivals vary; and the jobs that wait, to be done within `Tuning.clear`. The work that
comes in is what hosts did plus what the jobs in line became more: so only counts are needed, and their errors
even out over the window. docs/scaling.md compares it with others.
"""

import math
from collections import deque
from collections.abc import Iterable

from jobfleet_scaling.policy.figures import Bounds, Demand, ScalingDecision, Standing, Tuning

# Spare hosts, as a multiple of the square root of the arriving work. More costs more than it spares waits.
HEADROOM = 0.25
# A fleet at most doubles at each look, plus so many hosts: no herd comes for a number that was read wrongly.
STEP = 10
# What is taken as long as no worker has told how long a job takes, or how many a host does at once.
ASSUMED_SERVICE_SECONDS = 5.0
ASSUMED_SLOTS = 2.0
# The next policy gets no more samples than this: the leader writes them down at each look.
SAMPLES_MAX = 360
# Less than any job; sums of fractions are not exact.
NOTHING = 1e-6

# A time in seconds, and how many hosts the arriving work kept busy then.
Sample = tuple[float, float]


class NeedPolicy:
    """Decides how many hosts there are to be; remembers the work that came in the last `window` seconds.

    It grows at once, by steps. It shrinks to the most that it wanted in the time of half a boot, never below
    what is at work, and to none only after a whole window without a job. It knows one whole window before it
    shrinks at all. Hosts that are leaving count as gone, and those that boot as there. `samples` are those of
    the policy that decided before this one.
    """

    def __init__(
        self,
        tuning: Tuning | None = None,
        samples: Iterable[Sample] = (),
        *,
        headroom: float = HEADROOM,
        step: int = STEP,
    ) -> None:
        self.tuning = tuning or Tuning()
        self._headroom = headroom
        self._step = step
        self._service_seconds = ASSUMED_SERVICE_SECONDS
        self._slots = ASSUMED_SLOTS
        self._arriving = ArrivingWork(max(self.tuning.window, 1.0), samples)
        self._targets: deque[tuple[float, int]] = deque()

    def samples(self) -> tuple[Sample, ...]:
        """Return what the window knows, oldest first, for a policy that goes on after this one.

        Of a long window these are every second one, or fewer; the newest is one of them.
        """
        known = list(self._arriving.samples)
        return tuple(known[:: -math.ceil(len(known) / SAMPLES_MAX) or -1][::-1])

    def decide(self, demand: Demand | None, standing: Standing, bounds: Bounds) -> ScalingDecision:
        """Return how many hosts there shall be, those that leave not counted.

        `demand` is None where it could not be read: then nothing shrinks and nothing grows. If its
        `service_seconds` or `slots` are 0, nobody knows them: then the last that were known count.
        """
        have = standing.running + standing.booting
        if demand is None:
            # Afterwards it looks for half a boot before it shrinks, as at first.
            self._targets.clear()
            return _within(bounds, have, 0.0, "demand could not be read: as it was")
        self._learn(demand)
        # A worker takes more jobs from the queue than it does at once: those beyond all slots wait.
        jobs = max(0, demand.visible) + max(0, demand.in_flight)
        at_work = min(max(0, demand.in_flight), (standing.running + standing.leaving) * self._slots)
        busy = at_work / self._slots
        steady = self._arriving.note(demand.at, jobs, at_work, self._service_seconds, self._slots)
        need = steady + self._backlog(jobs, at_work, steady)
        target = self._target(demand.at, need, steady)
        why = f"{steady:.1f} for what comes, {need - steady:.1f} for {jobs - at_work:.0f} that wait: {target}"
        keep = max(self._kept(demand.at, target, have), min(have, math.ceil(busy - NOTHING)))
        if target > have:
            most = 2 * have + self._step
            if target > most:
                why += f", at most {most} in one step"
            return _within(bounds, min(target, most), need, why)
        return _within(bounds, keep, need, why + (f", keeps {keep} for now" if keep > target else ""))

    def _learn(self, demand: Demand) -> None:
        if _is_known(demand.service_seconds):
            self._service_seconds = demand.service_seconds
        if _is_known(demand.slots):
            self._slots = demand.slots

    def _backlog(self, jobs: int, at_work: float, steady: float) -> float:
        waiting = jobs - at_work
        # A job takes one slot, however long it takes.
        soon = min(1.0, self._service_seconds / max(self.tuning.clear, 1.0))
        hosts = waiting * soon / self._slots
        if self._service_seconds < self.tuning.window:
            return hosts
        # Long jobs that wait are part of what came in the window already.
        return max(0.0, min(hosts, jobs / self._slots - steady))

    def _target(self, at: float, need: float, steady: float) -> int:
        target = math.ceil(need + self._headroom * math.sqrt(steady) - NOTHING)
        # To wake from nothing takes a boot: the last host stays while somebody may come back.
        return max(target, 1) if self._arriving.had_jobs(at) else target

    def _kept(self, at: float, target: int, have: int) -> int:
        """Return how many of those that there are stay."""
        self._targets.append((at, target))
        # To end a host that is wanted again soon costs its boot; to keep it costs the time that it is kept.
        begin = at - self.tuning.boot / 2
        while len(self._targets) > 1 and self._targets[1][0] <= begin:
            self._targets.popleft()
        if self._targets[0][0] > begin or not self._arriving.has_seen_window(at):
            return have
        return min(have, max(most for _, most in self._targets))


class ArrivingWork:
    """How many hosts the work would keep busy that came in the last `window` seconds."""

    def __init__(self, window: float, samples: Iterable[Sample]) -> None:
        self._window = window
        self.samples = deque(sorted(samples))
        # Times, and the host seconds of work that had come since the time before.
        self._came: deque[tuple[float, float]] = deque()
        self._last: tuple[float, float, float] | None = None
        self._last_job = -math.inf
        self._since = -math.inf if self.samples else math.inf
        self._go_on()

    def note(self, at: float, jobs: float, at_work: float, seconds: float, slots: float) -> float:
        """Take in how many `jobs` there are, `at_work` of them; return how many hosts they keep busy.

        A job takes `seconds`, of which not more than the window can have been in the window.
        """
        each = min(seconds, self._window) / slots
        if self._last is not None:
            before, had, worked = self._last
            seen = min(self._window, max(0.0, at - before))
            came = (worked + at_work) / 2 * seen / slots + (jobs - had) * each
        elif self.samples:
            # Another policy decided until a moment ago: as much will have come since as before.
            before, steady = self.samples[-1]
            came = steady * min(self._window, max(0.0, at - before))
        else:
            came = jobs * each
        self._last = (at, jobs, at_work)
        self._since = min(self._since, at)
        self._last_job = at if jobs else self._last_job
        self._came.append((at, came))
        while self._came[0][0] <= at - self._window:
            self._came.popleft()
        steady = max(0.0, math.fsum(work for _, work in self._came) / self._window)
        return self._sampled(at, steady if steady > NOTHING else 0.0)

    def had_jobs(self, at: float) -> bool:
        """Tell whether there was any job in the window."""
        return at - self._last_job < self._window

    def has_seen_window(self, at: float) -> bool:
        """Tell whether it knows of all that came in the window."""
        return self._since <= at - self._window

    def _sampled(self, at: float, steady: float) -> float:
        # Clocks of two leaders differ a little: what one wrote is never later than what the next reads.
        self.samples = deque((min(when, at), value) for when, value in self.samples if when != at)
        self.samples.append((at, steady))
        while self.samples[0][0] <= at - self._window:
            self.samples.popleft()
        return steady

    def _go_on(self) -> None:
        """Take over what another policy knew: the first sample stands for all that came before it."""
        if not self.samples:
            return
        before = self.samples[-1][0] - self._window
        for at, steady in self.samples:
            self._came.append((at, steady * max(0.0, at - before)))
            before = max(before, at)
            self._last_job = at if steady else self._last_job


def _is_known(figure: float) -> bool:
    return math.isfinite(figure) and figure > 0


def _within(bounds: Bounds, wanted: int, need: float, why: str) -> ScalingDecision:
    most = max(0, bounds.maximum)
    least = min(max(0, bounds.minimum), most)
    if wanted > most:
        return ScalingDecision(most, need, f"{why}; {most} is the maximum")
    if wanted < least:
        return ScalingDecision(least, need, f"{why}; {least} is the minimum")
    return ScalingDecision(wanted, need, why)
