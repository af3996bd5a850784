"""The module that makes a stack's queues: what it puts back, shows, and leaves alone."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.storage.queue_settings import ensure_absent, ensure_present, find

TAGS = {"jobfleet:stack": "x"}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["sqs:A", "sqs:B"], "Resource": "*"}
    ],
}
ATTRIBUTES = {"VisibilityTimeout": 60, "Policy": POLICY}


@pytest.fixture
def sqs(aws: Callable[[str], Any]) -> Any:
    """A client of the embedded AWS."""
    return aws("sqs")


@pytest.fixture
def wanted() -> dict[str, Any]:
    """The module's parameters for one queue of the test's own."""
    name = f"q{uuid.uuid4().hex}"
    return {"queues": [{"name": name, "attributes": ATTRIBUTES}], "tags": TAGS}


def attributes_of(sqs: Any, wanted: dict[str, Any]) -> tuple[str, dict[str, str]]:
    url = sqs.get_queue_url(QueueName=wanted["queues"][0]["name"])["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_a_queue_is_made_once_and_only_told_of_in_check_mode(sqs: Any, wanted: dict[str, Any]) -> None:
    name = wanted["queues"][0]["name"]

    told = ensure_present(sqs, wanted, dry=True)
    assert find(sqs, name) == ""
    made = ensure_present(sqs, wanted, dry=False)
    again = ensure_present(sqs, wanted, dry=False)

    assert told == made
    assert made["mended"] == {name: ["queue", "Policy", "SqsManagedSseEnabled", "VisibilityTimeout", "tags"]}
    assert again == {"changed": False, "mended": {}, "diff": {"before": {}, "after": {}}}
    url, found = attributes_of(sqs, wanted)
    assert (found["VisibilityTimeout"], found["SqsManagedSseEnabled"]) == ("60", "true")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == TAGS


def test_what_is_not_as_given_is_shown_and_put_back_and_the_rest_left_alone(
    sqs: Any, wanted: dict[str, Any]
) -> None:
    ensure_present(sqs, wanted, dry=False)
    name = wanted["queues"][0]["name"]
    url, _ = attributes_of(sqs, wanted)
    reordered = json.loads(json.dumps(POLICY))
    reordered["Statement"][0]["Action"].reverse()
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={"VisibilityTimeout": "7", "DelaySeconds": "3", "Policy": json.dumps(reordered)},
    )
    sqs.tag_queue(QueueUrl=url, Tags={"more": "1"})

    done = ensure_present(sqs, wanted, dry=False)

    assert done["diff"] == {
        "before": {name: {"VisibilityTimeout": "7", "tags": {**TAGS, "more": "1"}}},
        "after": {name: {"VisibilityTimeout": "60", "tags": TAGS}},
    }
    _, found = attributes_of(sqs, wanted)
    assert (found["VisibilityTimeout"], found["DelaySeconds"]) == ("60", "3")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == TAGS


def test_a_queue_with_a_kms_key_keeps_it(sqs: Any, wanted: dict[str, Any]) -> None:
    ensure_present(sqs, wanted, dry=False)
    url, _ = attributes_of(sqs, wanted)
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/mine", "SqsManagedSseEnabled": "false"}
    )

    assert ensure_present(sqs, wanted, dry=False)["changed"] is False
    assert attributes_of(sqs, wanted)[1]["KmsMasterKeyId"] == "alias/mine"


def test_it_is_removed_once(sqs: Any, wanted: dict[str, Any]) -> None:
    ensure_present(sqs, wanted, dry=False)
    name = wanted["queues"][0]["name"]
    listed = {"urls": [attributes_of(sqs, wanted)[0]]}

    told = ensure_absent(sqs, listed, dry=True)
    assert find(sqs, name)
    done = ensure_absent(sqs, listed, dry=False)

    assert told == done == {"changed": True, "diff": {"before": [name], "after": []}}
    assert find(sqs, name) == ""
    assert ensure_absent(sqs, listed, dry=False)["changed"] is False
