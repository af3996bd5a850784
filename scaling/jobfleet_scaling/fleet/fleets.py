"""The fleet as the leader has it: whichever way its hosts are launched, and how much room a lab leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from jobfleet_scaling.aws.errors import is_forbidden
from jobfleet_scaling.documents.configuration import PLAIN, HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.actors import FleetActor, FleetSight
from jobfleet_scaling.fleet.hosts import FleetHost, Instances
from jobfleet_scaling.fleet.lab_cap import LabCap, LabRoom

# EC2 looks after its instances once a minute.
HEALTH_SECONDS = 60.0


class Fleets:
    """Does as an actor does, by the mode that the configuration says at each look."""

    def __init__(
        self, groups: FleetActor, plain: FleetActor, instances: Instances, monotonic: Callable[[], float]
    ) -> None:
        self._groups, self._plain, self._instances = groups, plain, instances
        self._monotonic, self._cap = monotonic, LabCap(instances)
        self._now: FleetActor = groups
        self._impaired: Mapping[str, str] = {}
        self._health_due = 0.0

    def look(self, configuration: ScalingConfiguration) -> FleetSight:
        """Return what there is."""
        self._now = self._plain if configuration.mode == PLAIN else self._groups
        return self._now.look(configuration)

    def with_health(self, hosts: Sequence[FleetHost]) -> list[FleetHost]:
        """Return hosts with what EC2's own checks say of them, asked for once a minute."""
        if self._monotonic() >= self._health_due:
            self._health_due = self._monotonic() + HEALTH_SECONDS
            running = [host.id for host in hosts if host.state == "running"]
            try:
                self._impaired = self._instances.impaired(running) if running else {}
            except Exception as problem:
                # A host that went in between is not known any more; without the permission nobody is ill.
                if not is_forbidden(problem) and "InvalidInstanceID" not in str(problem):
                    raise
                self._impaired = {}
        return [replace(host, ill=host.ill or self._impaired.get(host.id, "")) for host in hosts]

    def room(self, configuration: ScalingConfiguration, ordered: Mapping[str, int]) -> LabRoom:
        """Return how many more hosts a lab has room for."""
        return self._cap.room(configuration, ordered)

    def order(self, group: HostGroup, count: int, decision: int) -> None:
        """Have more hosts."""
        self._now.order(group, count, decision)

    def take_back(self, group: HostGroup, count: int) -> None:
        """Order fewer."""
        self._now.take_back(group, count)

    def end(self, host: FleetHost) -> None:
        """End a host, by its group if it has one."""
        (self._groups if host.scaling_group else self._plain).end(host)

    def why_none_come(self, group: HostGroup) -> str:
        """Return why what was ordered does not come."""
        return self._now.why_none_come(group)
