"""Job ids: UUID version 7 (RFC 9562, section 5.7), which sort by the time they were made."""

import os
import time
import uuid
from datetime import UTC, datetime


def new_job_id(now: float | None = None) -> str:
    """Return a new UUIDv7 as text; `now` is Unix time in seconds, the clock's if left out."""
    return derived_job_id(int((time.time() if now is None else now) * 1000), os.urandom(10))


def derived_job_id(milliseconds: int, rest: bytes) -> str:
    """Return the UUIDv7 of a time in Unix milliseconds, with the first ten bytes of `rest` behind it."""
    bits = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(rest[:10], "big")
    bits = bits & ~(0xF << 76) | 0x7 << 76  # version
    bits = bits & ~(0x3 << 62) | 0x2 << 62  # variant
    return str(uuid.UUID(int=bits))


def is_job_id(text: str) -> bool:
    """Tell whether `text` is a UUID in its canonical lower-case form.

    Ids become part of bucket keys, so nothing looser is let through.
    """
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def sent_at(job_id: str) -> datetime | None:
    """Return when a UUIDv7 was made, to the millisecond; None for an id that does not tell."""
    found = uuid.UUID(job_id)
    if found.version != 7:
        return None
    try:
        return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def ids_from(when: datetime) -> str:
    """Return what sorts right before all UUIDv7 that were made at `when` or later."""
    digits = f"{max(0, int(when.timestamp() * 1000)):012x}"
    return f"{digits[:8]}-{digits[8:]}-"
