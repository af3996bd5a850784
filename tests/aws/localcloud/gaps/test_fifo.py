"""FIFO queues of the embedded AWS: what is sent twice comes once, also if it was deleted in between."""

import uuid
from typing import Any

import pytest


@pytest.fixture
def fifo(sqs: Any) -> str:
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return str(sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex}.fifo", Attributes=attributes)["QueueUrl"])


def receive(sqs: Any, queue: str) -> list[dict[str, Any]]:
    return list(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ()))


def test_what_is_sent_twice_comes_once(sqs: Any, fifo: str) -> None:
    for _ in range(2):
        sqs.send_message(QueueUrl=fifo, MessageBody="one", MessageGroupId="a")
    [message] = receive(sqs, fifo)
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=message["ReceiptHandle"])
    sqs.send_message(QueueUrl=fifo, MessageBody="one", MessageGroupId="a")
    assert receive(sqs, fifo) == []


def test_a_group_goes_to_one_receive_at_a_time_also_after_a_purge(sqs: Any, fifo: str) -> None:
    sqs.purge_queue(QueueUrl=fifo)
    for number in range(12):
        sqs.send_message(QueueUrl=fifo, MessageBody=f"{number}", MessageGroupId="a")
    assert [one["Body"] for one in receive(sqs, fifo)] == [f"{number}" for number in range(10)]
    assert receive(sqs, fifo) == []
