"""The spread of numbers: the part of `stats` that must be asked for."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from jobfleet_jobs.numbers.words import WHOLE_NUMBER_MAX_DIGITS

from jobfleet_worker.operations.numbers.exact_math import Moments, Number, rounded, square_root
from jobfleet_worker.operations.numbers.ordered import Ordered, Seen

# JSON with a longer whole number could not be read back.
_TOO_LONG = 10**WHOLE_NUMBER_MAX_DIGITS


def spread(ordered: Ordered, seen: Seen) -> dict[str, Any]:
    """Return sum, quartiles, variances, standard deviations and mode of at least one number.

    `variance` and `stdev` are the sample's (over n - 1), and None of one number; `population_variance`
    and `population_stdev` are over n. The mode is the value that stands there most often; of several
    such the smallest, and `modes` says how many they are. Where the numbers are all whole, so is every
    answer that can be. What would be a whole number of more than 4,300 digits is None, with a sentence
    in `notes`.
    """
    assert seen.mode is not None  # noqa: S101 - for the type checker
    assert seen.squares is not None  # noqa: S101
    found: dict[str, Any] = {
        "q1": quantile(ordered, seen, 1, 4),
        "q3": quantile(ordered, seen, 3, 4),
        **_by_moments(Moments(ordered.count, ordered.total, seen.squares), whole=ordered.whole),
        "mode": seen.mode.value,
        "mode_count": seen.mode.often,
        "modes": seen.mode.modes,
    }
    too_long = [
        name for name, value in found.items() if isinstance(value, int) and not -_TOO_LONG < value < _TOO_LONG
    ]
    if too_long:
        words = f"left out, as they would have more than {WHOLE_NUMBER_MAX_DIGITS} digits"
        found |= dict.fromkeys(too_long) | {"notes": [f"{words}: {', '.join(too_long)}"]}
    return found


def _by_moments(found: Moments, *, whole: bool) -> dict[str, Any]:
    deviations, count = found.squared_deviations, found.count
    population, sample = deviations / count, deviations / (count - 1) if count > 1 else None
    return {
        "sum": rounded(found.total, whole=whole),
        "variance": None if sample is None else rounded(sample, whole=whole),
        "stdev": None if sample is None else square_root(sample, whole=whole),
        "population_variance": rounded(population, whole=whole),
        "population_stdev": square_root(population, whole=whole),
    }


def quantile_places(count: int, number: int, parts: int) -> Iterator[int]:
    """Yield the places of the numbers that `quantile` looks at."""
    place, rest = divmod((count - 1) * number, parts)
    yield place
    if rest:
        yield place + 1


def quantile(ordered: Ordered, seen: Seen, number: int, parts: int) -> Number:
    """Return the `number`th of the values that cut numbers into `parts` equal parts.

    By linear interpolation between the two neighbours, the least number being the 0th and the
    greatest the last: type 7 of Hyndman and Fan (1996), as in NumPy's default, `statistics.quantiles`
    with `method="inclusive"`, and spreadsheets' QUARTILE.INC.
    """
    place, rest = divmod((ordered.count - 1) * number, parts)
    low = seen.at[place]
    if not rest:
        return low
    high = seen.at[place + 1]
    between = (Fraction(low) * (parts - rest) + Fraction(high) * rest) / parts
    return rounded(between, whole=isinstance(low, int) and isinstance(high, int))


def bin_edges(ordered: Ordered, bins: int) -> list[Number]:
    """Return the edges of `bins` equally wide bins from the least number to the greatest.

    Where all numbers are the same, the bins lie from half below it to half above, as in `numpy.histogram`.
    """
    least, greatest = Fraction(ordered.least), Fraction(ordered.greatest)
    if least == greatest:
        least, greatest = least - Fraction(1, 2), greatest + Fraction(1, 2)
    whole = isinstance(ordered.least, int) and isinstance(ordered.greatest, int)
    edges = (rounded(least + (greatest - least) * place / bins, whole=whole) for place in range(bins + 1))
    # Half above the longest number there is one digit more.
    return [max(1 - _TOO_LONG, min(edge, _TOO_LONG - 1)) for edge in edges]


def histogram(edges: Sequence[Number], seen: Seen, count: int) -> dict[str, list[Number]]:
    """Return the `edges` of bins and the `counts` in them, of what was seen below all edges but the outer.

    An edge belongs to the bin above it, the last one to the last bin. Bins narrower than the floats
    lie apart share edges; then the upper one has the numbers.
    """
    below = [0, *seen.below, count]
    return {"edges": list(edges), "counts": [after - before for before, after in pairwise(below)]}
