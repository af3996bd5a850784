"""What this worker can do: the operations it offers, those it lacks the part for, and why.

Worked out once, when the worker starts. Requests are looked up here and nowhere else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.catalogue import OPERATIONS, Operation
from worker.parts import PARTS
from worker.settings import Settings


@dataclass(frozen=True)
class Offer:
    """`operations` by name; `lacking` says of each other one of the catalogue why it is not done here."""

    operations: Mapping[str, Operation]
    lacking: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Operation | None:
        """Return the operation called `name`, or None if it is not done here."""
        return self.operations.get(name)

    def sign(self) -> dict[str, Any]:
        """Return what the worker's life sign says of it."""
        return {"operations": sorted(self.operations), "lacking": dict(self.lacking)}


def make_offer(
    settings: Settings, parts: Mapping[str, Callable[[Settings], str | None]] | None = None
) -> Offer:
    """Ask for each part whether it is here; `parts` are those of `worker.parts` if left out."""
    probes = PARTS if parts is None else parts
    why = {part: probes[part](settings) for part in {o.part for o in OPERATIONS.values() if o.part}}
    lacking = {o.name: words for o in OPERATIONS.values() if o.part and (words := why[o.part])}
    return Offer({name: o for name, o in OPERATIONS.items() if name not in lacking}, lacking)
