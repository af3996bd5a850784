"""Describe numbers by five others."""

import math
from collections.abc import Sequence
from fractions import Fraction

Number = int | float

# The largest whole number up to which floating point has every one (IEEE 754 binary64).
_FLOAT_EXACT_MAX = 2**53

# Every finite float is a whole multiple of 2**-1074, the smallest there is.
_SMALLEST_EXPONENT = 1074


def stats(numbers: Sequence[Number]) -> dict[str, Number]:
    """Return count, mean, min, max and median of at least one finite number.

    Whole numbers in give a whole mean and median out where the exact answer is whole, whatever
    their size. Everything else is a float: the mean is `math.fsum` over the count, and where that
    cannot hold a sum or a whole number exactly, the exact mean rounded once.
    """
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        median = ordered[middle]
    else:
        low, high = ordered[middle - 1], ordered[middle]
        median = _number(
            (Fraction(low) + Fraction(high)) / 2, whole=isinstance(low, int) and isinstance(high, int)
        )
    return {
        "count": len(ordered),
        "mean": _mean(ordered),
        "min": ordered[0],
        "max": ordered[-1],
        "median": median,
    }


def _mean(ordered: Sequence[Number]) -> Number:
    count = len(ordered)
    kinds = set(map(type, ordered))
    if kinds == {int}:
        return _number(Fraction(sum(ordered)), count, whole=True)
    if kinds == {float} or max(-ordered[0], ordered[-1]) <= _FLOAT_EXACT_MAX:
        try:
            return math.fsum(ordered) / count
        except OverflowError:
            pass  # a sum on the way, or the sum itself, is beyond floating point; the mean is not
    return _number(_exact_sum(ordered), count, whole=False)


def _exact_sum(numbers: Sequence[Number]) -> Fraction:
    total = 0
    for number in numbers:
        numerator, denominator = number.as_integer_ratio()
        # The denominator is a power of two: 2**n has n + 1 bits.
        total += numerator << (_SMALLEST_EXPONENT + 1 - denominator.bit_length())
    return Fraction(total, 2**_SMALLEST_EXPONENT)


def _number(total: Fraction, count: int = 1, *, whole: bool) -> Number:
    """Return `total / count` as JSON can hold it."""
    exact = total / count
    if whole and exact.denominator == 1:
        return exact.numerator
    try:
        return float(exact)
    except OverflowError:
        # Only whole numbers beyond 1.8e308 lead here; there the nearest whole number is close enough.
        return round(exact)
