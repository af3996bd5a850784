"""Statements of policies, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
Policed = Callable[..., Callable[[str], Any]]


def allow(*actions: str, on: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**statement, "Condition": condition} if condition else statement


def refusal(call: Callable[..., Any], **asked: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]
