"""The rules of a security group: as EC2 has them, as amazon.aws.ec2_security_group takes them, one by one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

IN, OUT = "in", "out"

# Under which names EC2 lists whom a rule is about.
PEERS = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}


def found_rules(group: dict[str, Any]) -> set[str]:
    """Return the rules of a group that EC2 described, one sentence each."""
    return {
        _sentence(way, rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), peer[key], peer)
        for way, name in ((IN, "IpPermissions"), (OUT, "IpPermissionsEgress"))
        for rule in group.get(name, [])
        for kind, key in PEERS.items()
        for peer in rule.get(kind, [])
    }


def named_groups(rules: list[dict[str, Any]]) -> dict[str, str]:
    """Return the security groups that rules are about, each with its description."""
    return {rule["group_name"]: str(rule.get("group_desc") or "") for rule in rules if rule.get("group_name")}


def wanted_rules(
    incoming: list[dict[str, Any]], outgoing: list[dict[str, Any]], ids: dict[str, str] | None = None
) -> set[str]:
    """Return rules as the module takes them, in the same sentences.

    `ids` has the ids of the groups that rules name; one that is not made yet stands there by its name.
    """
    return {
        _sentence(way, rule["proto"], low, high, network, {"Description": rule["rule_desc"]})
        for way, rules in ((IN, incoming), (OUT, outgoing))
        for rule in rules
        for low, high in map(_ports, rule["ports"])
        for network in _peers(rule, ids or {})
    }


def found_tags(group: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a group that EC2 described."""
    return {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}


def difference(found: set[str], wanted: set[str]) -> dict[str, list[str]]:
    """Return as `before` and `after` what is in one of them alone: what stays is no difference."""
    return {"before": sorted(found - wanted), "after": sorted(wanted - found)}


def _ports(told: str) -> tuple[int, int]:
    low, _, high = str(told).partition("-")
    return int(low), int(high or low)


def _peers(rule: dict[str, Any], ids: dict[str, str]) -> Iterator[str]:
    if named := rule.get("group_name"):
        yield ids.get(named, named)
    for network in (rule.get("cidr_ip"), rule.get("cidr_ipv6")):
        if network:
            # EC2 keeps the network's own address alone.
            yield str(ipaddress.ip_network(network, strict=False))


def _sentence(way: str, protocol: str, low: object, high: object, peer: str, about: dict[str, Any]) -> str:
    ports = "all ports" if low is None else f"{low}" if low == high else f"{low}-{high}"
    words = {IN: f"in: {protocol} {ports} from {peer}", OUT: f"out: {protocol} {ports} to {peer}"}[way]
    return f"{words} ({about.get('Description') or 'without a word'})"
