"""The error of this machine's clock: a signature by a wrong clock is refused, in puzzling words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from jobfleet_jobs.durations import duration

# By a clock that is more than this off, in seconds, most services take no signature; some bear with 15 min:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
MAX_SECONDS = 300
MEND = "set it, for instance with `timedatectl set-ntp true`"


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
    """Say how wrong the clock is: `this machine's clock is 20 min 5 s slow`."""
    return f"this machine's clock is {duration(abs(ahead))} {'fast' if ahead > 0 else 'slow'}"


def why_refused(answer: Mapping[str, Any]) -> str | None:
    """Return a sentence where the clock is why AWS refused a signature, else None."""
    wrong = _how_wrong(answer)
    return wrong and f"AWS refuses the credentials because {wrong}: {MEND}"


def why_it_will_refuse(answer: Mapping[str, Any]) -> str | None:
    """Return a sentence where a service that took a signature bears more than others do, else None."""
    wrong = _how_wrong(answer)
    return wrong and f"{wrong}, and most services of AWS refuse what is signed by a clock so far off: {MEND}"


def _how_wrong(answer: Mapping[str, Any]) -> str | None:
    ahead = seconds_ahead(answer)
    return None if ahead is None or abs(ahead) < MAX_SECONDS else words(ahead)
