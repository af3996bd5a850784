"""The load balancer before a stack's web hosts: how it is, and how those behind it are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import error_code

from jobfleet.aws.account import Account
from jobfleet.human_text import plain
from jobfleet.stack.workers import DEPLOY

HEALTHY = "healthy"

_NOT_THERE = frozenset({"LoadBalancerNotFound", "TargetGroupNotFound"})
_ACTIVE = ("active", "active_impaired")


@dataclass(frozen=True)
class HostBehind:
    """A host behind the balancer. `why` it is not healthy are AWS's own words."""

    group: str
    host: str
    health: str
    why: str = ""


@dataclass(frozen=True)
class BalancerView:
    """The balancer as AWS describes it; `state` is `gone` where the stack tells of one that is not there."""

    name: str
    dns_name: str = ""
    state: str = "gone"
    hosts: Sequence[HostBehind] = ()

    @property
    def words(self) -> str:
        """The same in one line."""
        groups = dict.fromkeys(one.group for one in self.hosts)
        counts = [f"{group} {self._well(group)} healthy" for group in groups]
        return ", ".join([f"{self.dns_name or self.name} is {self.state}", *counts])

    def _well(self, group: str) -> str:
        found = [one for one in self.hosts if one.group == group]
        return f"{sum(one.health == HEALTHY for one in found)} of {len(found)}"

    @property
    def warnings(self) -> list[str]:
        """What is wrong, each a sentence with the way out."""
        if self.state == "gone":
            return [f"the balancer {self.name} is not there, as after a stop: run {DEPLOY}"]
        said = [] if self.state in _ACTIVE else [f"the balancer is {self.state}: it leads nowhere yet"]
        if not self.hosts:
            said.append(f"no host is behind the balancer: run {DEPLOY}")
        return said + [
            f"host {one.host} of {one.group} is {one.health}{f' ({one.why})' if one.why else ''}: it gets no "
            "requests; look on it at `journalctl -u jobfleet-web -u nginx`"
            for one in self.hosts
            if one.health not in (HEALTHY, "draining")
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the same for machines."""
        hosts = [
            {"group": one.group, "host": one.host, "health": one.health, "why": one.why} for one in self.hosts
        ]
        return {"name": self.name, "dns_name": self.dns_name, "state": self.state, "hosts": hosts}


def look_at_balancer(account: Account, name: str) -> BalancerView:
    """Return how the balancer of that name is. Raises AWS's errors."""
    elbv2 = account.client("elbv2")
    try:
        [held] = elbv2.describe_load_balancers(Names=[name])["LoadBalancers"]
        groups = elbv2.describe_target_groups(LoadBalancerArn=held["LoadBalancerArn"])["TargetGroups"]
        hosts = [
            _host(_group(one["TargetGroupName"], account.settings.stack), found)
            for one in sorted(groups, key=lambda one: str(one["TargetGroupName"]))
            for found in elbv2.describe_target_health(TargetGroupArn=one["TargetGroupArn"])[
                "TargetHealthDescriptions"
            ]
        ]
    except ClientError as problem:
        if error_code(problem) not in _NOT_THERE:
            raise
        return BalancerView(name)
    return BalancerView(name, held["DNSName"], held["State"]["Code"], hosts)


def _group(target_group: str, stack: str) -> str:
    """Return the group of hosts that a target group is for; a shortened name says no more than itself."""
    return target_group.removeprefix(f"{stack}-")


def _host(group: str, found: dict[str, Any]) -> HostBehind:
    health = found["TargetHealth"]
    why = ": ".join(filter(None, (health.get("Reason"), health.get("Description"))))
    return HostBehind(group, found["Target"]["Id"], health["State"], plain(why, 200))
