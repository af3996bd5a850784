"""The inputs of the stats jobs: small, all different, the same in every run."""

import random
from collections.abc import Iterator

NUMBERS_PER_JOB = 20


def texts(count: int) -> Iterator[str]:
    """Yield `count` texts of twenty numbers each."""
    dice = random.Random(3)  # noqa: S311 - the same numbers every time are what is wanted
    for _ in range(count):
        yield " ".join(str(round(dice.uniform(-1000, 1000), 3)) for _ in range(NUMBERS_PER_JOB))
