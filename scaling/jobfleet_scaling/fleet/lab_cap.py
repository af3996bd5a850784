"""What a lab has left: it counts everybody's instances, and ends some where there are too many."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.hosts import Instances


@dataclass(frozen=True)
class LabRoom:
    """So many more `instances` and `vcpus` may run in the region; None where there is no limit."""

    instances: int | None = None
    vcpus: int | None = None
    vcpus_of: Mapping[str, int] = field(default_factory=dict)

    def fitting(self, group: HostGroup, count: int) -> int:
        """Return how many of `count` more hosts of a group fit in."""
        most = count if self.instances is None else min(count, max(0, self.instances))
        each = self.vcpus_of.get(group.type, 0)
        return most if self.vcpus is None or not each else min(most, max(0, self.vcpus) // each)

    def without(self, group: HostGroup, count: int) -> "LabRoom":
        """Return what is left after `count` more hosts of a group."""
        each = self.vcpus_of.get(group.type, 0)
        return LabRoom(
            None if self.instances is None else self.instances - count,
            None if self.vcpus is None else self.vcpus - count * each,
            self.vcpus_of,
        )


class LabCap:
    """Counts what runs in the region, each time anew: others launch instances too."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._vcpus: dict[str, int] = {}

    def room(self, configuration: ScalingConfiguration, ordered: Mapping[str, int]) -> LabRoom:
        """Return what is left, `ordered` hosts of each group counted as there. Raises AWS's errors."""
        instances, vcpus = configuration.lab_max_instances, configuration.lab_max_vcpus
        if instances is None and vcpus is None:
            return LabRoom()
        running = self._instances.in_region()
        self._learn(configuration, running if vcpus is not None else [])
        by_type = Counter(str(one.get("InstanceType", "")) for one in running)
        left = LabRoom(
            None if instances is None else instances - len(running),
            None if vcpus is None else vcpus - sum(self._vcpus.get(of, 0) * n for of, n in by_type.items()),
            dict(self._vcpus),
        )
        for group in configuration.groups:
            left = left.without(group, ordered.get(group.name, 0))
        return left

    def _learn(self, configuration: ScalingConfiguration, running: list[Mapping[str, Any]]) -> None:
        kinds = {str(one.get("InstanceType", "")) for one in running}
        kinds |= {group.type for group in configuration.groups}
        if new := kinds - self._vcpus.keys() - {""}:
            self._vcpus |= self._instances.vcpus_of(new)
