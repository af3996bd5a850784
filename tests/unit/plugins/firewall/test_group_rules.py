"""The rules of a security group, as found and as wanted, and what differs."""

from typing import Any

from ansible.module_utils.firewall.group_rules import difference, found_rules, named_groups, wanted_rules

SSH = {"proto": "tcp", "ports": ["22"], "cidr_ip": "203.0.113.7/32", "rule_desc": "SSH"}
OUT = {"proto": "tcp", "ports": ["80", "8000-8080"], "cidr_ip": "0.0.0.0/0", "rule_desc": "Web"}


def permission(low: int, high: int, network: str, words: str = "", **more: Any) -> dict[str, Any]:
    about = {"Description": words} if words else {}
    return {
        "IpProtocol": "tcp",
        "FromPort": low,
        "ToPort": high,
        "IpRanges": [{"CidrIp": network, **about}],
        **more,
    }


GROUP = {
    "IpPermissions": [permission(22, 22, "203.0.113.7/32", "SSH")],
    "IpPermissionsEgress": [
        permission(80, 80, "0.0.0.0/0", "Web"),
        permission(8000, 8080, "0.0.0.0/0", "Web"),
    ],
}


def test_a_group_that_is_as_wanted_differs_in_nothing() -> None:
    assert difference(found_rules(GROUP), wanted_rules([SSH], [OUT])) == {"before": [], "after": []}


def test_what_stays_is_no_difference() -> None:
    group = {**GROUP, "IpPermissions": [*GROUP["IpPermissions"], permission(80, 80, "0.0.0.0/0")]}
    wanted = wanted_rules([{**SSH, "cidr_ip": "198.51.100.1/32"}], [OUT])

    assert difference(found_rules(group), wanted) == {
        "before": ["in: tcp 22 from 203.0.113.7/32 (SSH)", "in: tcp 80 from 0.0.0.0/0 (without a word)"],
        "after": ["in: tcp 22 from 198.51.100.1/32 (SSH)"],
    }


def test_a_network_is_compared_as_ec2_keeps_it() -> None:
    group = {"IpPermissions": [permission(22, 22, "203.0.113.0/24", "SSH")]}
    ranges = [{"CidrIpv6": "2001:db8::/32", "Description": "SSH"}]
    six = {"IpPermissions": [{**permission(22, 22, ""), "IpRanges": [], "Ipv6Ranges": ranges}]}

    assert found_rules(group) == wanted_rules([{**SSH, "cidr_ip": "203.0.113.7/24"}], [])
    assert found_rules(six) == wanted_rules([{**SSH, "cidr_ip": None, "cidr_ipv6": "2001:DB8::1/32"}], [])


def test_rules_for_groups_and_for_everything_are_seen() -> None:
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    group = {**permission(22, 22, ""), "IpRanges": [], "UserIdGroupPairs": [{"GroupId": "sg-1"}]}

    assert found_rules({"IpPermissions": [group], "IpPermissionsEgress": [everything]}) == {
        "in: tcp 22 from sg-1 (without a word)",
        "out: -1 all ports to 0.0.0.0/0 (without a word)",
    }


def test_a_rule_about_another_group_is_the_same_by_its_name_and_by_its_id() -> None:
    rule = {
        "proto": "tcp",
        "ports": ["80"],
        "group_name": "balancer",
        "rule_desc": "x",
        "group_desc": "The one",
    }
    pair = {"GroupId": "sg-1", "Description": "x"}
    group = {
        "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [pair]},
        ]
    }

    assert named_groups([rule, {"cidr_ip": "203.0.113.7/32"}]) == {"balancer": "The one"}
    assert wanted_rules([rule], [], {"balancer": "sg-1"}) == found_rules(group)
    assert wanted_rules([rule], []) == {"in: tcp 80 from balancer (x)"}
