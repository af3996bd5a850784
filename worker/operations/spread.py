"""How numbers are spread: what `stats` says when it is asked for more."""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from jobs.numbers import WHOLE_NUMBER_MAX_DIGITS
from worker.operations.exact import Moments, Number, moments, rounded, runs, square_root

# JSON with a longer whole number could not be read back.
_TOO_LONG = 10**WHOLE_NUMBER_MAX_DIGITS


def spread(ordered: Sequence[Number], *, whole: bool) -> dict[str, Any]:
    """Return sum, quartiles, variances, standard deviations and mode of at least one number, sorted.

    `variance` and `stdev` are the sample's (over n - 1), and None of one number; `population_variance`
    and `population_stdev` are over n. The mode is the value that stands there most often; of several
    such the smallest, and `modes` says how many they are. `whole` says that the numbers are all whole:
    then so is every answer that can be. What would be a whole number of more than 4,300 digits is
    None, with a note.
    """
    mode, often, modes = _mode(ordered)
    found: dict[str, Any] = {
        "q1": quantile(ordered, 1, 4),
        "q3": quantile(ordered, 3, 4),
        **_by_moments(moments(runs(ordered)), whole=whole),
        "mode": mode,
        "mode_count": often,
        "modes": modes,
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


def _mode(ordered: Sequence[Number]) -> tuple[Number, int, int]:
    mode, often, modes = ordered[0], 0, 0
    for value, times in runs(ordered):
        if times > often:
            mode, often, modes = value, times, 1
        elif times == often:
            modes += 1
    return mode, often, modes


def quantile(ordered: Sequence[Number], number: int, parts: int) -> Number:
    """Return the `number`th of the values that cut sorted numbers into `parts` equal parts.

    By linear interpolation between the two neighbours, the least number being the 0th and the
    greatest the last: type 7 of Hyndman and Fan (1996), as in NumPy's default, `statistics.quantiles`
    with `method="inclusive"`, and spreadsheets' QUARTILE.INC.
    """
    place, rest = divmod((len(ordered) - 1) * number, parts)
    low = ordered[place]
    if not rest:
        return low
    high = ordered[place + 1]
    between = (Fraction(low) * (parts - rest) + Fraction(high) * rest) / parts
    return rounded(between, whole=isinstance(low, int) and isinstance(high, int))


def histogram(ordered: Sequence[Number], bins: int) -> dict[str, list[Number]]:
    """Return the `edges` of `bins` equally wide bins from the least number to the greatest, and `counts`.

    An edge belongs to the bin above it, the last one to the last bin. Where all numbers are the same,
    the bins lie from half below it to half above, as in `numpy.histogram`. Bins narrower than the
    floats lie apart share edges; then the upper one has the numbers.
    """
    least, greatest = Fraction(ordered[0]), Fraction(ordered[-1])
    if least == greatest:
        least, greatest = least - Fraction(1, 2), greatest + Fraction(1, 2)
    whole = isinstance(ordered[0], int) and isinstance(ordered[-1], int)
    edges = [rounded(least + (greatest - least) * place / bins, whole=whole) for place in range(bins + 1)]
    below = [0, *(bisect_left(ordered, edge) for edge in edges[1:-1]), len(ordered)]
    return {
        "edges": edges,
        "counts": [after - before for before, after in pairwise(below)],
    }
