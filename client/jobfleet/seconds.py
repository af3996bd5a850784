"""Lengths of time as people give them."""

import math


def read_seconds(text: str) -> float:
    """Return `text` as seconds, 0 or more. Raises `ValueError` in words, also for `inf` and `nan`."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{text!r} is no number of seconds; 10 is one, and 2.5")
    return seconds
