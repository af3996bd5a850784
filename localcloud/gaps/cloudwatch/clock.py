"""AWS's clock as a Unix time, and its minutes.

All of CloudWatch reckons in it. It is the machine's time, but with `up --time-scale N` N times as fast, so
that a period of 60 s is 60 here and 60/N in reality. What goes out to callers is real time.
"""

import time
from datetime import UTC, datetime

from localcloud.gaps.timing import aws_seconds, seconds_on_aws

MINUTE = 60.0

# How long a minute's figures take after its end; AWS promises nothing, and it is mostly about this.
DELAY_SECONDS = 60.0


def now() -> float:
    """Return the time on AWS's clock."""
    return seconds_on_aws(time.time())


def on_clock(moment: datetime) -> float:
    """Return a real moment on AWS's clock; without a time zone it counts as UTC, as moto's do."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return seconds_on_aws(aware.timestamp())


def real(moment: float) -> datetime:
    """Return when a moment on AWS's clock is in reality, in UTC and without a time zone, as moto's are."""
    return datetime.fromtimestamp(aws_seconds(moment), UTC).replace(tzinfo=None)
