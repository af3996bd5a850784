"""What the process says, one JSON object a line."""

import json
import sys
import time
import traceback
from typing import Any, TextIO

from jobfleet_jobs.credentials.redaction import redact_all

# Watchers ask every few seconds, load generators every few milliseconds; what they are told is no news.
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/whoami"})


class WebLog:
    """Writes to `out`, stderr by default: systemd keeps it in the journal. No secret stands in it.

    Of a request: neither its query nor headers nor anything of its body.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr

    def say(self, event: str, **facts: Any) -> None:
        """Write one line."""
        line = {"time": round(time.time(), 3), "event": event, **redact_all(facts)}
        self._out.write(json.dumps(line, default=repr) + "\n")
        self._out.flush()

    def request(self, method: str, path: str, status: int, **facts: Any) -> None:
        """Write that a request ended. `status` 499: its sender had gone before that."""
        if path in _QUIET_PATHS and status < 400:
            return
        self.say("request", method=method[:20], path=path[:200], status=status, **facts)

    def mistake(self, problem: BaseException, path: str) -> None:
        """Write what no part of the program foresaw, and where it was."""
        where = traceback.extract_tb(problem.__traceback__)[-8:]
        self.say(
            "mistake", path=path[:200], error=type(problem).__name__, detail=str(problem),
            where=[f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno}" for frame in where],
        )  # fmt: skip
