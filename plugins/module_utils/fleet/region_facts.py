"""What preflight asks of EC2 about a region, side by side: each answer takes a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.fleet.launch_network import Network, default_subnets, default_vpc, offers_of
from ansible.module_utils.fleet.plan import find_ours
from botocore.exceptions import ClientError


@dataclass(frozen=True)
class RegionFacts:
    """The region as it is. A type that does not exist is None; `network` is None where nobody tells."""

    types: dict[str, dict[str, Any] | None]
    network: Network | None
    ours: list[dict[str, Any]]
    keypair: str
    security_groups: frozenset[str]
    """Names of those that are there, of the ones that were asked about."""


def side_by_side(calls: list[Callable[[], Any]]) -> list[Any]:
    """Return the results of calls made at the same time, in order; raises what the first of them raised."""
    with ThreadPoolExecutor(max_workers=max(1, len(calls))) as threads:
        return [one.result() for one in [threads.submit(call) for call in calls]]


def look(ec2: Any, stack: str, keypair: str, groups: list[str], kinds: set[str]) -> RegionFacts:
    """Ask for all of it; `groups` are names of security groups. Raises botocore's errors."""
    names = sorted(kinds)
    vpc, subnets, offers, ours, held, there, *types = side_by_side(
        [
            lambda: _unless_denied(lambda: default_vpc(ec2)),
            lambda: _unless_denied(lambda: default_subnets(ec2)),
            lambda: _unless_denied(lambda: offers_of(ec2, kinds)),
            lambda: find_ours(ec2, stack),
            lambda: public_in_aws(ec2, keypair),
            lambda: _groups(ec2, groups),
            *(lambda name=name: _type(ec2, name) for name in names),
        ]
    )
    is_told = None not in (vpc, subnets, offers)
    network = Network(vpc, subnets, offers) if is_told else None
    return RegionFacts(dict(zip(names, types, strict=True)), network, ours, held, there)


def public_in_aws(ec2: Any, name: str) -> str:
    """Return type and key of the public half that AWS holds, or an empty text."""
    try:
        [pair] = ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"]
    except ClientError as problem:
        if problem.response["Error"]["Code"] == "InvalidKeyPair.NotFound":
            return ""
        raise
    return " ".join(pair["PublicKey"].split()[:2])


def _groups(ec2: Any, names: list[str]) -> frozenset[str]:
    named = [{"Name": "group-name", "Values": names}]
    return frozenset(
        one["GroupName"] for one in ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    )


def _type(ec2: Any, kind: str) -> dict[str, Any] | None:
    try:
        [found] = ec2.describe_instance_types(InstanceTypes=[kind])["InstanceTypes"]
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "InvalidInstanceType":
            raise
        return None
    return dict(found)


def _unless_denied(call: Callable[[], Any]) -> Any:
    """Return what a call answers, None where it is not allowed: other permissions deploy as well."""
    try:
        return call()
    except ClientError as problem:
        if problem.response["Error"]["Code"] != "UnauthorizedOperation":
            raise
        return None
