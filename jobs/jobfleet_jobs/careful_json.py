"""Careful reading of JSON that another version, or a person, may have written."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# No number here means more. JSON of Python's may also hold NaN and Infinity, which no number can be made of.
NUMBER_MAX = 1e12


def read_object(text: str | bytes) -> Mapping[str, Any]:
    """Return the object in `text`; an empty one where there is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def number(value: object) -> float | None:
    """Return a number of ordinary size, or None where it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= NUMBER_MAX
    return value if is_number else None  # type: ignore[return-value]


def whole(value: object, otherwise: int = 0) -> int:
    """Return a whole number, or `otherwise` where it is none."""
    found = number(value)
    return otherwise if found is None else int(found)


def seconds(value: object, otherwise: float) -> float:
    """Return a number of seconds, or `otherwise` where it is none."""
    found = number(value)
    return otherwise if found is None or found < 0 else float(found)


def time_of(value: object) -> datetime | None:
    """Return a time in UTC, or None where it is none."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def written(at: datetime | None) -> str | None:
    """Return a time as it is written."""
    return at.isoformat(timespec="milliseconds") if at else None
