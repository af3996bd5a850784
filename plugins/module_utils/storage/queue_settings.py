"""A stack's queues: how they are, and what makes them as they should be."""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.process.patience import (
    LISTED_QUEUE,
    NEW_DEAD_LETTERS,
    NEW_QUEUE,
    NO_SUCH_QUEUE,
    QUEUE_NAME,
    patiently,
)
from ansible.module_utils.storage.policies import same_policy
from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

ENCRYPTED = "SqsManagedSseEnabled"
KMS_KEY = "KmsMasterKeyId"
POLICY = "Policy"
REDRIVE = "RedrivePolicy"
TAGS = "tags"


def value_of(name: str, value: Any) -> Any:
    """Return an attribute in the form in which two can be compared and shown."""
    if name not in (POLICY, REDRIVE):
        return str(value)
    found = json.loads(value) if isinstance(value, str) else value
    if name == REDRIVE:
        return {**found, "maxReceiveCount": int(found["maxReceiveCount"])}
    return found


def text_of(value: Any) -> str:
    """Return an attribute in the form in which SQS takes it."""
    return value if isinstance(value, str) else json.dumps(value)


def differs(name: str, found: Any, wanted: Any) -> bool:
    """Tell whether an attribute is another; the order in which a policy names things is none."""
    return not same_policy(found, wanted) if name == POLICY else bool(found != wanted)


def find(sqs: Any, name: str) -> str:
    """Return a queue's URL, empty if there is none of that name."""
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except is_boto3_error_code([*NO_SUCH_QUEUE]):
        return ""


class StackQueue:
    """One queue, as it is and as it should be."""

    def __init__(self, sqs: Any, name: str, attributes: dict[str, Any], tags: dict[str, Any]) -> None:
        self._sqs, self.name = sqs, name
        self._wanted = {key: value_of(key, value) for key, value in attributes.items()}
        self._wanted |= {ENCRYPTED: "true", TAGS: {key: str(value) for key, value in tags.items()}}
        self._url = find(sqs, name)
        self.found = self._read_if_there()
        self.existed = bool(self._url)
        self.wrong = self._wrong_in(self.found)

    def mend(self) -> None:
        """Make it what it should be."""
        found, wrong = self.found, self.wrong
        if not self._url:
            self._create()
            # What SQS gives a new one by itself; or another machine was quicker.
            found = patiently(self._read, NEW_QUEUE)
            wrong = self._wrong_in(found)
        attributes = {key: text_of(value) for key, value in wrong.items() if key != TAGS}
        if attributes:
            patiently(
                self._sqs.set_queue_attributes,
                NEW_QUEUE,
                NEW_DEAD_LETTERS,
                QueueUrl=self._url,
                Attributes=attributes,
            )
        if TAGS in wrong:
            self._tag(found[TAGS], wrong[TAGS])

    def _wrong_in(self, found: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(self._wanted)
        if found.get(KMS_KEY):
            del wanted[ENCRYPTED]
        return {key: value for key, value in wanted.items() if differs(key, found.get(key), value)}

    def _read_if_there(self) -> dict[str, Any]:
        if not self._url:
            return {}
        try:
            return self._read()
        except is_boto3_error_code([*NO_SUCH_QUEUE]):
            # SQS names a deleted queue for a while. To make one that is there changes nothing.
            self._url = ""
            return {}

    def _read(self) -> dict[str, Any]:
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])
        found = {key: value_of(key, value) for key, value in answer.get("Attributes", {}).items() if value}
        return {**found, TAGS: self._sqs.list_queue_tags(QueueUrl=self._url).get("Tags", {})}

    def _create(self) -> None:
        # With its tags at once: a teardown finds it by them, however this run ends.
        answer = patiently(self._sqs.create_queue, QUEUE_NAME, QueueName=self.name, tags=self._wanted[TAGS])
        self._url = str(answer["QueueUrl"])

    def _tag(self, found: dict[str, str], wanted: dict[str, str]) -> None:
        more = sorted(set(found) - set(wanted))
        if more:
            patiently(self._sqs.untag_queue, NEW_QUEUE, QueueUrl=self._url, TagKeys=more)
        if wanted:
            patiently(self._sqs.tag_queue, NEW_QUEUE, QueueUrl=self._url, Tags=wanted)


def ensure_present(sqs: Any, wanted: dict[str, Any], *, dry: bool) -> dict[str, Any]:
    """Make and mend the queues; return the task's result."""
    queues = [StackQueue(sqs, one["name"], one["attributes"], wanted["tags"]) for one in wanted["queues"]]
    wrong = [queue for queue in queues if queue.wrong]
    if not dry:
        for queue in wrong:
            queue.mend()
    return {
        "changed": bool(wrong),
        "mended": {
            queue.name: [*([] if queue.existed else ["queue"]), *sorted(queue.wrong)] for queue in wrong
        },
        "diff": {
            "before": {queue.name: {key: queue.found.get(key) for key in queue.wrong} for queue in wrong},
            "after": {queue.name: queue.wrong for queue in wrong},
        },
    }


def ensure_absent(sqs: Any, wanted: dict[str, Any], *, dry: bool) -> dict[str, Any]:
    """Remove the queues with all they hold; return the task's result.

    They are named by their URLs, as they were listed: a new one's name may not be known yet.
    """
    gone = [url for url in wanted["urls"] if dry or _delete(sqs, url)]
    names = [url.rpartition("/")[2] for url in gone]
    return {"changed": bool(gone), "diff": {"before": names, "after": []}}


def _delete(sqs: Any, url: str) -> bool:
    """Delete a queue; return whether it was there."""
    try:
        patiently(sqs.delete_queue, LISTED_QUEUE, QueueUrl=url)
    except is_boto3_error_code([*NO_SUCH_QUEUE]):
        return False
    return True
