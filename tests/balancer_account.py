"""An account of its own for a test of the module `stack_balancer`, with its instances as EC2 has them."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.localcloud_fixture import client_of, new_key
from tests.own_account import OwnAccount
from tests.unit.plugins.actions import action, run

ACCOUNTS = (f"{number:012}" for number in itertools.count(720_000_000_001))
ONE = {"name": "one", "role": "web", "type": "t2.large", "zone": "us-east-1a", "balancer": True}
TWO = {"name": "two", "role": "web", "type": "m4.large", "zone": "us-east-1b", "balancer": True}
TWO["paths"] = ["/two", "/zwei"]
WORKERS = {"name": "worker", "type": "t3.small"}


@dataclass
class BalancerAccount(OwnAccount):
    """An account of a test's own, with the balancer's security group."""

    ec2: Any
    elbv2: Any
    group: str

    def balancer(
        self, *groups: dict[str, Any], check: bool = False, key: dict[str, str] | None = None, **given: Any
    ) -> dict[str, Any]:
        """Run the module."""
        arguments: dict[str, Any] = {
            "region": "us-east-1",
            "stack": "mine",
            "groups": [WORKERS, *(groups or (ONE, TWO))],
            "security_group": "mine-balancer",
            "tags": {"Course": 7},
            "wait_timeout": 30,
        }
        return run(
            action("stack_balancer"), {**arguments, **given}, name="stack_balancer",
            environment=key or self.key, check_mode=check,
        )  # fmt: skip

    def held(self) -> dict[str, Any]:
        """Return the one balancer that there is."""
        [found] = self.elbv2.describe_load_balancers()["LoadBalancers"]
        return dict(found)

    def target_groups(self) -> dict[str, dict[str, Any]]:
        """Return the target groups by name."""
        return {one["TargetGroupName"]: one for one in self.elbv2.describe_target_groups()["TargetGroups"]}

    def listeners(self) -> dict[int, dict[str, Any]]:
        """Return the listeners by port."""
        found = self.elbv2.describe_listeners(LoadBalancerArn=self.held()["LoadBalancerArn"])["Listeners"]
        return {one["Port"]: one for one in found}

    def rules(self, port: int = 80) -> list[dict[str, Any]]:
        """Return a listener's rules but for the last, in their order."""
        found = self.elbv2.describe_rules(ListenerArn=self.listeners()[port]["ListenerArn"])["Rules"]
        numbered = [one for one in found if not one["IsDefault"]]
        return sorted(numbered, key=lambda one: int(one["Priority"]))

    def paths(self, port: int = 80) -> list[tuple[str, list[str], str]]:
        """Return of each rule its priority, its patterns, and its target group's name."""
        names = {one["TargetGroupArn"]: name for name, one in self.target_groups().items()}
        return [
            (
                one["Priority"],
                one["Conditions"][0]["PathPatternConfig"]["Values"],
                names[one["Actions"][0]["TargetGroupArn"]],
            )
            for one in self.rules(port)
        ]


@contextmanager
def balancer_account(localcloud: dict[str, str]) -> Iterator[BalancerAccount]:
    """Make an account."""
    number = next(ACCOUNTS)
    key = new_key(localcloud, account=number)
    ec2, elbv2 = client_of(key, "ec2"), client_of(key, "elbv2")
    group = ec2.create_security_group(GroupName="mine-balancer", Description="x")["GroupId"]
    try:
        yield BalancerAccount(number, key, ec2, elbv2, group)
    finally:
        ec2.close()
        elbv2.close()
