"""The error of this machine's clock: a signature by a wrong clock is refused, in puzzling words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from jobfleet.human_text import duration

# AWS takes signatures that are at most so old, or so far ahead:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
MAX_SECONDS = 300


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
    """Say how wrong the clock is."""
    return f"this machine's clock is {duration(abs(ahead))} {'fast' if ahead > 0 else 'slow'}"


def why_refused(answer: Mapping[str, Any]) -> str | None:
    """Return a sentence where the clock is why AWS refused a signature, else None."""
    ahead = seconds_ahead(answer)
    if ahead is None or abs(ahead) < MAX_SECONDS:
        return None
    mend = "set it, for instance with `timedatectl set-ntp true`"
    return f"AWS refuses the credentials because {words(ahead)}: {mend}"
