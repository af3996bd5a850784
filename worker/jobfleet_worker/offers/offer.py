"""The offer of this worker: the operations it does, and why it does not do others.

Worked out once, when the worker starts. Requests are looked up here and nowhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.declaration_json import to_json
from jobfleet_jobs.operations.operation import Operation

from jobfleet_worker.offers.optional_parts import PARTS
from jobfleet_worker.offers.package_discovery import BrokenPackage, Discovered
from jobfleet_worker.operations.custom import OwnOperation
from jobfleet_worker.settings import WorkerSettings


@dataclass(frozen=True)
class Offer:
    """`operations` by name, those of packages among them.

    `lacking` says of each other one of the catalogue why it is not done here, `broken` what packages
    should have brought and did not.
    """

    operations: Mapping[str, Operation]
    lacking: Mapping[str, str] = field(default_factory=dict)
    broken: Sequence[BrokenPackage] = ()

    def find(self, name: str) -> Operation | None:
        """Return the operation called `name`, or None if it is not done here."""
        return self.operations.get(name)

    def sign(self) -> dict[str, Any]:
        """Return what the worker's heartbeat says of it; what is empty is left out."""
        own = [to_json(each) for each in self.operations.values() if isinstance(each, OwnOperation)]
        more = {"own": own, "lacking": dict(self.lacking), "broken": [asdict(each) for each in self.broken]}
        return {
            "operations": sorted(self.operations),
            **{name: value for name, value in more.items() if value},
        }


def make_offer(
    settings: WorkerSettings,
    found: Discovered | None = None,
    parts: Mapping[str, Callable[[WorkerSettings], str | None]] | None = None,
) -> Offer:
    """Ask for each part whether it is here, and add what packages bring; `parts` as in `optional_parts`."""
    probes = PARTS if parts is None else parts
    found = found or Discovered()
    why = {part: probes[part](settings) for part in {o.part for o in OPERATIONS.values() if o.part}}
    lacking = {o.name: words for o in OPERATIONS.values() if o.part and (words := why[o.part])}
    operations = {name: o for name, o in OPERATIONS.items() if name not in lacking}
    return Offer({**operations, **{o.name: o for o in found.operations}}, lacking, found.broken)
