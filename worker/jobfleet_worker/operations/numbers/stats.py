"""The operation `stats`: numbers described by a few others."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from jobfleet_worker.operations.numbers.exact_math import Number, rounded
from jobfleet_worker.operations.numbers.ordered import Listed, Ordered
from jobfleet_worker.operations.numbers.spread import bin_edges, quantile, quantile_places, spread
from jobfleet_worker.operations.numbers.spread import histogram as histogram_of

# The largest whole number up to which floating point has every one (IEEE 754 binary64).
_FLOAT_EXACT_MAX = 2**53


def stats(numbers: Iterable[Number], **asked: Any) -> dict[str, Any]:
    """Return count, mean, min, max and median of at least one finite number; `asked` as in `streamed`."""
    return streamed(Listed(numbers), **asked)


def streamed(
    ordered: Ordered, *, more: bool = False, quantiles: int | None = None, histogram: int | None = None
) -> dict[str, Any]:
    """Return count, mean, min, max and median of numbers, whether they lie in memory or on disk.

    Whole numbers in give a whole mean and median out where the exact answer is whole, whatever
    their size. Everything else is a float: the mean is the sum, rounded once, over the count, and
    where a float cannot hold the sum, or a whole number exactly, the exact mean rounded once.

    `more` adds what `spread` says, `quantiles` the values that cut the numbers into so many equal
    parts, and `histogram` the counts in so many bins; these take exact arithmetic, and so time.
    """
    parts = (
        [(1, 2)] + [(1, 4), (3, 4)] * more + [(number, quantiles or 0) for number in range(1, quantiles or 0)]
    )
    edges = bin_edges(ordered, histogram) if histogram else []
    places = (place for cut in parts for place in quantile_places(ordered.count, *cut))
    seen = ordered.see(places, edges[1:-1], more=more)
    found: dict[str, Any] = {
        "count": ordered.count,
        "mean": _mean(ordered),
        "min": ordered.least,
        "max": ordered.greatest,
        "median": quantile(ordered, seen, 1, 2),
    }
    if more:
        found |= spread(ordered, seen)
    if quantiles:
        found["quantiles"] = [quantile(ordered, seen, number, quantiles) for number in range(1, quantiles)]
    if histogram:
        found["histogram"] = histogram_of(edges, seen, ordered.count)
    return found


def _mean(ordered: Ordered) -> Number:
    if not ordered.whole and (ordered.floats or max(-ordered.least, ordered.greatest) <= _FLOAT_EXACT_MAX):
        try:
            return ordered.float_total() / ordered.count
        except OverflowError:
            pass  # the sum is beyond floating point; the mean is not
    return rounded(Fraction(ordered.total, ordered.count), whole=ordered.whole)
