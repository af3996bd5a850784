"""CPU credits where the credentials may not see or set them: workers do without."""

from typing import Any

import pytest
from ansible.module_utils.fleet.cpu_credits import NotChanged, credits_of, set_credits
from botocore.exceptions import ClientError

SMALL = {"InstanceId": "i-1", "InstanceType": "t3.small"}


class Denies:
    """Stands for EC2 and denies what it is asked, as an earlier policy of the deployer's does."""

    def __init__(self, code: str) -> None:
        self._problem = ClientError({"Error": {"Code": code, "Message": "no"}}, "x")

    def describe_instance_credit_specifications(self, **_: Any) -> None:
        raise self._problem

    def modify_instance_credit_specification(self, **_: Any) -> None:
        raise self._problem


def test_credits_that_may_not_be_seen_are_unknown() -> None:
    assert credits_of(Denies("UnauthorizedOperation"), [SMALL]) == {}
    with pytest.raises(ClientError):
        credits_of(Denies("RequestLimitExceeded"), [SMALL])


def test_credits_that_may_not_be_set_are_told_with_the_way_out() -> None:
    with pytest.raises(NotChanged, match="ec2:ModifyInstanceCreditSpecification"):
        set_credits(Denies("UnauthorizedOperation"), ["i-1"], "standard")
