"""The policy that the one that ships was measured against first: the greatest need of a window."""

import math
from collections import deque

from jobfleet_scaling.policy.figures import Bounds, Demand, ScalingDecision, Standing

CLEAR_SECONDS = 60.0


class WindowNeed:
    """need = in flight ÷ slots + visible · S ÷ (slots · 60 s), and some square roots of that to spare.

    It grows to the need at once, and shrinks to the greatest of the last two minutes.
    """

    def __init__(self, headroom: float, window: float = 120.0) -> None:
        self._headroom = headroom
        self._window = window
        self._past: deque[tuple[float, int]] = deque()

    def decide(self, demand: Demand | None, standing: Standing, bounds: Bounds) -> ScalingDecision:
        """Return the need and the spare hosts, or what the window keeps of those that there are."""
        have = standing.running + standing.booting
        if demand is None:
            return ScalingDecision(have, 0.0, "")
        slots, seconds = demand.slots or 2.0, demand.service_seconds or 5.0
        need = demand.in_flight / slots + demand.visible * seconds / (slots * CLEAR_SECONDS)
        target = math.ceil(need + self._headroom * math.sqrt(need) - 1e-9)
        self._past.append((demand.at, target))
        while self._past[0][0] < demand.at - self._window:
            self._past.popleft()
        wanted = max(target, min(have, max(most for _, most in self._past)))
        return ScalingDecision(max(bounds.minimum, min(bounds.maximum, wanted)), need, "")
