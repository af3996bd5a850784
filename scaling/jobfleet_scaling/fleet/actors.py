"""What every actor can do: tell which hosts there are, order more, take orders back, and end hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.hosts import FleetHost


@dataclass(frozen=True)
class FleetSight:
    """What there is: the hosts, and how many more are ordered of each group and not there yet.

    `most` is how many hosts a group may have, `free` how many more may be ordered of it while those are still
    there that leave or are dead (without a number: as many as one likes). `missing` has a sentence for each
    group that is not there.
    """

    hosts: Sequence[FleetHost]
    ordered: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


class FleetActor(Protocol):
    """Launches and ends hosts. All raise AWS's errors."""

    def look(self, configuration: ScalingConfiguration) -> FleetSight:
        """Return what there is."""

    def order(self, group: HostGroup, count: int, decision: int) -> None:
        """Have `count` more hosts of a group; ordered twice by one `decision`, they come once."""

    def take_back(self, group: HostGroup, count: int) -> None:
        """Order so many fewer, of those that are not there yet."""

    def end(self, host: FleetHost) -> None:
        """End a host, which is none of the fleet any more. One that is gone is passed over."""

    def why_none_come(self, group: HostGroup) -> str:
        """Return why what was ordered does not come, in AWS's words; empty where it says nothing."""
