"""Times of frames and counts of plays, as each format can write them down."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil

# A page that becomes a frame is shown this long.
PAGE_MILLISECONDS = 1_000.0
FOR_EVER = 0

# The most plays: https://developers.google.com/speed/webp/docs/riff_container#animation, and for GIF
# once more than its count of 16 bits (`films.gif.GifFile.plays`). APNG's count has 31 bits, and so
# has libavif's.
_PLAYS_MAX = {"GIF": 65_536, "WEBP": 65_535, "PNG": 2**31 - 1, "AVIF": 2**31 - 1}

# The longest a frame can be shown, in milliseconds: 24 bits of them in WebP, 16 of hundredths in GIF.
LONGEST = {"GIF": 655_350, "WEBP": 2**24 - 1, "PNG": 65_535_000, "AVIF": 2**31 - 1}

# Browsers show a frame of 10 ms and less for 100 ms, in every format:
# https://searchfox.org/mozilla-central/source/image/FrameTimeout.h and https://webkit.org/b/36082
_SLOWED_UP_TO = 10.0
_SHORTEST_TRUE = 2  # hundredths

_SIXTEEN_BITS = 65_535

# The longest time that is kept. WebP, GIF and APNG count to 18 hours, AVIF to ages.
DAY_MILLISECONDS = 86_400_000.0
_OVER_A_DAY = "a frame that is shown for more than a day is shown for a day"


def plays_that_fit(plays: int, kind: str) -> tuple[int, list[str]]:
    """Return how often an animation will play in a file of `kind`, and what has to be said."""
    most = _PLAYS_MAX[kind]
    if plays <= most:
        return plays, []
    return most, [f"{kind} counts {most:,} plays at most: the animation had {plays:,}"]


def kept_time(milliseconds: float | None) -> tuple[float | None, list[str]]:
    """Return how long a frame will be shown that a file shows for so long, and what has to be said."""
    if milliseconds is None or milliseconds <= DAY_MILLISECONDS:
        return milliseconds, []
    return DAY_MILLISECONDS, [_OVER_A_DAY]


def frames_for(milliseconds: float, kind: str) -> int:
    """Return by how many frames `kind` shows a picture for so long."""
    return max(1, ceil(milliseconds / LONGEST[kind]))


def split_times(milliseconds: float, kind: str) -> list[float]:
    """Return the times of the frames by which `kind` shows a picture for so long."""
    longest = LONGEST[kind]
    whole, rest = divmod(milliseconds, longest)
    return [longest] * int(whole) + ([rest] if rest or not whole else [])


def in_hundredths(times: Sequence[float]) -> tuple[list[int], list[str]]:
    """Return milliseconds in hundredths of a second, and what that cost.

    The end of each frame is rounded and not its length, so that the whole takes as long as it did. A
    frame that viewers show as it says stays one of those.
    """
    found: list[int] = []
    ideal, spent = 0.0, 0
    for time in times:
        ideal += time
        least = _SHORTEST_TRUE if time > _SLOWED_UP_TO else int(time > 0)
        most = int(time > 0) if time <= _SLOWED_UP_TO else LONGEST["GIF"] // 10
        found.append(min(max(int(ideal / 10 + 0.5) - spent, least), most))
        spent += found[-1]
    if all(time == 10 * hundredths for time, hundredths in zip(times, found, strict=True)):
        return found, []
    notes = ["GIF counts time in hundredths of a second: the frames' times were rounded"]
    if abs(10 * spent - ideal) > 5:
        notes.append(
            "viewers show a frame of a GIF for 20 ms at least: "
            f"a play takes {spent / 100:g} s instead of {ideal / 1000:g} s"
        )
    return found, notes


def as_fraction(milliseconds: float) -> tuple[int, int]:
    """Return seconds as the two 16-bit numbers of an APNG's frame."""
    seconds = Fraction(milliseconds) / 1000
    found = seconds.limit_denominator(_SIXTEEN_BITS)
    if found.numerator > _SIXTEEN_BITS:
        whole = max(int(_SIXTEEN_BITS / seconds), 1)
        return min(round(seconds * whole), _SIXTEEN_BITS), whole
    return found.numerator, found.denominator


def all_equal(values: Iterable[object]) -> bool:
    """Tell whether values are one and the same, as many as there are."""
    values = list(values)
    return all(value == values[0] for value in values)
