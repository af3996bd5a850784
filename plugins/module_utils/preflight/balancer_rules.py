"""What stands against a balancer before groups of web hosts: other variables, zones, permissions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible.module_utils.balancer.names import RESERVED, balancer_name, target_group_name
from ansible.module_utils.fleet.launch_network import Network
from ansible.module_utils.fleet.plan import InstanceGroup
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.module_utils.preflight.aws_limits import Rule
from ansible.module_utils.scaling.refusals import DENIED
from botocore.exceptions import ClientError

STACK_TAG = "jobfleet:stack"

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
LEAST_ZONES = 2

_NOT_THERE = frozenset({"LoadBalancerNotFound", "TargetGroupNotFound"})
_REGION_OF_ARN = re.compile(r"arn:[^:]*:acm:([^:]*):")


def _is_off(value: Any) -> bool:
    try:
        return not boolean(value)
    except TypeError:
        return True  # the rule of the variable itself says so


# What variables have to be where groups are balanced.
WITH_BALANCER: dict[str, Rule] = {
    "web_tls": Rule(
        _is_off,
        "set it to false, and balancer_certificate to the ARN of a certificate. The balancer speaks TLS, and "
        "HTTP with its hosts",
    ),
    "stack_name": Rule(
        lambda value: not str(value).startswith(RESERVED),
        f"take a name that does not begin with {RESERVED}, which AWS keeps for balancers of its own",
    ),
}


def against_balancer(values: dict[str, Any]) -> dict[str, str]:
    """Return by variable why it does not go with balanced groups; `values` are those of a run."""
    found = {
        name: f"{name} is {values[name]!r}, which does not go with balanced groups: {rule.give}"
        for name, rule in WITH_BALANCER.items()
        if name in values and not rule.holds(values[name])
    }
    who = "web_from" if values.get("web_from") else "ssh_from"
    if ":" in str(values.get(who) or ""):
        found["web_from"] = (
            f"{who} is {values[who]}, and a balancer has IPv4 addresses alone: give web_from an IPv4 range "
            "such as 203.0.113.0/24"
        )
    longest, idle = values.get("web_wait_max"), values.get("balancer_idle_timeout")
    if longest is not None and idle is not None and int(longest) >= int(idle):
        found["balancer_idle_timeout"] = (
            f"balancer_idle_timeout is {idle} seconds, and a request may wait for {longest} (web_wait_max): "
            "give the balancer more, or requests less"
        )
    of_certificate = _REGION_OF_ARN.match(str(values.get("balancer_certificate") or ""))
    if of_certificate and of_certificate[1] != values.get("aws_region"):
        found["balancer_certificate"] = (
            f"balancer_certificate is of {of_certificate[1]}, and the balancer in "
            f"{values.get('aws_region')}: give a certificate of the same region"
        )
    return found


def network_problems(network: Network, groups: list[InstanceGroup], region: str) -> list[str]:
    """Return why a balancer that is wanted cannot stand in the default network, if it cannot."""
    zones = sorted(network.gives_public)
    if not network.vpc or len(zones) >= LEAST_ZONES or not any(one.balanced for one in groups):
        return []
    text = (
        f"A balancer needs default subnets in {LEAST_ZONES} zones, and {network.vpc} has them in "
        f"{', '.join(zones) or 'none'}: make one with `aws ec2 create-default-subnet --region {region} "
        "--availability-zone ZONE`."
    )
    return [text]


def refusals(elbv2: Any, stack: str, groups: list[InstanceGroup]) -> list[str]:
    """Return what Elastic Load Balancing is known to refuse. It has no DryRun: it is asked what is there.

    Raises botocore's errors, but for refusals.
    """
    names = [target_group_name(stack, one.name) for one in groups if one.balanced and one.count]
    if not names:
        return []
    try:
        there = [
            (one["LoadBalancerName"], one["LoadBalancerArn"])
            for one in _found(elbv2.describe_load_balancers, "LoadBalancers", [balancer_name(stack)])
        ] + [
            (one["TargetGroupName"], one["TargetGroupArn"])
            for name in names
            for one in _found(elbv2.describe_target_groups, "TargetGroups", [name])
        ]
        return [_foreign(stack, name, arn) for name, arn in there if not _is_ours(elbv2, stack, arn)]
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in DENIED:
            raise
        words = problem.response["Error"]["Message"].rstrip(".")
        text = (
            f"These credentials may not use load balancers, which balanced groups need: {words}. Use others, "
            "or have it allowed: docs/policies/deployer-balancer.json holds all that they need."
        )
        return [text]


def _found(call: Callable[..., Any], key: str, names: list[str]) -> list[dict[str, Any]]:
    try:
        return list(call(Names=names)[key])
    except ClientError as problem:
        if problem.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return []


def _is_ours(elbv2: Any, stack: str, arn: str) -> bool:
    [told] = elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return {"Key": STACK_TAG, "Value": stack} in told["Tags"]


def _foreign(stack: str, name: str, arn: str) -> str:
    kind = "target group" if ":targetgroup/" in arn else "load balancer"
    return (
        f"There is a {kind} {name} that does not carry the tag {STACK_TAG} of {stack}: remove it, or take "
        "another stack_name, or another name of the group."
    )
