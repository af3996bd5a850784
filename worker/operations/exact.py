"""Sums and roots without error on the way: every finite float is a fraction, and so is every whole number."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

Number = int | float

# More than a float holds (53 bits), so that a root cut off here and marked as such is rounded right.
_ROOT_BITS = 64


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


def runs(ordered: Sequence[Number]) -> Iterable[tuple[Number, int]]:
    """Yield each value of a sorted sequence once, and how many times it stands there."""
    for value, same in groupby(ordered):
        yield value, sum(1 for _ in same)


def moments(values: Iterable[tuple[Number, int]]) -> Moments:
    """Return the moments of values, each given with how many times it stands there."""
    count = 0
    # By denominator, of which floats have 1,075: powers of two. Fractions would be reduced at each step.
    sums: dict[int, int] = {}
    squares: dict[int, int] = {}
    for value, times in values:
        numerator, denominator = value.as_integer_ratio()
        count += times
        sums[denominator] = sums.get(denominator, 0) + numerator * times
        squares[denominator] = squares.get(denominator, 0) + numerator * numerator * times
    return Moments(count, _total(sums, 1), _total(squares, 2))


def exact_sum(numbers: Iterable[Number]) -> Fraction:
    """Return the sum."""
    sums: dict[int, int] = {}
    for number in numbers:
        numerator, denominator = number.as_integer_ratio()
        sums[denominator] = sums.get(denominator, 0) + numerator
    return _total(sums, 1)


def _total(sums: dict[int, int], power: int) -> Fraction:
    least = max(sums)
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
