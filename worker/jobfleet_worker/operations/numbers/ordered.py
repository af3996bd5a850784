"""Numbers in order, wherever they lie, and what can be found out by going through them once."""

import math
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, compress, islice, repeat
from operator import ne, sub
from typing import NamedTuple

from jobfleet_worker.operations.numbers.exact_math import Number, exact_sum, power_sum


class Batch(NamedTuple):
    """Sorted numbers, of which each stands there as often as `times` says, or once where that is None."""

    values: Sequence[Number]
    times: Sequence[int] | None = None


@dataclass(frozen=True)
class Mode:
    """The smallest of the values that stand there most often, how often, and how many such there are."""

    value: Number
    often: int
    modes: int


@dataclass(frozen=True)
class Seen:
    """What was seen: the numbers `at` places, how many lie `below` edges; `mode` and `squares` on demand."""

    at: dict[int, Number]
    below: list[int]
    mode: Mode | None = None
    squares: Fraction | None = None


class Ordered(ABC):
    """At least one number, in order; of equal ones, whole numbers come before floats.

    `whole` says that all are whole numbers, `floats` that none is. `total` is their exact sum.
    """

    count: int
    least: Number
    greatest: Number
    whole: bool
    floats: bool
    total: Fraction

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Yield all of them from least to greatest. Equal numbers are in one batch."""

    def float_total(self) -> float:
        """Return the sum, rounded once. Raises `OverflowError` where it is too large for a float."""
        return float(self.total)

    def see(self, places: Iterable[int], edges: Sequence[Number] = (), *, more: bool = False) -> Seen:
        """Go through them once. `places` count from 0; `more` asks for the mode and the squares' sum."""
        looking = _Looking(places, edges)
        groups = _Groups() if more else None
        for batch in self.batches():
            looking.take(batch)
            if groups:
                groups.take(batch)
        if groups is None:
            return Seen(looking.at, looking.below)
        return Seen(looking.at, looking.below, Mode(groups.value, groups.often, groups.modes), groups.squares)


class Listed(Ordered):
    """Numbers in memory."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        self._numbers = in_order(numbers)
        kinds = set(map(type, self._numbers))
        self.count, self.least, self.greatest = len(self._numbers), self._numbers[0], self._numbers[-1]
        self.whole, self.floats = kinds == {int}, kinds == {float}

    @cached_property
    def total(self) -> Fraction:  # type: ignore[override]
        """The exact sum."""
        return exact_sum(self._numbers)

    def float_total(self) -> float:
        """Return the sum, rounded once. Raises `OverflowError` where it is too large for a float."""
        try:
            return math.fsum(self._numbers)
        except OverflowError:  # a sum on the way may be beyond floating point where the sum itself is not
            return float(self.total)

    def batches(self) -> Iterator[Batch]:
        """Yield all of them from least to greatest."""
        yield Batch(self._numbers)


def in_order(numbers: Iterable[Number]) -> list[Number]:
    """Return numbers sorted; of equal ones, whole numbers come before floats."""
    ordered = list(numbers)
    if set(map(type, ordered)) != {int, float}:
        ordered.sort()
        return ordered
    floats = [number for number in ordered if isinstance(number, float)]
    # Sorting leaves equal ones as they stood.
    return sorted([number for number in ordered if isinstance(number, int)] + floats)


class _Looking:
    """Finds numbers by their place, and how many lie below edges."""

    def __init__(self, places: Iterable[int], edges: Sequence[Number]) -> None:
        self._places, self._edges = sorted(set(places), reverse=True), edges
        self._before = 0
        self.at: dict[int, Number] = {}
        self.below = [0] * len(edges)

    def take(self, batch: Batch) -> None:
        values, times = batch
        ends = None if times is None else list(accumulate(times))
        count = len(values) if ends is None else ends[-1]
        while self._places and self._places[-1] < self._before + count:
            place = self._places.pop()
            inside = place - self._before
            self.at[place] = values[inside if ends is None else bisect_right(ends, inside)]
        for number, edge in enumerate(self._edges):
            below = bisect_left(values, edge)
            self.below[number] += below if ends is None or below == 0 else ends[below - 1]
        self._before += count


class _Groups:
    """Looks at each value once, with how often it stands there."""

    def __init__(self) -> None:
        self.value: Number = 0
        self.often = self.modes = 0
        self.squares = Fraction()

    def take(self, batch: Batch) -> None:
        values, times = batch
        starts = [0, *compress(range(1, len(values)), map(ne, values, islice(values, 1, None)))]
        if len(starts) == len(values):
            groups, often = values, times or [1] * len(values)
        else:
            groups = [values[start] for start in starts]
            ends = None if times is None else [0, *accumulate(times)]
            bounds = [*starts, len(values)] if ends is None else [ends[n] for n in (*starts, len(values))]
            often = list(map(sub, islice(bounds, 1, None), bounds))
        self.squares += power_sum(groups, often, 2)
        most = max(often)
        if most > self.often:
            self.value, self.often, self.modes = groups[often.index(most)], most, 0
        if most == self.often:
            self.modes += sum(map(most.__eq__, often))


def run_lengths(ordered: Sequence[Number]) -> Batch:
    """Return sorted numbers with each value once; whole numbers and floats that are equal stay apart."""
    if len(set(map(type, ordered))) == 1:
        marks = map(ne, ordered, islice(ordered, 1, None))
    else:
        marks = map(_differ, ordered, islice(ordered, 1, None))
    starts = [0, *compress(range(1, len(ordered)), marks)]
    if len(starts) == len(ordered):
        return Batch(ordered)
    bounds = [*starts, len(ordered)]
    return Batch([ordered[start] for start in starts], list(map(sub, islice(bounds, 1, None), bounds)))


def _differ(one: Number, other: Number) -> bool:
    return one != other or type(one) is not type(other)


def merged(batches: Sequence[Batch]) -> Batch:
    """Return sorted batches as one."""
    values = [value for batch in batches for value in batch.values]
    if all(batch.times is None for batch in batches):
        return Batch(in_order(values))
    times = [often for batch in batches for often in batch.times or repeat(1, len(batch.values))]
    kinds = list(map(type, values))
    places = [place for place, kind in enumerate(kinds) if kind is int]
    places += [place for place, kind in enumerate(kinds) if kind is float]
    places.sort(key=values.__getitem__)
    return Batch([values[place] for place in places], [times[place] for place in places])
