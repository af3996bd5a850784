"""A stack's balancer as a whole: made, its hosts registered or drained, or all of it gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible.module_utils.balancer.found import find, is_stranger
from ansible.module_utils.balancer.listeners import Listeners
from ansible.module_utils.balancer.load_balancer import LoadBalancer
from ansible.module_utils.balancer.target_groups import TargetGroups
from ansible.module_utils.balancer.targets import Targets
from ansible.module_utils.balancer.wanted import (
    NEW,
    balancer_attributes,
    listeners,
    rules,
    zones_of,
)
from ansible.module_utils.firewall.security_group import find as find_security_group
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.fleet.launch_network import NO_VPC, default_vpc
from ansible.module_utils.fleet.plan import GROUP_TAG, WEB, InstanceGroup, find_ours, role_of, tags_of
from ansible.module_utils.scaling.changes import Changes
from botocore.exceptions import ClientError

STACK_TAG = "jobfleet:stack"


class StackBalancer:
    """The balancer of one stack, with one module call's parameters. `groups` are those behind it."""

    def __init__(
        self, ec2: Any, elbv2: Any, params: dict[str, Any], groups: list[InstanceGroup], changes: Changes
    ) -> None:
        self._ec2, self._api, self._params, self._changes = ec2, elbv2, params, changes
        self._groups = groups
        stack = params["stack"]
        tags = {**{key: str(value) for key, value in params["tags"].items()}, STACK_TAG: stack}
        self._balancer = LoadBalancer(elbv2, stack, tags, changes)
        self._target_groups = TargetGroups(elbv2, stack, tags, changes)
        self._targets = Targets(elbv2, changes, params["wait_timeout"])
        self._tags = tags

    @property
    def name(self) -> str:
        """The balancer's name."""
        return self._balancer.name

    def ensure(self, region: str) -> str:
        """Have the balancer, and what leads through it; return its DNS name, if it is made."""
        vpc, subnets = default_vpc(self._ec2), self._subnets()
        if not vpc:
            raise Refused(NO_VPC.format(region=region))
        group = find_security_group(self._ec2, self._params["security_group"])
        if not group and not self._changes.dry:
            raise Refused(f"There is no security group {self._params['security_group']}: run site.yml.")
        zones = zones_of(self._groups, self._zones_in_use(), list(subnets))
        held = self._balancer.ensure(
            [subnets[zone] for zone in zones],
            group["GroupId"] if group else NEW,
            balancer_attributes(self._params["idle_timeout"]),
        )
        arns = {
            one.name: self._target_groups.ensure(one, vpc, self._params["drain_seconds"])
            for one in self._groups
        }
        self._listeners(held).ensure(
            listeners(self._groups, self._params["certificate"]), rules(self._groups, arns)
        )
        left = self._target_groups.of_stack()
        self._let_go({arn: name for arn, name in left.items() if arn not in arns.values()})
        return str(held["DNSName"])

    def serve(self) -> None:
        """Have all hosts of the groups behind the balancer, and wait until they are well."""
        hosts = self._hosts()
        wanted = {}
        for group in self._groups:
            arn = self._target_groups.arn_of(group)
            self._targets.ensure(arn, group.name, hosts.get(group.name, []))
            wanted[arn] = hosts.get(group.name, [])
        if not self._changes.dry:
            self._targets.wait_until_well(wanted, self._state)

    def drain(self, leaving: list[str]) -> None:
        """Let hosts that are to leave answer what they have begun, and get nothing new."""
        self._targets.drain(list(self._target_groups.of_stack()), leaving)

    def remove(self, *, drained: bool) -> None:
        """Have no balancer, and nothing that belongs to it. Who may not use any has made none.

        If `drained`, the hosts behind it answer first what they have begun.
        """
        try:
            held = self._balancer.held()
        except ClientError as problem:
            if not is_stranger(problem):
                raise
            return
        left = self._target_groups.of_stack()
        if held and drained and self._targets.of(left):
            self._listeners(held).lead_nowhere()
            self._empty(left)
        if held:
            self._balancer.remove(held)
        for arn, name in left.items():
            self._target_groups.remove(arn, name)

    def told(self) -> dict[str, Any]:
        """Return by group the addresses that lead to it, and its hosts with their health."""
        found = find(self._api, self._params["stack"])
        if not found:
            return {"urls": {}, "targets": {}}
        return {
            "urls": found.urls(),
            "targets": {name: [one.words for one in some] for name, some in found.targets.items()},
        }

    def _listeners(self, held: dict[str, Any]) -> Listeners:
        return Listeners(self._api, held["LoadBalancerArn"], self._balancer.name, self._tags, self._changes)

    def _let_go(self, target_groups: dict[str, str]) -> None:
        """Remove target groups, by ARN, to which no rule leads any more; their hosts are drained first."""
        self._empty(target_groups)
        for arn, name in target_groups.items():
            self._target_groups.remove(arn, name)

    def _empty(self, target_groups: Iterable[str]) -> None:
        self._targets.let_all_go(list(target_groups), self._params["drain_seconds"])

    def _state(self) -> str:
        held = self._balancer.held()
        if not held:
            return "gone"
        state = held["State"]
        return f"failed: {state.get('Reason', '')}" if state["Code"] == "failed" else str(state["Code"])

    def _subnets(self) -> dict[str, str]:
        """Return the default subnets by zone."""
        default = [{"Name": "default-for-az", "Values": ["true"]}]
        found = self._ec2.describe_subnets(Filters=default)["Subnets"]
        return {one["AvailabilityZone"]: one["SubnetId"] for one in found}

    def _behind(self) -> list[dict[str, Any]]:
        """Return the stack's instances that belong behind the balancer."""
        names = {one.name for one in self._groups}
        return [
            one
            for one in find_ours(self._ec2, self._params["stack"])
            if role_of(one) == WEB and tags_of(one).get(GROUP_TAG) in names
        ]

    def _zones_in_use(self) -> set[str]:
        return {one["Placement"]["AvailabilityZone"] for one in self._behind()}

    def _hosts(self) -> dict[str, list[str]]:
        """Return the ids of running hosts by group."""
        found: dict[str, list[str]] = {}
        for one in self._behind():
            if one["State"]["Name"] == "running":
                found.setdefault(tags_of(one)[GROUP_TAG], []).append(one["InstanceId"])
        return found
