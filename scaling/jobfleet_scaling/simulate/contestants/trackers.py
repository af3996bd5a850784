"""Policies that hold a number of messages per host: target tracking and KEDA."""

from collections import deque
from math import ceil

from jobfleet_scaling.policy.figures import Bounds, Demand, Standing
from jobfleet_scaling.simulate.contestants.rivals import Rival


class TargetTracking(Rival):
    """Messages per instance at a target, as AWS tells one to do with SQS.

    The target is what an instance does in a minute. It grows after 3 minutes above, and shrinks after 15 well
    below, as the alarms do that target tracking makes.
    """

    def __init__(self) -> None:
        self._above = Since()
        self._below = Since()

    def _wanted(self, demand: Demand, standing: Standing, _bounds: Bounds) -> int:
        have = standing.running + standing.booting
        target = 60 * max(1.0, demand.slots) / (demand.service_seconds or 5.0)
        each = demand.visible / max(1, have)
        is_above = each > target or (demand.visible > 0 and not have)
        if self._above.lasts(demand.at, is_above, 120):
            return max(have, ceil(demand.visible / target))
        if self._below.lasts(demand.at, each < 0.9 * target, 840) and have:
            self._below.begin = demand.at - 780
            return min(have - 1, max(ceil(demand.visible / target), have - max(1, have // 10)))
        return have


class Since:
    """Since when something holds, as an alarm counts its periods."""

    def __init__(self) -> None:
        self.begin: float | None = None

    def lasts(self, now: float, holds: bool, seconds: float) -> bool:
        """Tell whether it has held for so long."""
        if not holds:
            self.begin = None
        elif self.begin is None:
            self.begin = now
        return self.begin is not None and now - self.begin >= seconds


class Keda(Rival):
    """KEDA's SQS scaler: messages (in flight too) ÷ queueLength 5, each 30 s; none after 300 s without any.

    The autoscaler below it at most doubles or adds 4 each 15 s, and shrinks to the most of the last 300 s.
    """

    def __init__(self) -> None:
        self._past: deque[tuple[float, int]] = deque()

    def _wanted(self, demand: Demand, standing: Standing, bounds: Bounds) -> int:
        have = standing.running + standing.booting
        target = min(bounds.maximum, ceil((demand.visible + demand.in_flight) / 5))
        self._past.append((demand.at, target))
        while self._past[0][0] < demand.at - 300:
            self._past.popleft()
        keep = max(value for _, value in self._past)
        if target > have:
            return min(target, max(1, 4 * have, have + 8))
        return min(have, keep)
