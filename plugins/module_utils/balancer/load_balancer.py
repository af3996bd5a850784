"""A stack's load balancer itself: made, put right, removed."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.balancer.found import STACK_TAG, tags_by_arn, unless_missing
from ansible.module_utils.balancer.names import balancer_name
from ansible.module_utils.balancer.wanted import NEW
from ansible.module_utils.fleet.change import Refused
from ansible.module_utils.process.patience import NEW_BALANCER, NEW_BALANCER_S_GROUP, patiently
from ansible.module_utils.scaling.changes import Changes

# What it is made with and keeps for ever.
FIXED = {"Type": "application", "Scheme": "internet-facing"}


class LoadBalancer:
    """The balancer of one stack. `tags` are its own."""

    def __init__(self, elbv2: Any, stack: str, tags: dict[str, str], changes: Changes) -> None:
        self._api, self._stack, self._tags, self._changes = elbv2, stack, tags, changes
        self.name = balancer_name(stack)

    def held(self) -> dict[str, Any] | None:
        """Return what AWS says of it, None where there is none. Raises `Refused` for somebody else's."""
        found = unless_missing(lambda: self._api.describe_load_balancers(Names=[self.name])["LoadBalancers"])
        if not found:
            return None
        arn = found[0]["LoadBalancerArn"]
        if tags_by_arn(self._api, [arn])[arn].get(STACK_TAG) != self._stack:
            raise Refused(
                f"There is a load balancer {self.name} that does not carry the stack's tag: remove it, or "
                "take another stack_name."
            )
        return dict(found[0])

    def ensure(self, subnets: list[str], group: str, attributes: dict[str, str]) -> dict[str, Any]:
        """Make it, or make it as it should be; return it, with the ARN `NEW` where it is not made yet."""
        held = self.held()
        wanted = {"subnets": sorted(subnets), "security groups": [group]}
        if held is None:
            made: dict[str, Any] = {"LoadBalancerArn": NEW, "DNSName": ""}

            def make() -> None:
                [told] = patiently(
                    self._api.create_load_balancer, NEW_BALANCER_S_GROUP,
                    Name=self.name, Subnets=subnets, SecurityGroups=[group], Tags=listed(self._tags), **FIXED,
                )["LoadBalancers"]  # fmt: skip
                made.update(told)

            self._changes.ensure(f"balancer {self.name}", None, {**FIXED, **wanted, "tags": self._tags}, make)
            held = made
        else:
            self._mend(held, wanted)
        self._mend_attributes(held["LoadBalancerArn"], attributes)
        return held

    def remove(self, held: dict[str, Any]) -> None:
        """Remove it with its listeners and rules."""
        arn = held["LoadBalancerArn"]
        self._changes.ensure(
            f"balancer {self.name}", {"DNSName": held["DNSName"]}, None,
            lambda: self._api.delete_load_balancer(LoadBalancerArn=arn),
        )  # fmt: skip

    def _mend(self, held: dict[str, Any], wanted: dict[str, list[str]]) -> None:
        arn, name = held["LoadBalancerArn"], self.name
        if any(held[key] != value for key, value in FIXED.items()):
            raise Refused(
                f"The load balancer {name} is {held['Scheme']} of type {held['Type']}, which AWS never "
                "changes: remove it, and run this again."
            )
        subnets = sorted(one["SubnetId"] for one in held["AvailabilityZones"])
        self._changes.ensure(
            f"subnets of {name}", subnets, wanted["subnets"],
            lambda: self._api.set_subnets(LoadBalancerArn=arn, Subnets=wanted["subnets"]),
        )  # fmt: skip
        groups = wanted["security groups"]
        self._changes.ensure(
            f"security groups of {name}", sorted(held.get("SecurityGroups", [])), groups,
            lambda: self._api.set_security_groups(LoadBalancerArn=arn, SecurityGroups=groups),
        )  # fmt: skip
        mend_tags(self._api, self._changes, name, arn, self._tags)

    def _mend_attributes(self, arn: str, wanted: dict[str, str]) -> None:
        if arn == NEW:
            return
        told = patiently(self._api.describe_load_balancer_attributes, NEW_BALANCER, LoadBalancerArn=arn)
        now = {one["Key"]: one["Value"] for one in told["Attributes"]}
        self._changes.ensure(
            f"attributes of {self.name}", {key: now.get(key) for key in wanted}, wanted,
            lambda: self._api.modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=listed(wanted)
            ),
        )  # fmt: skip


def listed(pairs: dict[str, str]) -> list[dict[str, str]]:
    """Return tags or attributes as Elastic Load Balancing takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(pairs.items())]


def mend_tags(elbv2: Any, changes: Changes, name: str, arn: str, wanted: dict[str, str]) -> None:
    """Give something the tags that it lacks; others that it has stay."""
    there = tags_by_arn(elbv2, [arn])[arn]
    changes.ensure(
        f"tags of {name}", {key: there.get(key) for key in wanted}, wanted,
        lambda: elbv2.add_tags(ResourceArns=[arn], Tags=listed(wanted)),
    )  # fmt: skip
