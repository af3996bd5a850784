"""The log of a stack's scaling, out of its bucket: each decision with its numbers, and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobfleet_jobs.protocol.names import SCALING_LOG
from jobfleet_scaling.documents.scaling_line import ScalingLine, log_keys_from, read_lines

from jobfleet.aws.bucket import Bucket

# A key has the time of its first line, and its lines are of the minute after.
BATCH = timedelta(minutes=2)

# A leader writes an object a minute, so that a week has 10,080; one more for each that wakes or leaves. So
# many are read at most, the newest, from as many pages of 1,000 keys.
OBJECTS_MAX = 20_000
PAGES_MAX = 40


@dataclass(frozen=True)
class LogPart:
    """Lines by time; not `whole` where there was more than is read at once."""

    lines: Sequence[ScalingLine]
    whole: bool = True


class ScalingLines:
    """Reads lines: all since a time, and then what is new. Raises AWS's errors."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._seen: set[str] = set()
        self._listed = datetime.now(UTC)

    def since(self, start: datetime) -> LogPart:
        """Return the lines of that time (UTC) or later."""
        self._listed = datetime.now(UTC)
        listing = self._bucket.list(SCALING_LOG, log_keys_from(start - BATCH), pages=PAGES_MAX)
        keys = [item.key for item in listing.items]
        self._seen = set(keys)
        lines = self._read(keys[-OBJECTS_MAX:])
        return LogPart(
            [line for line in lines if line.at >= start], listing.whole and len(keys) <= OBJECTS_MAX
        )

    def new(self) -> Sequence[ScalingLine]:
        """Return what was written since this was called last, or `since`; of that time or a little before."""
        start, self._listed = self._listed - 2 * BATCH, datetime.now(UTC)
        listing = self._bucket.list(SCALING_LOG, log_keys_from(start), pages=PAGES_MAX)
        keys = [item.key for item in listing.items]
        new = [key for key in keys if key not in self._seen]
        # What is older than a listing reaches back is never listed again.
        self._seen = set(keys)
        return self._read(new)

    def _read(self, keys: Sequence[str]) -> list[ScalingLine]:
        found = [line for _, text in self._bucket.texts(keys) for line in read_lines(text.encode())]
        return sorted(found, key=lambda line: line.at)
