"""A fleet of instances that are launched one by one, where an account refuses Auto Scaling groups."""

import hashlib
from collections.abc import Callable
from typing import Any

from jobfleet_scaling.documents.configuration import HostGroup, ScalingConfiguration
from jobfleet_scaling.fleet.actors import FleetSight
from jobfleet_scaling.fleet.hosts import FleetHost, Instances

# How long an instance may take until EC2's descriptions tell of it; until then it counts as ordered:
# https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
UNSEEN_SECONDS = 120.0


class PlainFleet:
    """Instances by launch templates, which give them their tags. `ec2` returns a client."""

    def __init__(
        self, ec2: Callable[[], Any], instances: Instances, stack: str, monotonic: Callable[[], float]
    ) -> None:
        self._ec2, self._instances, self._stack, self._monotonic = ec2, instances, stack, monotonic
        self._unseen: dict[str, tuple[str, float]] = {}

    def look(self, configuration: ScalingConfiguration) -> FleetSight:
        """Return what there is, with what was launched and is not seen yet."""
        hosts, now = self._instances.hosts(), self._monotonic()
        seen = {host.id for host in hosts}
        self._unseen = {
            host: (group, until)
            for host, (group, until) in self._unseen.items()
            if host not in seen and now < until
        }
        ordered = {group.name: 0 for group in configuration.groups}
        for group, _ in self._unseen.values():
            ordered[group] = ordered.get(group, 0) + 1
        return FleetSight(hosts, ordered)

    def order(self, group: HostGroup, count: int, decision: int) -> None:
        """Launch instances; EC2 gives as many as it has, and one at least."""
        token = hashlib.sha256(f"{self._stack} {group.name} {decision}".encode()).hexdigest()
        answer = self._ec2().run_instances(
            **group.launched_by(), MinCount=1, MaxCount=count, ClientToken=token
        )
        until = self._monotonic() + UNSEEN_SECONDS
        self._unseen |= {one["InstanceId"]: (group.name, until) for one in answer["Instances"]}

    def take_back(self, group: HostGroup, count: int) -> None:
        """Nothing waits to be launched here: what is on its way is ended as a host."""

    def end(self, host: FleetHost) -> None:
        """End a host."""
        self._unseen.pop(host.id, None)
        self._instances.end(host)

    def why_none_come(self, group: HostGroup) -> str:
        """Say nothing: a launch that is refused is refused at once."""
        return ""
