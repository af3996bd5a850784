"""The kinds of parameters that operations take.

A declaration is all there is to say of a parameter: the worker and the client check values by it,
the client makes its options and help from it, and the docs their tables.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.operations.linear_pattern import linear_pattern

# A list is one of steps (`operations.pipeline_steps`).
Value = int | float | str | bool | list[dict[str, Any]]

# What a text may be long at most, so that a request stays within `message.ENVELOPE_MAX_BYTES`.
TEXT_MAX_CHARACTERS = 200


@dataclass(frozen=True)
class Parameter:
    """What every kind has. A `default` of None: nothing is handed to the operation if it is left out.

    The name is as in the operation's own function and in the request; options spell `_` as `-`.
    """

    kind: ClassVar[str]

    name: str
    help: str
    default: Value | None = None
    required: bool = False
    shown: Value | None = None

    @property
    def example(self) -> Value:
        """What examples of it show: `shown`, the default if that is left out."""
        return self.shown if self.shown is not None else self.default or ""

    @property
    def bounds(self) -> str:
        """What may be given, as it stands in a table: `0 to 255`."""
        raise NotImplementedError

    def check(self, value: Any) -> Value:
        """Return `value` if it is of this kind and within bounds. Raises `BadJob`."""
        raise NotImplementedError

    def read(self, text: str) -> Value:
        """Return the value that `text`, typed by a person, stands for. Raises `BadJob`."""
        raise NotImplementedError

    def refusal(self, value: Any, wanted: str) -> BadJob:
        """Return the error that names the value and what to give instead."""
        return BadJob("bad-parameter", f"parameter {self.name}={shown(value)}: give {wanted}")


@dataclass(frozen=True)
class _Number(Parameter):
    minimum: float = 0
    maximum: float = 0

    @property
    def bounds(self) -> str:
        return f"{self.minimum:,} to {self.maximum:,}"

    @property
    def _wanted(self) -> str:
        return f"a {self.kind} from {self.minimum} to {self.maximum}"


@dataclass(frozen=True)
class Whole(_Number):
    """A whole number with its bounds, both included."""

    kind: ClassVar[str] = "whole number"

    def check(self, value: Any) -> int:
        """Return `value` if it is a whole number within bounds; 9.0 is none. Raises `BadJob`."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.minimum <= value <= self.maximum:
            raise self.refusal(value, self._wanted)
        return value

    def read(self, text: str) -> int:
        """Return the whole number that `text` stands for. Raises `BadJob`."""
        try:
            return self.check(int(text))
        except ValueError:
            raise self.refusal(text, self._wanted) from None


@dataclass(frozen=True)
class Decimal(_Number):
    """A number with or without decimals and its bounds, both included."""

    kind: ClassVar[str] = "number"

    def check(self, value: Any) -> float:
        """Return `value` as a float if it is a number within bounds, so not infinite and no NaN.

        Raises `BadJob`.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refusal(value, self._wanted)
        if not self.minimum <= value <= self.maximum:
            raise self.refusal(value, self._wanted)
        return float(value)

    def read(self, text: str) -> float:
        """Return the number that `text` stands for. Raises `BadJob`."""
        try:
            return self.check(float(text))
        except ValueError:
            raise self.refusal(text, self._wanted) from None


@dataclass(frozen=True)
class Choice(Parameter):
    """One of several words."""

    kind: ClassVar[str] = "choice"

    choices: tuple[str, ...] = ()

    @property
    def bounds(self) -> str:
        """The words."""
        return ", ".join(self.choices)

    def check(self, value: Any) -> str:
        """Return `value` if it is one of the words. Raises `BadJob`."""
        if not isinstance(value, str) or value not in self.choices:
            meant = did_you_mean(str(value), self.choices)
            raise self.refusal(value, f"one of {self.bounds}{meant}")
        return value

    def read(self, text: str) -> str:
        """Return `text` if it is one of the words. Raises `BadJob`."""
        return self.check(text)


_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Text(Parameter):
    """A text that `pattern` matches whole; `what` says in words what that is: `a colour, …`.

    The pattern is one of `re`'s, of those that `linear_pattern` can try in a bounded time.
    """

    kind: ClassVar[str] = "text"

    pattern: str = ".*"
    what: str = "a text"

    @property
    def bounds(self) -> str:
        """What kind of text, in words."""
        return self.what

    def check(self, value: Any) -> str:
        """Return `value` if it is such a text. Raises `BadJob`."""
        if not isinstance(value, str) or len(value) > TEXT_MAX_CHARACTERS:
            raise self.refusal(value, f"{self.what}, of at most {TEXT_MAX_CHARACTERS} characters")
        # Half a surrogate pair is none: JSON can write it, and no file, header or answer can hold it.
        if not linear_pattern(self.pattern).matches(value) or _SURROGATE.search(value):
            raise self.refusal(value, self.what)
        return value

    def read(self, text: str) -> str:
        """Return `text` if it is such a text. Raises `BadJob`."""
        return self.check(text)


@dataclass(frozen=True)
class Flag(Parameter):
    """Yes or no; no if left out."""

    kind: ClassVar[str] = "flag"

    default: bool = False

    @property
    def bounds(self) -> str:
        """The two values, as JSON has them."""
        return "true, false"

    def check(self, value: Any) -> bool:
        """Return `value` if it is true or false; 1 is neither. Raises `BadJob`."""
        if not isinstance(value, bool):
            raise self.refusal(value, "true or false")
        return value

    def read(self, text: str) -> bool:
        """Return what `true` or `false` stands for. Raises `BadJob`."""
        return self.check({"true": True, "false": False}.get(text, text))
