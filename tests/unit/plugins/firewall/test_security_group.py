"""A security group is removed once nothing holds it.

EC2 is a double here: nothing real lets go after a number of tries that a test chooses, without a host.
"""

import pytest
from ansible.module_utils.firewall.security_group import remove
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


def test_what_goes_on_holding_it_is_told_after_a_minute(waited: list[float]) -> None:
    with pytest.raises(ClientError, match="DependencyViolation"):
        remove(Ec2(held=1_000), "sg-1")

    assert HELD_GROUP.seconds <= sum(waited) < HELD_GROUP.seconds + HELD_GROUP.step


def test_one_that_another_run_removed_is_gone_and_a_refusal_is_a_refusal(waited: list[float]) -> None:
    remove(Ec2(held=1, last="InvalidGroup.NotFound"), "sg-1")

    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        remove(Ec2(held=0, last="UnauthorizedOperation"), "sg-1")
    assert len(waited) == 1
