"""How the work of an action ends when it cannot be done."""

from __future__ import annotations

from typing import Any

from jobfleet_jobs.credentials.redaction import redact, redact_all


class Failure(Exception):
    """The task failed. `more` is what its result says besides the message. Neither holds a secret."""

    def __init__(self, message: str, **more: Any) -> None:
        # Whatever a library said is in it.
        super().__init__(redact(message))
        self.more: dict[str, Any] = redact_all(more)
