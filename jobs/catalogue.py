"""The operations and their parameters, declared once.

The worker checks requests against these declarations, the client makes its options and help
from them. What an operation does is in `worker/operations/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jobs.errors import BadJob


@dataclass(frozen=True)
class Parameter:
    """A whole-number parameter with its bounds, both included."""

    name: str
    default: int
    minimum: int
    maximum: int
    help: str

    def check(self, value: Any) -> int:
        """Return `value` if it is a whole number within bounds. Raises `BadJob`."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.minimum <= value <= self.maximum:
            bounds = f"give a whole number from {self.minimum} to {self.maximum}"
            raise BadJob("bad-parameter", f"parameter {self.name}={value!r:.80}: {bounds}")
        return value


@dataclass(frozen=True)
class Operation:
    """What the fleet can do: `takes` says what the input is; an operation on an image also puts one out."""

    name: str
    takes: Literal["numbers", "image"]
    summary: str
    parameters: tuple[Parameter, ...] = ()

    def check(self, given: Mapping[str, Any]) -> dict[str, int]:
        """Return all parameters, defaults filled in. Raises `BadJob` for unknown names and bad values."""
        known = {parameter.name for parameter in self.parameters}
        unknown = sorted(set(given) - known)
        if unknown:
            offer = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise BadJob("bad-parameter", f"{self.name} has no parameter {unknown[0]!r:.80}; {offer}")
        return {p.name: p.check(given.get(p.name, p.default)) for p in self.parameters}


_THRESHOLD = (
    Parameter("level", 125, 0, 255, "Values at most this become LOW, values above it HIGH."),
    Parameter("low", 0, 0, 255, "What values at most LEVEL become."),
    Parameter("high", 254, 0, 255, "What values above LEVEL become."),
)

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("stats", "numbers", "Count, mean, minimum, maximum and median of numbers."),
        Operation("greyscale", "image", "An image in shades of grey."),
        Operation("threshold", "image", "An image whose every channel has two values.", _THRESHOLD),
        Operation("blackwhite", "image", "An image of two shades: greyscale, then threshold.", _THRESHOLD),
    )
}


def find_operation(name: str) -> Operation:
    """Return the operation called `name`. Raises `BadJob` that lists those there are."""
    try:
        return OPERATIONS[name]
    except KeyError:
        raise BadJob(
            "unknown-operation", f"operation {name[:80]!r} is unknown; there are {', '.join(OPERATIONS)}"
        ) from None
