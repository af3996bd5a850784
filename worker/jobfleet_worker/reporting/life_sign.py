"""What a worker says of itself in the bucket, so that anyone can see who lives and what is done."""

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from jobfleet_worker.clock import Clock

# How often it is written.
PERIOD_SECONDS = 60.0


class LifeSign:
    """Counts what comes to an end. `state` returns what is true at the moment: in flight, paused."""

    def __init__(
        self,
        worker: str,
        version: str,
        clock: Clock,
        write: Callable[[str, bytes], None],
        state: Callable[[], dict[str, Any]],
    ) -> None:
        self._worker, self._version, self._clock = worker, version, clock
        self._write, self._state = write, state
        self._started = clock.now()
        self._due = clock.monotonic()
        self._last: dict[str, Any] | None = None
        self.counts: Counter[str] = Counter()

    def count(self, outcome: str, job_id: str) -> None:
        """Note the end of an attempt."""
        self.counts[outcome] += 1
        self._last = {"id": job_id, "at": self._clock.now().isoformat(timespec="milliseconds")}

    def due(self) -> bool:
        """Tell whether it is time to write."""
        return self._clock.monotonic() >= self._due

    def write(self, *, stopped: bool = False) -> None:
        """Write it. Raises AWS's errors; then it is due again in a while all the same."""
        self._due = self._clock.monotonic() + PERIOD_SECONDS
        body = {
            "worker": self._worker,
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "started": self._started.isoformat(timespec="milliseconds"),
            "stopped": stopped,
            "versions": {"jobfleet": self._version, "python": platform.python_version()},
            "counts": dict(self.counts),
            "last_job": self._last,
            **self._state(),
        }
        self._write(self._worker, json.dumps(body).encode())


def credentials_age() -> float | None:
    """Return how many seconds ago the credentials file was written, or None where there is none."""
    path = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    try:
        return round(time.time() - os.stat(path).st_mtime, 1) if path else None  # noqa: PTH116
    except OSError:
        return None
