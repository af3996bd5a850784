"""How calls are refused, and what every check of them needs."""

from collections.abc import Iterable
from typing import Any

from moto.elbv2.exceptions import ELBClientError


def invalid(words: str) -> ELBClientError:
    """Return the refusal of a parameter that cannot be."""
    return ELBClientError("ValidationError", words)


def not_here(what: str) -> ELBClientError:
    """Return the refusal of what AWS can do and localcloud cannot; silence would pass for success."""
    return ELBClientError("OperationNotPermitted", f"localcloud does not know {what}.")


def require_number(name: str, value: Any, least: int, most: int) -> int:
    """Return a number within its bounds. Raises `ELBClientError`."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if not least <= number <= most:
        raise invalid(f"'{name}' value '{value}' must be between '{least}-{most}' inclusive")
    return number


def require_one_of(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Let pass what is allowed. Raises `ELBClientError`."""
    known = list(allowed)
    if value not in known:
        raise invalid(f"'{name}' value '{value}' must be one of [{', '.join(known)}]")
