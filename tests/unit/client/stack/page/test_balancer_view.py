"""What is said of a balancer, and which description of a stack names one; no AWS."""

import json

import pytest
from jobfleet.aws.stack_description import parse_description
from jobfleet.stack.page.balancer import BalancerView, HostBehind

WELL = HostBehind("one", "i-1", "healthy")
ILL = HostBehind("one", "i-2", "unhealthy", "Target.Timeout: Request timed out")
NEW = HostBehind("two", "i-3", "initial", "Elb.RegistrationInProgress")
LEAVING = HostBehind("two", "i-4", "draining", "Target.DeregistrationInProgress")


def test_each_group_is_counted_and_each_host_that_gets_no_requests_is_warned_of() -> None:
    seen = BalancerView("mine-balancer", "mine.elb.example", "active", [WELL, ILL, NEW, LEAVING])

    assert seen.words == "mine.elb.example is active, one 1 of 2 healthy, two 0 of 2 healthy"
    assert [text.partition(":")[0] for text in seen.warnings] == [
        "host i-2 of one is unhealthy (Target.Timeout",
        "host i-3 of two is initial (Elb.RegistrationInProgress)",
    ]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (BalancerView("mine-balancer"), "the balancer mine-balancer is not there, as after a stop"),
        (BalancerView("b", "x", "provisioning", [WELL]), "the balancer is provisioning"),
        (BalancerView("b", "x", "active"), "no host is behind the balancer"),
    ],
)
def test_a_balancer_that_leads_nowhere_is_warned_of(seen: BalancerView, said: str) -> None:
    [text] = seen.warnings

    assert text.startswith(said)


def test_nothing_is_said_where_all_is_well() -> None:
    assert BalancerView("b", "x", "active_impaired", [WELL]).warnings == []


@pytest.mark.parametrize(
    ("told", "found"),
    [({"name": "mine-balancer", "url": "x"}, "mine-balancer"), ({}, ""), ({"name": "a b"}, ""), (7, ""),
     ({"name": "x" * 33}, ""), ({"name": 7}, "")],
)  # fmt: skip
def test_only_a_name_that_a_balancer_can_have_is_asked_for(told: object, found: str) -> None:
    description = parse_description(json.dumps({"balancer": told}).encode())

    assert description is not None
    assert description.balancer == found


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("http://mine-1.us-east-1.elb.amazonaws.com/cluster1", True),
        ("http://mine.example/a/b-c.d~e/", True),
        ("http://mine.example/a?b", False),
        ("http://mine.example/a b", False),
        ("http://mine.example//x", False),
        ("javascript:alert(1)", False),
    ],
)
def test_an_address_may_have_the_path_that_leads_to_a_group(url: str, is_taken: bool) -> None:
    description = parse_description(json.dumps({"web": [{"url": url, "host": "one"}]}).encode())

    assert description is not None
    assert [one.url for one in description.web] == [url] * is_taken
