"""How many instances a scaling policy wants: numbers in, a number out.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

CHANGE, EXACT, PERCENT = "ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"
ADJUSTMENT_TYPES = (CHANGE, EXACT, PERCENT)


@dataclass(frozen=True)
class StepAdjustment:
    """By how much to scale if the metric is so far from the threshold; None is without an end."""

    lower: float | None
    upper: float | None
    amount: int

    def holds(self, distance: float, *, above: bool) -> bool:
        """Tell whether the metric, at `distance` from the threshold, lies in this step.

        Above the threshold the lower bound belongs to the step and the upper does not; below it is the other
        way round.
        """
        lower = -math.inf if self.lower is None else self.lower
        upper = math.inf if self.upper is None else self.upper
        return lower <= distance < upper if above else lower < distance <= upper


def step_for(steps: Iterable[StepAdjustment], distance: float) -> StepAdjustment | None:
    """Return the step in which the metric lies, None if it is in none."""
    return next((step for step in steps if step.holds(distance, above=distance >= 0)), None)


def wanted(kind: str, amount: int, current: int, *, least: int | None = None) -> int:
    """Return the capacity that an adjustment makes of `current`, before minimum and maximum.

    A percentage is rounded towards zero, but between 0 and 1 to 1, and between -1 and 0 to -1; it changes the
    capacity by `least` at least, where that is given.
    """
    if kind == EXACT:
        return amount
    if kind == CHANGE:
        return current + amount
    change = _rounded(current * amount / 100)
    if least is not None and abs(change) < least:
        change = least if amount > 0 else -least
    return current + change


def _rounded(change: float) -> int:
    if 0 < change < 1:
        return 1
    if -1 < change < 0:
        return -1
    return math.trunc(change)
