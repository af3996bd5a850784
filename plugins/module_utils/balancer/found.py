"""What Elastic Load Balancing holds of a stack, by its tag: for what removes, shows and counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible.module_utils.fleet.plan import GROUP_TAG
from ansible.module_utils.scaling.refusals import DENIED
from botocore.exceptions import ClientError

STACK_TAG = "jobfleet:stack"
_MISSING = frozenset({"LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound", "RuleNotFound"})
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
_MOST_TAGGED = 20


@dataclass(frozen=True)
class BalancedHost:
    """A host behind the balancer, and how AWS finds it; `why` only where it is not well."""

    instance: str
    health: str
    why: str = ""

    @property
    def words(self) -> str:
        """The same, for a person."""
        return f"{self.instance} is {self.health}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True)
class Found:
    """A stack's balancer as it is: `targets` and `paths` by group, `zones` it is in."""

    name: str
    dns_name: str
    state: str
    zones: tuple[str, ...] = ()
    scheme: str = "http"
    targets: dict[str, list[BalancedHost]] = field(default_factory=dict)
    paths: dict[str, list[str]] = field(default_factory=dict)

    def urls(self) -> dict[str, list[str]]:
        """Return by group the addresses that lead to it."""
        return {
            group: [f"{self.scheme}://{self.dns_name}{path}" for path in paths]
            for group, paths in self.paths.items()
        }


def unless_missing(call: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return what a call lists, nothing where AWS says that there is no such thing."""
    try:
        return call()
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in _MISSING:
            raise
        return []


def is_stranger(problem: ClientError) -> bool:
    """Tell whether an error says that the caller may not even look whether there are balancers: it made none.

    Who may look and may not read tags could have some, and has to hear of it.
    """
    looks = problem.operation_name in ("DescribeLoadBalancers", "DescribeTargetGroups")
    return looks and problem.response["Error"]["Code"] in DENIED


def tags_by_arn(elbv2: Any, arns: list[str]) -> dict[str, dict[str, str]]:
    """Return the tags of things by their ARNs. One that went meanwhile has none."""
    found: dict[str, dict[str, str]] = {arn: {} for arn in arns}
    for start in range(0, len(arns), _MOST_TAGGED):
        asked = arns[start : start + _MOST_TAGGED]
        told = unless_missing(partial(_tags, elbv2, asked))
        if not told and len(asked) > 1:
            # One that is gone makes AWS tell nothing of the others.
            told = [one for arn in asked for one in unless_missing(partial(_tags, elbv2, [arn]))]
        for one in told:
            found[one["ResourceArn"]] = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    return found


def _tags(elbv2: Any, arns: list[str]) -> list[dict[str, Any]]:
    return list(elbv2.describe_tags(ResourceArns=arns)["TagDescriptions"])


def balancers_of(elbv2: Any, tag: str, value: str) -> list[dict[str, Any]]:
    """Return the load balancers under a tag. Who may not look at them has made none."""
    return _tagged(elbv2, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn", (tag, value))


def target_groups_of(elbv2: Any, tag: str, value: str) -> list[dict[str, Any]]:
    """Return the target groups under a tag, each with its `Tags`. Who may not look at them has made none."""
    return _tagged(elbv2, "describe_target_groups", "TargetGroups", "TargetGroupArn", (tag, value))


def _tagged(elbv2: Any, call: str, key: str, arn: str, tag: tuple[str, str]) -> list[dict[str, Any]]:
    try:
        there = [one for page in elbv2.get_paginator(call).paginate() for one in page[key]]
        tags = tags_by_arn(elbv2, [one[arn] for one in there])
    except ClientError as problem:
        if not is_stranger(problem):
            raise
        return []
    return [{**one, "Tags": tags[one[arn]]} for one in there if tags[one[arn]].get(tag[0]) == tag[1]]


def find(elbv2: Any, stack: str) -> Found | None:
    """Return a stack's balancer with those behind it; None where there is none."""
    held = balancers_of(elbv2, STACK_TAG, stack)
    if not held:
        return None
    arn = held[0]["LoadBalancerArn"]
    groups = {
        one["TargetGroupArn"]: one["Tags"].get(GROUP_TAG, one["TargetGroupName"])
        for one in target_groups_of(elbv2, STACK_TAG, stack)
    }
    scheme, paths = _paths(elbv2, arn, groups)
    return Found(
        name=held[0]["LoadBalancerName"],
        dns_name=held[0]["DNSName"],
        state=held[0]["State"]["Code"],
        zones=tuple(sorted(one["ZoneName"] for one in held[0]["AvailabilityZones"])),
        scheme=scheme,
        targets={name: health_of(elbv2, one) for one, name in groups.items()},
        paths=paths,
    )


def health_of(elbv2: Any, target_group: str) -> list[BalancedHost]:
    """Return the hosts of a target group, by its ARN."""
    told = unless_missing(
        lambda: elbv2.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    )
    found = []
    for one in told:
        health = one["TargetHealth"]
        why = ": ".join(filter(None, (health.get("Reason"), health.get("Description"))))
        found.append(BalancedHost(one["Target"]["Id"], health["State"], why))
    return sorted(found, key=lambda one: one.instance)


def _paths(elbv2: Any, balancer: str, groups: dict[str, str]) -> tuple[str, dict[str, list[str]]]:
    """Return how addresses begin, and the paths that lead to each group, as the rules have them."""
    pages = elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
    listeners = unless_missing(lambda: [one for page in pages for one in page["Listeners"]])
    paths: dict[str, list[str]] = {}
    scheme = "http"
    for listener in listeners:
        scheme = "https" if listener["Protocol"] == "HTTPS" else scheme
        for rule in rules_of(elbv2, listener["ListenerArn"]):
            group = groups.get(rule["Actions"][0].get("TargetGroupArn", ""))
            if group:
                paths.setdefault(group, []).extend(
                    pattern for pattern in patterns_of(rule) if not pattern.endswith("/*")
                )
    return scheme, paths


def rules_of(elbv2: Any, listener: str) -> list[dict[str, Any]]:
    """Return a listener's rules in the order in which they are tried, but for the one at the end."""
    found = unless_missing(
        lambda: [
            one
            for page in elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener)
            for one in page["Rules"]
        ]
    )
    return sorted((one for one in found if not one["IsDefault"]), key=lambda one: int(one["Priority"]))


def patterns_of(rule: dict[str, Any]) -> tuple[str, ...]:
    """Return the patterns of paths that a rule compares with; none where it looks at something else, too."""
    conditions = rule["Conditions"]
    if [one["Field"] for one in conditions] != ["path-pattern"]:
        return ()
    config = conditions[0].get("PathPatternConfig") or {}
    return tuple(config.get("Values") or conditions[0].get("Values", ()))
