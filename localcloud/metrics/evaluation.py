"""The state of an alarm, by its data points alone.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html has the rules and
two tables of examples, which the tests hold this against. CloudWatch looks at more periods than the alarm
counts, to find enough points that are there; how many more it does not say. In its examples it is two.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = (OK, ALARM, INSUFFICIENT_DATA)
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

# How many periods before those that count are looked at for data.
MORE_PERIODS = 2

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class AlarmCondition:
    """When an alarm goes off: `needed` of the last `periods` points compare so with the threshold."""

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        """Tell whether a point is on the alarm's side of the threshold."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


def judge(condition: AlarmCondition, points: Sequence[float | None], state: str) -> str:
    """Return the state after `state`; `points` has the newest first, None where there is none."""
    known = [(age, value) for age, value in enumerate(points, start=1) if value is not None]
    counted = known[: condition.periods]
    breaching = sum(condition.breaches(value) for _, value in counted)
    if len(counted) == condition.periods:
        return ALARM if breaching >= condition.needed else OK
    lacking = condition.periods - len(counted)
    if condition.missing in ("breaching", "notBreaching"):
        assumed = lacking if condition.missing == "breaching" else 0
        return ALARM if breaching + assumed >= condition.needed else OK
    if not counted:
        return state if condition.missing == "ignore" else INSUFFICIENT_DATA
    if breaching < len(counted):
        return ALARM if breaching >= condition.needed else OK
    # All that is there breaches, but there is little of it.
    if breaching >= condition.needed:
        return ALARM
    oldest = counted[-1][0]
    return ALARM if condition.missing == "missing" and oldest >= condition.needed else state


def explain(condition: AlarmCondition, points: Sequence[float | None], state: str) -> str:
    """Return why an alarm went over into `state`, in CloudWatch's words."""
    counted = [value for value in points if value is not None][: condition.periods]
    words = COMPARISONS[condition.comparison][1]
    if not counted:
        assumed = {
            ALARM: "no datapoints were received for {} and missing datapoints were treated as [Breaching].",
            OK: "no datapoints were received for {} and missing datapoints were treated as [NonBreaching].",
        }
        periods = "1 period" if condition.periods == 1 else f"{condition.periods} periods"
        if state == INSUFFICIENT_DATA:
            return "Insufficient Data: no datapoints were received."
        return "Threshold Crossed: " + assumed[state].format(periods)
    side = "was" if len(counted) == 1 else "were"
    negation = "" if state == ALARM else "not "
    shown = ", ".join(str(float(value)) for value in counted)
    noun = "datapoint" if len(counted) == 1 else "datapoints"
    return (
        f"Threshold Crossed: {len(counted)} {noun} [{shown}] {side} {negation}{words} "
        f"the threshold ({float(condition.threshold)})."
    )
