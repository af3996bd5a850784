"""What a person sets for balanced groups: what the inventory makes of it, and what is refused in time."""

from typing import Any

import pytest
import yaml
from ansible.module_utils.account.lab_limits import Load, limits, over_limit, refusals
from ansible.module_utils.fleet.launch_network import Network
from ansible.module_utils.fleet.plan import InstanceGroup, parse_groups
from ansible.module_utils.preflight.balancer_rules import network_problems

from tests.places import REPOSITORY
from tests.unit.plugins.preflight.test_role_rules import refused
from tests.unit.plugins.preflight.test_web_settings import value

BALANCED = {"name": "one", "role": "web", "type": "t3.small", "balancer": True}
PLAIN = {"name": "two", "role": "web", "type": "t3.small"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


@pytest.mark.parametrize(
    ("groups", "web", "balanced"),
    [
        ([], False, False),
        ([PLAIN], True, False),
        ([BALANCED], False, True),
        ([BALANCED, PLAIN], True, True),
        ([{**BALANCED, "count": 0}], False, False),
    ],
)
def test_each_kind_of_web_hosts_has_its_security_group(
    groups: list[dict[str, Any]], web: bool, balanced: bool
) -> None:
    given = {"instance_groups": groups}

    assert value("firewall_web_hosts", **given) is web
    assert value("firewall_balanced_hosts", **given) is balanced
    assert refused(**given) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"web_tls": True}, "web_tls is True, which does not go with balanced groups"),
        ({"stack_name": "internal-x"}, "stack_name is 'internal-x', which does not go with balanced groups"),
        (
            {"balancer_certificate": CERTIFICATE.replace("us-east-1", "us-west-2")},
            "balancer_certificate is of us-west-2, and the balancer in us-east-1",
        ),
        ({"web_from": "2001:db8::/48"}, "web_from is 2001:db8::/48, and a balancer has IPv4 addresses alone"),
        ({"ssh_from": "2001:db8::7/128"}, "ssh_from is 2001:db8::7/128, and a balancer has IPv4 addresses"),
        ({"web_wait_max": 600}, "balancer_idle_timeout is 130 seconds, and a request may wait for 600"),
    ],
)
def test_what_does_not_go_with_a_balancer_is_refused_where_there_is_one(
    given: dict[str, Any], said: str
) -> None:
    assert [text.startswith(said) for text in refused(**given, instance_groups=[BALANCED])] == [True]
    assert refused(**given) == []


def test_a_certificate_opens_the_port_of_tls() -> None:
    given = {"instance_groups": [BALANCED], "balancer_certificate": CERTIFICATE}

    assert refused(**given) == []
    assert value("firewall_balancer_tls", **given) is True
    assert value("firewall_balancer_tls") is False


def test_the_example_is_what_a_lab_allows() -> None:
    given = yaml.safe_load((REPOSITORY / "examples" / "two-clusters.yml").read_text())
    groups, wrong = parse_groups(given["instance_groups"])
    types = [group.type for group in groups for _ in range(group.count)]

    assert wrong == []
    assert refused(**given) == []
    assert [(one.name, one.count, one.type, one.zone, one.paths) for one in groups] == [
        ("cluster1", 5, "t2.large", "us-east-1a", ("/cluster1",)),
        ("cluster2", 4, "m4.large", "us-east-1b", ("/cluster2",)),
    ]
    assert refusals("us-east-1", [(one.name, one.type, one.market) for one in groups]) == []
    assert over_limit(Load({}, {"t2.large": 2, "m4.large": 2}), types, [], limits(True, 9)) is None


def test_a_balancer_needs_two_zones() -> None:
    groups = [InstanceGroup("one", 1, "t3.small", role="web", paths=("/one",))]

    [said] = network_problems(Network("vpc-1", {"r-1a": True}), groups, "r-1")
    assert "vpc-1 has them in r-1a: make one with `aws ec2 create-default-subnet --region r-1" in said
    assert network_problems(Network("vpc-1", {"r-1a": True, "r-1b": True}), groups, "r-1") == []
    assert network_problems(Network("vpc-1", {"r-1a": True}), groups[:0], "r-1") == []
