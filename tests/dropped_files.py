"""The drop folder of a stack of `tests/aws/conftest.py`: what lies there, and what became of it."""

import json
from typing import Any

import pytest

from tests.pictures import noise, saved


@pytest.fixture
def open_stack(stack: Any) -> Any:
    """A stack whose bucket tells the request queue of what is dropped."""
    return stack.open_drop_folder()


def photo(seed: int = 0) -> bytes:
    return saved(noise(6, 8, 3) + seed)


def answers(stack: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while got := stack.sqs.receive_message(QueueUrl=stack.responses, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(one["Body"]) for one in got]
    return found


def tags(stack: Any, key: str) -> dict[str, str]:
    found = stack.s3.get_object_tagging(Bucket=stack.bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def keys(stack: Any, prefix: str) -> list[str]:
    listed = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", ())]


def outcomes(stack: Any) -> list[str]:
    """What the log says of every message, with the code where there is one."""
    lines = [line for line in stack.logged() if line["event"] == "job"]
    return sorted(":".join(filter(None, (line["outcome"], line.get("code")))) for line in lines)


def events(stack: Any) -> list[str]:
    """Take the events off the request queue, as they came."""
    found: list[str] = []
    while got := stack.sqs.receive_message(QueueUrl=stack.requests, MaxNumberOfMessages=10).get("Messages"):
        for one in got:
            found.append(one["Body"])
            stack.sqs.delete_message(QueueUrl=stack.requests, ReceiptHandle=one["ReceiptHandle"])
    return found


def sequenced(event: str, sequencer: str) -> str:
    """Return an event with another sequencer."""
    found = json.loads(event)
    found["Records"][0]["s3"]["object"]["sequencer"] = sequencer
    return json.dumps(found)
