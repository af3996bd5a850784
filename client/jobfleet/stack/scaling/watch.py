"""A look at how a stack scales, again and again: of what was read, only what is new is read anew."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from jobfleet_scaling.documents.configuration import ScalingConfiguration
from jobfleet_scaling.documents.scaling_line import ScalingLine

from jobfleet.aws.bucket import Bucket
from jobfleet.stack.scaling.log import ScalingLines
from jobfleet.stack.scaling.view import ScalingView, count_alive, read_configuration, read_state

# How long what was read counts: a deployment changes the configuration, and the log has new lines once a
# minute.
CONFIGURATION_KEPT, LOG_KEPT = timedelta(minutes=1), timedelta(seconds=20)


class ScalingWatch:
    """Looks at the scaling of one stack; the log is known as far back as `reach`. Threads may share it."""

    def __init__(self, bucket: Bucket, reach: timedelta) -> None:
        self._bucket, self._reach = bucket, reach
        self._looking = threading.Lock()
        self._log = ScalingLines(bucket)
        self._configuration: ScalingConfiguration | None = None
        self._lines: Sequence[ScalingLine] = ()
        self._whole = True
        self._configured_at = self._logged_at = datetime.fromtimestamp(0, UTC)

    def look(self, alive: int | None = None) -> ScalingView:
        """Return how it is now; `alive` workers there are, counted where that is not given.

        Raises AWS's errors.
        """
        with self._looking:
            now = datetime.now(UTC)
            if now - self._configured_at > CONFIGURATION_KEPT:
                self._configuration, self._configured_at = read_configuration(self._bucket), now
            if self._configuration is None:
                return ScalingView(now)
            self._read_log(now)
        alive = count_alive(self._bucket, now) if alive is None else alive
        return ScalingView(
            now, self._configuration, read_state(self._bucket), alive, self._lines, self._whole
        )

    def _read_log(self, now: datetime) -> None:
        if now - self._logged_at <= LOG_KEPT:
            return
        if now - self._logged_at > self._reach:
            part = self._log.since(now - self._reach)
            self._lines, self._whole = part.lines, part.whole
        else:
            known = [line for line in self._lines if now - line.at < self._reach]
            self._lines = sorted([*known, *self._log.new()], key=lambda line: line.at)
        self._logged_at = now
