"""A client looks at the balancer of its stack, with the key that docs/policies has for it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from jobfleet.aws.account import Account
from jobfleet.settings.settings import Settings
from jobfleet.stack.page.balancer import look_at_balancer

from tests.balancer_account import BalancerAccount, balancer_account
from tests.localcloud_fixture import new_key
from tests.policies import Place, statements_of


@pytest.fixture
def deployed(localcloud: dict[str, str]) -> Iterator[BalancerAccount]:
    """An account of the test's own with a balancer of the stack `mine`."""
    with balancer_account(localcloud) as made:
        assert not made.balancer().get("failed")
        yield made


def client(deployed: BalancerAccount, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Account:
    """Return the account as a client with a key sees it."""
    for name, value in key.items():
        monkeypatch.setenv(name, value)
    return Account(Settings(stack="mine", region="us-east-1"))


def test_it_sees_state_and_hosts_with_no_more_than_its_policy_and_asks_three_calls(
    deployed: BalancerAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, filled = Place("mine", deployed.number, "us-east-1"), tmp_path / "policy.json"
    document = {"Version": "2012-10-17", "Statement": statements_of("client")}
    filled.write_text(place.fill_in(json.dumps(document)))
    key = new_key(deployed.key, account=deployed.number, policy=filled)

    seen = look_at_balancer(client(deployed, key, monkeypatch), "mine-balancer")

    assert (seen.name, seen.dns_name, list(seen.hosts)) == ("mine-balancer", deployed.held()["DNSName"], [])
    assert set(deployed.calls(key)) == {
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    }


def test_one_that_is_gone_is_said_to_be_and_a_refusal_is_a_refusal(
    deployed: BalancerAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look_at_balancer(client(deployed, deployed.key, monkeypatch), "other-balancer").state == "gone"

    key = deployed.key_that(tmp_path, {"Effect": "Deny", "Action": "elasticloadbalancing:*", "Resource": "*"})
    with pytest.raises(ClientError, match="AccessDenied"):
        look_at_balancer(client(deployed, key, monkeypatch), "mine-balancer")
