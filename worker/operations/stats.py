"""Describe numbers by a few others."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from worker.operations.exact import Number, exact_sum, rounded
from worker.operations.spread import histogram as histogram_of
from worker.operations.spread import quantile, spread

# The largest whole number up to which floating point has every one (IEEE 754 binary64).
_FLOAT_EXACT_MAX = 2**53


def stats(
    numbers: Sequence[Number],
    *,
    more: bool = False,
    quantiles: int | None = None,
    histogram: int | None = None,
) -> dict[str, Any]:
    """Return count, mean, min, max and median of at least one finite number.

    Whole numbers in give a whole mean and median out where the exact answer is whole, whatever
    their size. Everything else is a float: the mean is `math.fsum` over the count, and where that
    cannot hold a sum or a whole number exactly, the exact mean rounded once.

    `more` adds what `spread` says, `quantiles` the values that cut the numbers into so many equal
    parts, and `histogram` the counts in so many bins; these take exact arithmetic, and so time.
    """
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        median = ordered[middle]
    else:
        low, high = ordered[middle - 1], ordered[middle]
        median = rounded(
            (Fraction(low) + Fraction(high)) / 2, whole=isinstance(low, int) and isinstance(high, int)
        )
    kinds = set(map(type, ordered))
    found: dict[str, Any] = {
        "count": len(ordered),
        "mean": _mean(ordered, kinds),
        "min": ordered[0],
        "max": ordered[-1],
        "median": median,
    }
    if more:
        found |= spread(ordered, whole=kinds == {int})
    if quantiles:
        found["quantiles"] = [quantile(ordered, number, quantiles) for number in range(1, quantiles)]
    if histogram:
        found["histogram"] = histogram_of(ordered, histogram)
    return found


def _mean(ordered: Sequence[Number], kinds: set[type]) -> Number:
    count = len(ordered)
    if kinds == {int}:
        return rounded(Fraction(sum(ordered), count), whole=True)  # type: ignore[arg-type]
    if kinds == {float} or max(-ordered[0], ordered[-1]) <= _FLOAT_EXACT_MAX:
        try:
            return math.fsum(ordered) / count
        except OverflowError:
            pass  # a sum on the way, or the sum itself, is beyond floating point; the mean is not
    return rounded(exact_sum(ordered) / count, whole=False)
