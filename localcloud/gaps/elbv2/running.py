"""The engine of this cloud's load balancers, and what moto's records say that they are to be."""

import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.ec2.models import EC2Backend, ec2_backends
from moto.elbv2.models import FakeLoadBalancer, FakeTargetGroup, elbv2_backends

from localcloud.balancers.addresses import BalancerAddresses
from localcloud.balancers.engine import BalancerEngine
from localcloud.balancers.model import Balancer, Check, Target, TargetGroup, TargetName
from localcloud.gaps.elbv2.shapes import groups_of, listener_of
from localcloud.gaps.timing import aws_seconds

__all__ = ["Registered", "addresses", "engine", "groups_of", "registered", "verdict_on"]

_ENDED = ("shutting-down", "terminated")
_changing = threading.RLock()


class Verdict(NamedTuple):
    """A target's health in AWS's words; without reason and description where all is well."""

    state: str
    reason: str | None = None
    description: str | None = None


@dataclass
class Registered:
    """A target of a group."""

    drained_at: float | None = None
    """When it will be deregistered, on the engine's clock; None while it is not to be."""

    def drain(self, group: FakeTargetGroup) -> None:
        """Let it end what it has, and then be deregistered. Done once."""
        if self.drained_at is None:
            delay = float(str(group.attributes["deregistration_delay.timeout_seconds"]))
            self.drained_at = engine.now() + aws_seconds(delay)


def registered(group: FakeTargetGroup) -> dict[TargetName, Registered]:
    """Return the targets of a group, also those that drain; to be changed.

    A terminated instance is deregistered by itself:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-register-targets.html
    """
    with _changing:
        found: dict[TargetName, Registered] = group.__dict__.setdefault("localcloud_targets", {})
        backend = ec2_backends[group.account_id][group.region_name]
        for name, target in list(found.items()):
            instance = backend.get_instance_by_id(name.id)
            if instance is None or instance.state in _ENDED:
                target.drain(group)
            if target.drained_at is not None and target.drained_at <= engine.now():
                found.pop(name, None)
        return found


def verdict_on(backend: EC2Backend, group: FakeTargetGroup, name: TargetName) -> Verdict:
    """Return a target's health.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    target = registered(group).get(name)
    instance: Any = backend.get_instance_by_id(name.id)
    if target is None:
        return Verdict("unused", "Target.NotRegistered", "Target is not registered to the target group")
    if instance is None or instance.state in ("terminated", "stopping", "stopped"):
        state = "terminated" if instance is None else instance.state
        return Verdict("unused", "Target.InvalidState", f"Target is in the {state} state")
    if target.drained_at is not None:
        words = "Target deregistration is in progress"
        return Verdict("draining", "Target.DeregistrationInProgress", words)
    balancers = elbv2_backends[group.account_id][group.region_name].load_balancers.values()
    used_by = [one for one in list(balancers) if group.arn in groups_of(one)]
    if not used_by:
        words = "Target group is not configured to receive traffic from the load balancer"
        return Verdict("unused", "Target.NotInUse", words)
    if instance.placement.zone not in _zones(used_by[0]):
        words = "Target is in an Availability Zone that is not enabled for the load balancer"
        return Verdict("unused", "Target.NotInUse", words)
    health = engine.health(group.arn, name)
    if health is None:
        return Verdict("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
    return Verdict(health.state, *(health.failure or (None, None)))


def _zones(balancer: FakeLoadBalancer) -> set[str]:
    return {str(subnet.availability_zone) for subnet in balancer.subnets}


def _balancers() -> list[Balancer]:
    """Return what all load balancers of all accounts are to be."""
    found = []
    for regions in list(elbv2_backends.values()):
        for backend in list(regions.values()):
            for one in list(backend.load_balancers.values()):
                used = [backend.target_groups[arn] for arn in groups_of(one) if arn in backend.target_groups]
                found.append(
                    Balancer(
                        one.arn,
                        one.dns_name,
                        tuple(listener_of(listener) for listener in list(one.listeners.values())),
                        tuple(_group(group, _zones(one)) for group in used),
                        int(one.attrs["idle_timeout.timeout_seconds"]),
                        one.attrs["routing.http.xff_header_processing.mode"],
                    )
                )
    return found


def _group(group: FakeTargetGroup, zones: set[str]) -> TargetGroup:
    sticky = group.attributes["stickiness.enabled"] == "true"
    port = group.health_check_port
    return TargetGroup(
        group.arn,
        Check(
            None if port == "traffic-port" else int(port or 0),
            group.health_check_path or "/",
            float(group.health_check_interval_seconds),
            float(group.health_check_timeout_seconds),
            int(group.healthy_threshold_count),
            int(group.unhealthy_threshold_count),
            str(group.matcher["HttpCode"]),
        ),
        tuple(_targets(group, zones)),
        int(str(group.attributes["stickiness.lb_cookie.duration_seconds"])) if sticky else None,
        group.attributes["load_balancing.algorithm.type"] == "least_outstanding_requests",
    )


def _targets(group: FakeTargetGroup, zones: set[str]) -> list[Target]:
    backend = ec2_backends[group.account_id][group.region_name]
    found = []
    for name, target in list(registered(group).items()):
        instance: Any = backend.get_instance_by_id(name.id)
        if instance is not None:
            zone = str(instance.placement.zone)
            takes_requests = instance.state == "running" and zone in zones
            address = str(instance.private_ip) if takes_requests else None
            found.append(Target(name, address, zone, target.drained_at is not None))
    return found


addresses = BalancerAddresses()
engine = BalancerEngine(_balancers, aws_seconds)
