"""How long a broken attempt waits for the next."""

import random

# About 5, 10, 20 … seconds, and within a quarter of an hour.
BACKOFF_FIRST_SECONDS = 5
BACKOFF_LONGEST_SECONDS = 900


def backoff(attempt: int) -> int:
    """Return seconds until a broken attempt is tried again: doubling, with jitter so that crowds disperse."""
    longest = min(BACKOFF_LONGEST_SECONDS, BACKOFF_FIRST_SECONDS * 2 ** min(attempt - 1, 16))
    return random.randint(longest // 2, longest)  # noqa: S311 - jitter, not a secret
