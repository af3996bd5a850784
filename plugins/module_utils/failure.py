"""How the work of an action ends when it cannot be done."""

from __future__ import annotations

from typing import Any


class Failure(Exception):
    """The task failed. `more` is what its result says besides the message."""

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(message)
        self.more = more
