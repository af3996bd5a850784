"""Numbers as JSON, read without losing a digit."""

import json
from collections.abc import Mapping
from typing import Any

from jobfleet_jobs.credentials.redaction import cut, shown

from jobfleet_web.problems import Problem, told

# Python takes fifty times that in memory for numbers that it has read. More numbers come as text.
JSON_MAX_BYTES = 1024 * 1024

_SHAPE = 'Send [1, 2.5, 3], or {"numbers": [1, 2.5, 3], "more": true}.'


class _Digits(str):
    """A number as it was written."""

    __slots__ = ()


def read_numbers(data: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return the numbers as text, and the parameters beside them. Raises `Problem`."""
    try:
        found = json.loads(data, parse_int=_Digits, parse_float=_Digits, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise _refusal(f"the body is not JSON: {cut(str(problem), 200)}") from None
    parameters: dict[str, Any] = {}
    if isinstance(found, dict):
        parameters = {name: _plain(value) for name, value in found.items() if name != "numbers"}
        found = found.get("numbers")
    if not isinstance(found, list):
        raise _refusal("the body holds no list of numbers")
    for place, one in enumerate(found):
        if not isinstance(one, _Digits):
            raise _refusal(f"element {place} is {shown(one)}, no number", told(one))
    return " ".join(found), parameters


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _plain(value: Any) -> Any:
    """Return a parameter's value: numbers in it as numbers."""
    if isinstance(value, _Digits):
        # A longer one is out of every parameter's bounds.
        return int(value) if value.lstrip("-").isdigit() and len(value) < 20 else float(value)
    return value


def _refusal(detail: str, value: str = "") -> Problem:
    return Problem(400, "bad-numbers", detail, mend=_SHAPE, more={"value": value} if value else None)
