"""What goes into an operation and what comes out of it, beside its own parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """The largest inputs taken. `max_pixels` counts all frames of an image."""

    max_pixels: int
    max_numbers: int


@dataclass(frozen=True)
class Outcome:
    """What an operation found out, and the file it made, if it makes one."""

    result: Mapping[str, Any]
    data: bytes | None = None
    content_type: str = "application/octet-stream"
