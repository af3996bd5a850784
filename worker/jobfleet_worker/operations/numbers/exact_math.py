"""Sums and roots without error on the way: every finite float is a fraction, and so is every whole number."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, repeat
from operator import mul

Number = int | float

# More than a float holds (53 bits), so that a root cut off here and marked as such is rounded right.
_ROOT_BITS = 64

# Bits of a float's significand (IEEE 754 binary64).
_FLOAT_BITS = 53

# Floats that lie no further apart than this share one scale, and whole numbers of these many bits are
# quick to multiply; for what lies further apart there is a slower way.
_SCALE_MAX_BITS = 300
# Two to this is a float yet, and so is what is multiplied by it.
_SHIFT_MAX = 1000


@dataclass(frozen=True)
class Moments:
    """How many numbers there are, their sum, and the sum of their squares, all exact."""

    count: int
    total: Fraction
    squares: Fraction

    @property
    def squared_deviations(self) -> Fraction:
        """The sum of the squared distances from the mean; as nothing was rounded, nothing cancels out."""
        return self.squares - self.total**2 / self.count


def exact_sum(numbers: Sequence[Number]) -> Fraction:
    """Return the sum."""
    kinds = set(map(type, numbers))
    if len(kinds) == 1:
        return Fraction(sum(numbers)) if int in kinds else _sum_of_floats(numbers)
    whole = sum(number for number in numbers if isinstance(number, int))
    return whole + _sum_of_floats([number for number in numbers if isinstance(number, float)])


def _sum_of_floats(floats: Sequence[float]) -> Fraction:
    total, taken = Fraction(), list[float]()
    try:
        # `fsum` rounds once, so that what it leaves is at most a 2**53th of what it gives.
        while part := math.fsum(chain(floats, taken)):
            total += Fraction(part)
            taken.append(-part)
    except OverflowError:
        return power_sum(floats, repeat(1), 1)
    return total


def power_sum(values: Sequence[Number], times: Iterable[int], power: int) -> Fraction:
    """Return the sum of values to the first or second power, each as often as `times` says."""
    scaled = _scaled(values)
    if scaled is None:
        return _sum_by_denominator(values, times, power)
    whole, shift = scaled
    for _ in range(power - 1):
        whole = list(map(mul, whole, whole))
    return Fraction(sum(map(mul, whole, times)), 1 << power * shift)


def _scaled(values: Sequence[Number]) -> tuple[list[int], int] | None:
    """Return values as whole numbers, and by how many bits they were shifted; None if that were too many."""
    kinds = set(map(type, values))
    if float not in kinds:
        return list(values), 0  # type: ignore[arg-type]
    if int in kinds:
        return None
    least = min(filter(None, map(abs, values)), default=0.0)
    greatest = max(map(abs, values))
    shift = max(0, _FLOAT_BITS - math.frexp(least)[1])
    if shift > _SHIFT_MAX or math.frexp(greatest)[1] + shift > _SCALE_MAX_BITS:
        return None
    # A power of two changes no bit of the significand.
    return list(map(int, map(mul, values, repeat(2.0**shift)))), shift


def _sum_by_denominator(values: Iterable[Number], times: Iterable[int], power: int) -> Fraction:
    # Of denominators floats have 1,075: powers of two. Fractions would be reduced at each step.
    sums: dict[int, int] = {}
    for value, often in zip(values, times, strict=False):
        numerator, denominator = value.as_integer_ratio()
        sums[denominator] = sums.get(denominator, 0) + numerator**power * often
    least = max(sums, default=1)
    return Fraction(
        sum(total * (least // denominator) ** power for denominator, total in sums.items()), least**power
    )


def rounded(exact: Fraction, *, whole: bool) -> Number:
    """Return `exact` as JSON can hold it: rounded once, or not at all where it is, and may be, whole."""
    if whole and exact.denominator == 1:
        return exact.numerator
    try:
        return float(exact)
    except OverflowError:
        # Beyond 1.8e308 there is no float; the nearest whole number is close enough.
        return round(exact)


def square_root(square: Fraction, *, whole: bool) -> Number:
    """Return the root of what is not negative, rounded once, or not at all where it is, and may be, whole."""
    numerator, denominator = square.as_integer_ratio()
    half = max(2, (2 * _ROOT_BITS - numerator.bit_length() + denominator.bit_length()) // 2 + 1)
    shifted, rest = divmod(numerator << 2 * half, denominator)
    root = math.isqrt(shifted)
    if rest or root * root != shifted:
        # Rounding to odd: an inexact root never looks as if it lay half way between two floats.
        return rounded(Fraction(root | 1, 1 << half), whole=False)
    return rounded(Fraction(root, 1 << half), whole=whole)
