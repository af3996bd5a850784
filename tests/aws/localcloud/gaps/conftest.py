"""What tests of the double's corrections share."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def sqs(aws: Callable[[str], Any]) -> Any:
    return aws("sqs")


@pytest.fixture
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex}")["QueueUrl"])
