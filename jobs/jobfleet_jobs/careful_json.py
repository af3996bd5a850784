"""Careful reading of JSON that another version, or a person, may have written."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

# Nothing of ours is nested as deep. Python's parser gives up at about a thousand, and what shows, stores or
# sends a value that the parser just took would end in a `RecursionError`.
NESTED_MAX = 100

# What is stored as a result may be older than that limit. All that shows or sends a result can do so as deep:
# a level counts as a call of Python's parser and writer, and some hundred calls beside have room.
STORED_NESTED_MAX = 800

# No number here means more. JSON of Python's may also hold NaN and Infinity, which no number can be made of.
NUMBER_MAX = 1e12


class WrongField(ValueError):
    """A field of an object is missing, or not of the type that it has to be."""

    def __init__(self, name: str) -> None:
        super().__init__(f"field {name!r} is missing or wrong")


class Fields:
    """The fields of an object, each asked for with its type. Every method raises `WrongField`."""

    def __init__(self, told: object, called: str = "") -> None:
        """`called` is the name of the field that the object stands in, if it stands in one."""
        if not isinstance(told, Mapping):
            raise WrongField(called)
        self._told, self._within = told, f"{called}." if called else ""

    def text(self, name: str) -> str:
        """Return a text."""
        return self._of_type(name, str)

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None."""
        return None if self._told.get(name) is None else self._of_type(name, str)

    def words(self, name: str) -> str:
        """Return a text, or what else stands there as one."""
        if name not in self._told:
            raise WrongField(f"{self._within}{name}")
        return str(self._told[name])

    def whole(self, name: str) -> int:
        """Return a whole number of ordinary size."""
        value = self._of_type(name, int)
        if number(value) is None:
            raise WrongField(f"{self._within}{name}")
        return value

    def is_true(self, name: str) -> bool:
        """Tell whether it is true; anything else is not."""
        return self._told.get(name) is True

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """Return an object, or None."""
        return None if self._told.get(name) is None else self._of_type(name, dict)

    def inner(self, name: str) -> "Fields | None":
        """Return the fields of an object, or None."""
        found = self.mapping(name)
        return None if found is None else Fields(found, name)

    def objects(self, name: str) -> "list[Fields]":
        """Return the fields of each object of a list; none where there is no list."""
        return [Fields(one, name) for one in self._of_type(name, list)] if self._told.get(name) else []

    def numbers(self, name: str) -> Mapping[str, float]:
        """Return an object that holds numbers of ordinary size; an empty one where there is none."""
        found = self.mapping(name) or {}
        if any(number(value) is None for value in found.values()):
            raise WrongField(f"{self._within}{name}")
        return found

    def _of_type(self, name: str, kind: type[T]) -> T:
        value = self._told.get(name)
        if not isinstance(value, kind):
            raise WrongField(f"{self._within}{name}")
        return value


def parse(text: str | bytes, deepest: int = NESTED_MAX) -> Any:
    """Return the value of JSON. Raises `ValueError` for what is none, or nested more than `deepest` deep."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise _too_deep(deepest) from None
    opened = map(text.count, "[{" if isinstance(text, str) else (b"[", b"{"))  # type: ignore[arg-type]
    if sum(opened) > deepest:
        _check_depth(found, deepest)
    return found


def _check_depth(found: object, deepest: int) -> None:
    level = [found]
    for _ in range(deepest):
        level = [inner for one in level for inner in _inside(one) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep(deepest)


def _inside(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_deep(deepest: int) -> ValueError:
    return ValueError(f"it is nested more than {deepest} deep")


def read_object(text: str | bytes) -> Mapping[str, Any]:
    """Return the object in `text`; an empty one where there is none."""
    try:
        found = parse(text)
    except ValueError:
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
