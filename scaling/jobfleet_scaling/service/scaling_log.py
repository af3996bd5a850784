"""The log of decisions: to the journal at once, and to the bucket a batch a minute."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, TextIO

from jobfleet_jobs.careful_json import written
from jobfleet_jobs.credentials.redaction import redact_all

from jobfleet_scaling.documents.scaling_line import ScalingLine, log_key, write_lines

BATCH_SECONDS = 60.0

# Lines that wait while the bucket takes none, the newest of them: half a day's decisions of one a tick.
WAITING_MAX = 5_000


class ScalingLog:
    """Takes lines, and uploads each once: a batch that failed is sent again under the same key.

    `s3` returns a client; what happens is printed to `out`, decisions only when they change something.
    """

    def __init__(
        self, s3: Callable[[], Any], bucket: str, who: str, monotonic: Callable[[], float],
        out: TextIO | None = None,
    ) -> None:  # fmt: skip
        self._s3, self._bucket, self._who, self._monotonic = s3, bucket, who, monotonic
        self._out = out or sys.stdout
        self._lines: list[ScalingLine] = []
        self._batch: tuple[str, bytes] | None = None
        self._due = monotonic() + BATCH_SECONDS
        self._wanted: int | None = None

    def tell(self, line: ScalingLine) -> None:
        """Take a line."""
        self._lines = [*self._lines, line][-WAITING_MAX:]
        if line.event == "decided":
            changed, self._wanted = line.wanted != self._wanted, line.wanted
            if not changed:
                return
        self._print(redact_all(json.loads(line.to_json())))

    def say(self, event: str, at: datetime, **more: Any) -> None:
        """Print what is about this process alone, and is no line of the log."""
        self._print({"at": written(at), "who": self._who, "event": event, **redact_all(more)})

    def upload(self, *, now: bool = False) -> None:
        """Upload what is due, or all there is `now`. Raises AWS's errors; then the lines wait."""
        if self._batch is None and self._lines and (now or self._monotonic() >= self._due):
            self._batch = log_key(self._who, self._lines[0].at), write_lines(self._lines)
            self._lines = []
        if self._batch:
            key, body = self._batch
            self._s3().put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/x-ndjson")
            self._batch, self._due = None, self._monotonic() + BATCH_SECONDS
            if now:
                self.upload(now=True)

    def _print(self, told: dict[str, Any]) -> None:
        try:
            self._out.write(json.dumps(told) + "\n")
            self._out.flush()
        except OSError:
            pass  # nobody reads it any more
