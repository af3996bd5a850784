"""The policy that ships: as many hosts as the work needs, and some to spare.

need = being done ÷ slots + waiting · S ÷ (slots · W): hosts for the jobs that are being done, and enough
more to do those that wait within W seconds (`Tuning.clear`). A worker takes more jobs from the queue than it
does at once; those beyond the slots of all hosts wait too. docs/scaling.md compares it with others.
"""

import math
from collections.abc import Iterable

from jobfleet_scaling.policy.figures import Bounds, Demand, ScalingDecision, Standing, Tuning

# Spare hosts, as a multiple of the need's square root: random arrivals vary by about that much.
HEADROOM = 1.0
# A fleet at most doubles at each look, plus so many hosts: no herd comes for a number that was read wrongly.
STEP = 10
# What is taken as long as no worker has told how long a job takes, or how many a host does at once.
ASSUMED_SERVICE_SECONDS = 5.0
ASSUMED_SLOTS = 2.0

# A time in seconds and the need at that time.
Sample = tuple[float, float]


class NeedPolicy:
    """Decides how many hosts there are to be; remembers the needs of the last `window` seconds.

    It grows at once when the need does, by steps. It shrinks to the greatest need of the window, and never
    before it has seen a whole window. Hosts that are leaving count as gone, and those that boot as there.
    `samples` are those of the policy that decided before this one, in another process say.
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
        self._samples = sorted(samples)
        self._headroom = headroom
        self._step = step
        self._service_seconds = ASSUMED_SERVICE_SECONDS
        self._slots = ASSUMED_SLOTS

    def samples(self) -> tuple[Sample, ...]:
        """Return the needs that count, oldest first, for a policy that goes on after this one."""
        return tuple(self._samples)

    def decide(self, demand: Demand | None, standing: Standing, bounds: Bounds) -> ScalingDecision:
        """Return how many hosts there shall be, those that leave not counted.

        `demand` is None where it could not be read: then nothing shrinks and nothing grows. If its
        `service_seconds` or `slots` are 0, nobody knows them: then the last that were known count.
        """
        have = standing.running + standing.booting
        if demand is None:
            return _within(bounds, have, 0.0, "demand could not be read: as it was")
        need = self._need(demand, standing)
        self._remember(demand.at, need)
        target = self._with_headroom(need)
        keep = self._kept(demand.at, have)
        if target > have:
            most = 2 * have + self._step
            why = f"need {need:.1f}: {target}" + (f", at most {most} in one step" if target > most else "")
            return _within(bounds, min(target, most), need, why)
        if keep > target:
            why = f"need {need:.1f}: {target}, but keeps {keep} for {self.tuning.window:.0f} s"
            return _within(bounds, keep, need, why)
        return _within(bounds, target, need, f"need {need:.1f}: {target}")

    def _need(self, demand: Demand, standing: Standing) -> float:
        if _is_known(demand.service_seconds):
            self._service_seconds = demand.service_seconds
        if _is_known(demand.slots):
            self._slots = demand.slots
        in_hand = max(0, demand.in_flight)
        done_now = min(in_hand, (standing.running + standing.leaving) * self._slots)
        waiting = max(0, demand.visible) + in_hand - done_now
        return done_now / self._slots + waiting * self._service_seconds / (self._slots * self._clear())

    def _clear(self) -> float:
        return max(self.tuning.clear, 1.0)

    def _with_headroom(self, need: float) -> int:
        # A sum of fractions may come out as 3.0000000000000004 where it is 3.
        return math.ceil(need + self._headroom * math.sqrt(need) - 1e-9)

    def _remember(self, at: float, need: float) -> None:
        # Clocks of two leaders differ a little: what one wrote is never later than what the next reads.
        past = [(min(when, at), value) for when, value in self._samples if when != at]
        self._samples = [*past, (at, need)]
        # A need holds until the next was read, so the last one before the window counts too.
        while len(self._samples) > 1 and self._samples[1][0] <= at - self.tuning.window:
            del self._samples[0]

    def _kept(self, at: float, have: int) -> int:
        """Return how many of those that there are stay for the needs of the window."""
        if self._samples[0][0] > at - self.tuning.window:
            return have
        return min(have, self._with_headroom(max(need for _, need in self._samples)))


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
