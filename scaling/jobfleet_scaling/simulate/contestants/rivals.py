"""How others decide how many hosts there are to be, as their documentation tells."""

from collections import deque
from math import ceil

from jobfleet_scaling.policy.figures import Bounds, Demand, ScalingDecision, Standing


class Rival:
    """A policy of others; it keeps what there is while demand cannot be read."""

    def decide(self, demand: Demand | None, standing: Standing, bounds: Bounds) -> ScalingDecision:
        """Return how many hosts are wanted."""
        have = standing.running + standing.booting
        wanted = have if demand is None else self._wanted(demand, standing, bounds)
        return ScalingDecision(max(bounds.minimum, min(bounds.maximum, wanted)), 0.0, "")

    def _wanted(self, demand: Demand, standing: Standing, bounds: Bounds) -> int:
        raise NotImplementedError


class Fixed(Rival):
    """As many as there may be, always."""

    def _wanted(self, _demand: Demand, _standing: Standing, bounds: Bounds) -> int:
        return bounds.maximum


class CoursesLoop(Rival):
    """One more while there are more messages than instances; one less, at once, when the queue is empty."""

    def _wanted(self, demand: Demand, standing: Standing, _bounds: Bounds) -> int:
        have = standing.running + standing.booting
        if demand.visible > have:
            return have + 1
        return have - 1 if demand.visible == 0 else have


class StepScaling(Rival):
    """Alarms on the backlog: 1, 3 or 10 more at 1, 100 and 1,000 messages; one less after 5 empty minutes.

    As https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html has it; the steps are
    those that its examples and most tutorials have.
    """

    def __init__(self) -> None:
        self._empty_since: float | None = None
        self._warm_at = 0.0

    def _wanted(self, demand: Demand, standing: Standing, _bounds: Bounds) -> int:
        have = standing.running + standing.booting
        if demand.visible:
            self._empty_since = None
            if demand.at < self._warm_at:
                return have
            self._warm_at = demand.at + 120
            return have + (1 if demand.visible < 100 else 3 if demand.visible < 1_000 else 10)
        self._empty_since = demand.at if self._empty_since is None else self._empty_since
        if demand.at - self._empty_since < 300:
            return have
        self._empty_since = demand.at - 240
        return have - 1


class IdleTimer(Rival):
    """A host for every `slots` jobs at once; it goes when it had nothing to do for five minutes."""

    def __init__(self, seconds: float = 300.0) -> None:
        self._seconds = seconds
        self._past: deque[tuple[float, int]] = deque()

    def _wanted(self, demand: Demand, standing: Standing, _bounds: Bounds) -> int:
        have = standing.running + standing.booting
        target = ceil((demand.visible + demand.in_flight) / max(1.0, demand.slots or 2.0))
        self._past.append((demand.at, target))
        while self._past[0][0] < demand.at - self._seconds:
            self._past.popleft()
        return max(target, min(have, max(value for _, value in self._past)))
