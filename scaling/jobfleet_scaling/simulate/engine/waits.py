"""How long jobs waited: any number of them in bounded memory, with quantiles."""

from collections import Counter
from collections.abc import Iterable
from math import expm1, log1p

# A bucket is a thousandth wide in log(1 + wait): a quantile is wrong by 0.05 % of (1 s + wait) at most.
BUCKETS = 1_000.0


class Waits:
    """Counts waits in seconds, in buckets that grow with the wait."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.total = 0.0

    def add(self, waits: list[float]) -> None:
        """Count some waits."""
        self._buckets.update(_buckets(waits))
        self.count += len(waits)
        self.total += sum(waits)

    def take_back(self, wait: float) -> None:
        """Forget one wait that was counted: its job was killed and has to wait once more."""
        (bucket,) = _buckets([wait])
        self._buckets[bucket] -= 1
        self.count -= 1
        self.total -= wait

    def mean(self) -> float:
        """Return the mean wait in seconds; 0 of none."""
        return self.total / self.count if self.count else 0.0

    def quantile(self, part: float) -> float:
        """Return the wait in seconds that `part` (0 to 1) of all jobs did not exceed; 0 of none."""
        rank, seen = part * self.count, 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= rank and self._buckets[bucket]:
                return expm1((bucket + 0.5) / BUCKETS) if bucket else 0.0
        return 0.0

    def longer_than(self, seconds: float) -> float:
        """Return which part of all jobs waited longer, to a bucket's width."""
        (limit,) = _buckets([seconds])
        longer = sum(count for bucket, count in self._buckets.items() if bucket > limit)
        return longer / self.count if self.count else 0.0


def _buckets(waits: Iterable[float]) -> Iterable[int]:
    return map(int, map(BUCKETS.__mul__, map(log1p, waits)))
