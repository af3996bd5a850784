"""The error of this machine's clock: a signature by a wrong clock is refused, in puzzling words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# By a clock that is more than this off, in seconds, most services take no signature; some bear with 15 min:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
MAX_SECONDS = 300
MEND = "set it, for instance with `timedatectl set-ntp true`"

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def seconds_ahead(answer: Mapping[str, Any], now: datetime | None = None) -> float | None:
    """Return by how many seconds this clock is ahead of AWS's, which dated `answer`; None if unknown."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        dated = parsedate_to_datetime(str(headers["date"]))
    except (KeyError, ValueError):
        return None
    dated = dated if dated.tzinfo else dated.replace(tzinfo=UTC)
    return ((now or datetime.now(UTC)) - dated).total_seconds()


def words(ahead: float) -> str:
    """Say how wrong the clock is: `this machine's clock is 20 min 5 s slow`; never more than two units."""
    left = round(abs(ahead))
    said: list[str] = []
    for unit, size in _UNITS:
        if left >= size or said:
            said.append(f"{left // size} {unit}")
        left %= size
    how_much = " ".join(part for part in said[:2] if not part.startswith("0 "))
    return f"this machine's clock is {how_much} {'fast' if ahead > 0 else 'slow'}"


def why_refused(answer: Mapping[str, Any]) -> str | None:
    """Return a sentence where the clock is why AWS refused a signature, else None."""
    ahead = seconds_ahead(answer)
    if ahead is None or abs(ahead) < MAX_SECONDS:
        return None
    return f"AWS refuses the credentials because {words(ahead)}: {MEND}"


def why_it_will_refuse(answer: Mapping[str, Any]) -> str | None:
    """Return a sentence where a service that took a signature bears more than others do, else None."""
    ahead = seconds_ahead(answer)
    if ahead is None or abs(ahead) < MAX_SECONDS:
        return None
    return f"{words(ahead)}, and most services of AWS refuse what is signed by a clock so far off: {MEND}"
