"""The outcome of an operation: what it found out, and the file that it made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What an operation found out, and the file it made, if it makes one."""

    result: Mapping[str, Any]
    data: bytes | None = None
    content_type: str = "application/octet-stream"
