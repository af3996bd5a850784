"""Accounts that refuse Auto Scaling groups, once or for good, and the role that the service needs.

A Learner Lab refused CreateAutoScalingGroup once by an explicit deny and took it later, unchanged. So it is
tried again for a while. https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

SERVICE = "autoscaling.amazonaws.com"
STEP_SECONDS = 10

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html#API_CreateAutoScalingGroup_Errors
NO_ROLE = "ServiceLinkedRoleFailure"


class GroupsRefused(Exception):
    """The account takes no Auto Scaling group."""


def is_refusal(problem: ClientError) -> bool:
    """Tell whether an account refuses a call as such, and not for what was asked."""
    error = problem.response["Error"]
    return error["Code"] in {*DENIED, NO_ROLE} or "service-linked role" in error.get("Message", "").lower()


def unless_refused(
    call: Callable[[], Any], make_role: Callable[[], Any], seconds: int, say: Callable[[str], None]
) -> None:
    """Make a call, again and again for `seconds` while it is refused. Raises `GroupsRefused` after that.

    `make_role` makes the service's role; the first try of that may fail as well. `say` is told of a refusal
    that was over in the end.
    """
    waited = 0
    while True:
        try:
            call()
        except ClientError as problem:
            if not is_refusal(problem):
                raise
            words = str(problem)
        else:
            if waited:
                say(f"Auto Scaling groups were refused for {waited} s, and taken then.")
            return
        if waited >= seconds:
            raise GroupsRefused(words)
        # It may be there already, or may not be made by this caller: the next try tells.
        with suppress(BotoCoreError, ClientError):
            make_role()
        time.sleep(STEP_SECONDS)
        waited += STEP_SECONDS


def make_service_role(iam: Any) -> None:
    """Make the role under which EC2 Auto Scaling launches instances. Raises botocore's errors."""
    iam.create_service_linked_role(AWSServiceName=SERVICE)
