"""Times, sizes and strange text, as a person says and reads them."""

import math
import re
from datetime import UTC, datetime, timedelta

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.durations import duration

_SIZES = ("B", "kB", "MB", "GB", "TB")

_SINCE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|w)", re.IGNORECASE)
_SINCE_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def ago(then: datetime, now: datetime | None = None) -> str:
    """Say when something was: 'just now', '3 min ago'; in one unit, two from an hour on."""
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    if seconds < 2:
        return "just now"
    if seconds < 3_600:
        return f"{duration(round(seconds) if seconds < 60 else seconds // 60 * 60)} ago"
    return f"{duration(seconds)} ago"


def size(count: float) -> str:
    """Say how many bytes: '512 B', '1.2 MB', '200 MB'; a kB is 1,000 bytes."""
    for unit in _SIZES:
        if count < 999.5 or unit == _SIZES[-1]:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def many(count: int, one: str, more: str | None = None) -> str:
    """Say how many of a thing: '1 message', '1,200 messages'."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def clock(when: datetime, today: datetime | None = None) -> str:
    """Say a time of day in this machine's zone, with the date where it is not today's."""
    here = when.astimezone()
    text = f"{here:%H:%M:%S}.{here.microsecond // 1000:03}"
    return (
        text if here.date() == (today or datetime.now(UTC)).astimezone().date() else f"{here:%Y-%m-%d} {text}"
    )


def instant(text: object) -> datetime | None:
    """Read a time as workers write it (ISO 8601); None for what is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def since(text: str, now: datetime | None = None) -> datetime:
    """Read '10min', '2h', '1d' as that long ago, and an ISO 8601 time as it is (a bare one is local).

    Raises `ValueError` in words.
    """
    found = _SINCE.fullmatch(text.strip())
    try:
        if found:
            seconds = float(found[1]) * _SINCE_SECONDS[found[2].lower()]
            return (now or datetime.now(UTC)) - timedelta(seconds=seconds)
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise ValueError(
            f"{shown(text, 40)} is no time: give how long ago (30s, 10min, 2h, 1d), or a time such as "
            "2026-01-31T12:00"
        ) from problem


def plain(text: object, most: int = 0) -> str:
    """Return text on one line that moves no cursor and changes no colour; at most `most` characters if given.

    What others sent is shown on terminals, and a terminal obeys what it is shown.
    """
    whole = str(text)
    cut = whole[:most] if most else whole
    shown = cut if cut.isprintable() else "".join(map(_escaped, cut))
    return shown + ("…" if most and len(whole) > most else "")


def plain_lines(text: str) -> str:
    """Return text of several lines, each as `plain` shows it."""
    return "\n".join(map(plain, text.split("\n")))


def _escaped(letter: str) -> str:
    if letter.isprintable():
        return letter
    # A byte of a file's name that is no text: https://peps.python.org/pep-0383/
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape", "backslashreplace").decode()


def read_seconds(text: str) -> float:
    """Return `text` as seconds, 0 or more. Raises `ValueError` in words, also for `inf` and `nan`."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{text!r} is no number of seconds; 10 is one, and 2.5")
    return seconds
