"""A security group is removed once nothing holds it.

EC2 is a double here: nothing real lets go after a number of tries that a test chooses, without a host.
"""

from typing import Any

import pytest
from ansible.module_utils.firewall.security_group import let_go, remove
from ansible.module_utils.process import patience
from ansible.module_utils.process.patience import HELD_GROUP
from botocore.exceptions import ClientError


class Ec2:
    """EC2 in which something holds the group for a while, and then `last` happens."""

    def __init__(self, held: int, last: str = "") -> None:
        self.held, self.last = held, last
        self.tries = 0

    def delete_security_group(self, GroupId: str) -> None:  # noqa: N803
        self.tries += 1
        code = "DependencyViolation" if self.tries <= self.held else self.last
        if code:
            raise ClientError({"Error": {"Code": code, "Message": GroupId}}, "DeleteSecurityGroup")


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Wait for nothing, and return how long it would have been, step by step."""
    steps: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", steps.append)
    return steps


def test_what_held_it_is_waited_for() -> None:
    ec2 = Ec2(held=3)

    remove(ec2, "sg-1")

    assert ec2.tries == 4


def test_what_goes_on_holding_it_is_told_in_the_end(waited: list[float]) -> None:
    with pytest.raises(ClientError, match="DependencyViolation"):
        remove(Ec2(held=1_000), "sg-1")

    assert HELD_GROUP.seconds <= sum(waited) < HELD_GROUP.seconds + HELD_GROUP.step


def test_one_that_another_run_removed_is_gone_and_a_refusal_is_a_refusal(waited: list[float]) -> None:
    remove(Ec2(held=1, last="InvalidGroup.NotFound"), "sg-1")

    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        remove(Ec2(held=0, last="UnauthorizedOperation"), "sg-1")
    assert len(waited) == 1


class Pair:
    """EC2 with two groups that name each other, and so hold each other."""

    def __init__(self) -> None:
        self.revoked: list[dict[str, Any]] = []

    def describe_security_groups(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert {"Name": "tag:jobfleet:stack", "Values": ["mine"]} in Filters
        rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
        named = {**rule, "UserIdGroupPairs": [{"GroupId": "sg-1", "Description": "x"}, {"GroupId": "sg-3"}]}
        range_ = {**rule, "IpRanges": [{"CidrIp": "203.0.113.7/32"}], "UserIdGroupPairs": []}
        if any(one["Name"].startswith("egress") for one in Filters):
            return {"SecurityGroups": []}
        return {
            "SecurityGroups": [{"GroupId": "sg-2", "IpPermissions": [range_, named]}, {"GroupId": "sg-1"}]
        }

    def revoke_security_group_ingress(self, **asked: Any) -> None:
        self.revoked.append(asked)

    revoke_security_group_egress = revoke_security_group_ingress


def test_only_the_rules_that_hold_a_group_are_taken_from_others() -> None:
    ec2 = Pair()

    let_go(ec2, "sg-1", {"jobfleet:stack": "mine"})

    about = {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "UserIdGroupPairs": [{"GroupId": "sg-1", "Description": "x"}],
    }
    assert ec2.revoked == [{"GroupId": "sg-2", "IpPermissions": [about]}]
