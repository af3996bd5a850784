"""A stack's queues: how they are, and what makes them as they should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

NO_SUCH_QUEUE = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"]

# SQS gives the name of a deleted queue free after 60 seconds.
DELETED_RECENTLY = ["AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"]

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
    if name == POLICY and found is not None:
        return bool(compare_policies(found, wanted))
    return bool(found != wanted)


def find(sqs: Any, name: str) -> str:
    """Return a queue's URL, empty if there is none of that name."""
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except is_boto3_error_code(NO_SUCH_QUEUE):
        return ""


class Queue:
    """One queue, as it is and as it should be."""

    def __init__(self, sqs: Any, name: str, attributes: dict[str, Any], tags: dict[str, Any]) -> None:
        self._sqs, self.name = sqs, name
        self._wanted = {key: value_of(key, value) for key, value in attributes.items()}
        self._wanted |= {ENCRYPTED: "true", TAGS: {key: str(value) for key, value in tags.items()}}
        self._url = find(sqs, name)
        self.existed = bool(self._url)
        self.found = self._read()
        self.wrong = self._wrong_in(self.found)

    def mend(self) -> None:
        """Make it what it should be."""
        found, wrong = self.found, self.wrong
        if not self._url:
            self._create()
            # What SQS gives a new one by itself; or another machine was quicker.
            found = self._patiently(self._read)()
            wrong = self._wrong_in(found)
        attributes = {key: text_of(value) for key, value in wrong.items() if key != TAGS}
        if attributes:
            self._patiently(self._sqs.set_queue_attributes)(QueueUrl=self._url, Attributes=attributes)
        if TAGS in wrong:
            self._tag(found[TAGS], wrong[TAGS])

    def _wrong_in(self, found: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(self._wanted)
        if found.get(KMS_KEY):
            del wanted[ENCRYPTED]
        return {key: value for key, value in wanted.items() if differs(key, found.get(key), value)}

    @staticmethod
    def _patiently(call: Callable[..., Any]) -> Callable[..., Any]:
        """Repeat a call: a queue made just now may not be known to every machine of SQS yet."""
        repeated: Callable[..., Any] = AWSRetry.jittered_backoff(
            retries=8, max_delay=10, catch_extra_error_codes=NO_SUCH_QUEUE
        )(call)
        return repeated

    def _read(self) -> dict[str, Any]:
        if not self._url:
            return {}
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])
        found = {key: value_of(key, value) for key, value in answer.get("Attributes", {}).items() if value}
        return {**found, TAGS: self._sqs.list_queue_tags(QueueUrl=self._url).get("Tags", {})}

    def _create(self) -> None:
        patiently = AWSRetry.jittered_backoff(
            retries=12, delay=5, max_delay=10, catch_extra_error_codes=DELETED_RECENTLY
        )
        # With its tags at once: a teardown finds it by them, however this run ends.
        answer = patiently(self._sqs.create_queue)(QueueName=self.name, tags=self._wanted[TAGS])
        self._url = str(answer["QueueUrl"])

    def _tag(self, found: dict[str, str], wanted: dict[str, str]) -> None:
        more = sorted(set(found) - set(wanted))
        if more:
            self._sqs.untag_queue(QueueUrl=self._url, TagKeys=more)
        if wanted:
            self._sqs.tag_queue(QueueUrl=self._url, Tags=wanted)


def ensure_present(sqs: Any, wanted: dict[str, Any], *, dry: bool) -> dict[str, Any]:
    """Make and mend the queues; return the task's result."""
    queues = [Queue(sqs, one["name"], one["attributes"], wanted["tags"]) for one in wanted["queues"]]
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
    """Remove the queues with all they hold; return the task's result."""
    urls = {name: find(sqs, name) for name in wanted["names"]}
    there = {name: url for name, url in urls.items() if url}
    if not dry:
        for url in there.values():
            try:
                sqs.delete_queue(QueueUrl=url)
            except is_boto3_error_code(NO_SUCH_QUEUE):
                continue  # SQS names a deleted queue for a while
    return {"changed": bool(there), "diff": {"before": list(there), "after": []}}
